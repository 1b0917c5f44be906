"""A unified reply as a Converse reply, and what botocore makes of it."""

from typing import Any

import orjson
import pytest
from botocore.loaders import Loader  # type: ignore[import-untyped]
from botocore.model import ServiceModel  # type: ignore[import-untyped]
from botocore.parsers import create_parser  # type: ignore[import-untyped]

from proxy.call import Failure, Json
from proxy.dialects.bedrock.render_reply import render_reply
from proxy.dialects.bedrock.reply import parse_reply

CALL = {"id": "t", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}


def unified(message: Json, **choice: Any) -> Json:
    ended = {"finish_reason": "stop", **choice}
    return {"choices": [{"message": message, **ended}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}


def content(**message: Any) -> Any:
    return render_reply(unified(message), {})["output"]["message"]["content"]


def test_botocore_reads_every_block() -> None:
    message = {
        "content": "see it",
        "thinking_blocks": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "redacted_thinking", "data": "AAAA"},
        ],
        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}],
        "annotations": [
            {
                "type": "url_citation",
                "url_citation": {"url": "https://a", "title": "A", "start_index": 0, "end_index": 3},
            }
        ],
        "tool_calls": [CALL],
    }
    wire = render_reply(unified(message, finish_reason="tool_calls"), {})
    shape = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2")).operation_model("Converse")
    response = {"status_code": 200, "headers": {}, "body": orjson.dumps(wire)}
    parsed = create_parser("rest-json").parse(response, shape.output_shape)
    assert parsed["output"]["message"] == {
        "role": "assistant",
        "content": [
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
            {"reasoningContent": {"redactedContent": b"\0\0\0"}},
            {
                "citationsContent": {
                    "content": [{"text": "see"}],
                    "citations": [{"title": "A", "location": {"web": {"url": "https://a"}}}],
                }
            },
            {"text": " it"},
            {"image": {"format": "png", "source": {"bytes": b"\0\0\0"}}},
            {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}},
        ],
    }
    assert parsed["stopReason"] == "tool_use"
    assert parsed["usage"]["totalTokens"] == 5
    assert parsed["metrics"] == {"latencyMs": 0}


def test_thoughts_that_nobody_signed_are_shown_and_a_refusal_is_text() -> None:
    assert content(reasoning_content="hm", refusal="no") == [
        {"reasoningContent": {"reasoningText": {"text": "hm"}}},
        {"text": "no"},
    ]


def test_images_that_have_no_form_are_left_out() -> None:
    images = ["x", {"image_url": {"url": "https://a"}}, {"image_url": {"url": "data:image/avif;base64,AAAA"}}]
    assert content(images=images, content="a") == [{"text": "a"}]


@pytest.mark.parametrize(
    ("choice", "stop"),
    [
        ({"finish_reason": "stop"}, "end_turn"),
        ({"finish_reason": "stop", "stop_sequence": "x"}, "stop_sequence"),
        ({"finish_reason": "length"}, "max_tokens"),
        ({"finish_reason": "content_filter"}, "content_filtered"),
        ({"finish_reason": "content_filter", "native_finish_reason": "guardrail_intervened"}, "guardrail_intervened"),
        ({"finish_reason": "stop", "native_finish_reason": "tool_use"}, "end_turn"),
        ({"finish_reason": "pause_turn"}, "pause_turn"),
        ({"finish_reason": None}, "end_turn"),
    ],
)
def test_how_it_ended(choice: Json, stop: str) -> None:
    assert render_reply(unified({"content": "a"}, **choice), {})["stopReason"] == stop


def test_a_stop_with_calls_is_tool_use() -> None:
    assert render_reply(unified({"tool_calls": [CALL]}), {})["stopReason"] == "tool_use"


def test_what_bedrock_said_besides_goes_back() -> None:
    wire = {
        "output": {"message": {"role": "assistant", "content": [{"text": "a"}]}},
        "stopReason": "end_turn",
        "trace": {"guardrail": {"actionReason": "x"}},
        "additionalModelResponseFields": {"stop_sequence": "x"},
        "serviceTier": {"type": "flex"},
        "performanceConfig": {"latency": "standard"},
        "metrics": {"latencyMs": 7},
    }
    back = render_reply(parse_reply(wire), {})
    assert {name: back[name] for name in wire} == wire


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"choices": []},
        {"choices": ["x"]},
        {"choices": [{}]},
        unified({"content": ["x"]}),
        unified({"tool_calls": [{**CALL, "function": {"name": "f", "arguments": "{"}}]}),
        unified({"tool_calls": [{"function": CALL["function"]}]}),
    ],
)
def test_a_broken_reply_is_the_providers_fault(reply: Json) -> None:
    with pytest.raises(Failure) as caught:
        render_reply(reply, {})
    assert caught.value.kind == "provider_error"


@pytest.mark.parametrize("arguments", ["", '{"city":"Par', "[", "5"])
def test_a_call_that_the_limit_cut_is_left_out(arguments: str) -> None:
    cut = {"id": "u", "type": "function", "function": {"name": "g", "arguments": arguments}}
    wire = render_reply(unified({"tool_calls": [CALL, cut]}, finish_reason="length"), {})
    [block] = wire["output"]["message"]["content"]
    assert (block["toolUse"]["toolUseId"], wire["stopReason"]) == ("t", "max_tokens")
