"""A Converse reply as a unified reply."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.bedrock.reply import is_answer, parse_reply

USAGE = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}


def wire(*blocks: Json, stop: str = "end_turn", **members: Any) -> Json:
    return {
        "output": {"message": {"role": "assistant", "content": [*blocks]}},
        "stopReason": stop,
        "usage": USAGE,
        **members,
    }


def parse(*blocks: Json, **members: Any) -> Json:
    return parse_reply(wire(*blocks, **members))


def test_a_whole_reply() -> None:
    assert parse({"text": "a"}, {"text": "b"}, metrics={"latencyMs": 5}, serviceTier={"type": "flex"}) == {
        "id": "",
        "object": "chat.completion",
        "created": 0,
        "model": "",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "ab", "refusal": None},
                "finish_reason": "stop",
                "native_finish_reason": "end_turn",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "service_tier": "flex"},
        "metrics": {"latencyMs": 5},
        "service_tier": "flex",
    }


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_tool_use", "malformed_tool_use"),
    ],
)
def test_how_it_ended(stop: str, finish: str) -> None:
    [choice] = parse({"text": "a"}, stop=stop)["choices"]
    assert (choice["finish_reason"], choice["native_finish_reason"]) == (finish, stop)


def test_a_call_is_a_call_whatever_the_reason() -> None:
    use = {"toolUse": {"toolUseId": "t", "name": "f", "input": {}, "type": "tool_use"}}
    [choice] = parse(use, stop="end_turn")["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"] == [
        {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    ]


def test_the_tool_that_stands_for_a_schema_is_the_answer() -> None:
    use = {"toolUse": {"toolUseId": "t", "name": "outrider_json_answer", "input": {"a": 1}}}
    [choice] = parse(use, stop="tool_use")["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ('{"a":1}', "stop")


def test_thoughts_images_and_blocks_of_bedrocks_own() -> None:
    served = {"toolUse": {"toolUseId": "s", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}}
    far = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a/b"}}}}
    message = parse(
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
        {"text": "so"},
        served,
        {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
        far,
        {"novelty": 1},
    )["choices"][0]["message"]
    assert message["reasoning_content"] == "hm"
    assert message["thinking_blocks"] == [{"type": "thinking", "thinking": "hm", "signature": "s"}]
    assert message["images"] == [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    assert [entry["block"] for entry in message["provider_blocks"]] == [served, far, {"novelty": 1}]
    assert {(entry["at"], entry["dialect"]) for entry in message["provider_blocks"]} == {(2, "bedrock")}


@pytest.mark.parametrize(
    "reply",
    [
        [],
        {},
        {"output": None, "stopReason": "end_turn"},
        {"output": {}},
        {"output": {"message": {"content": "x"}}},
        wire("x"),  # type: ignore[arg-type]
        wire({"text": 5}),
        wire({"toolUse": {"toolUseId": "t", "name": "f"}}),
        wire({"toolUse": {"toolUseId": "t", "input": {}}}),
        wire({"citationsContent": {"citations": ["x"]}}),
    ],
)
def test_a_broken_reply_is_the_providers_fault(reply: Any) -> None:
    with pytest.raises(Failure) as caught:
        parse_reply(reply)
    assert caught.value.kind == "provider_error"


def test_an_error_inside_a_200_is_told_in_its_words() -> None:
    with pytest.raises(Failure, match="no such operation"):
        parse_reply({"message": "no such operation"})


def test_what_is_an_answer_beyond_doubt() -> None:
    assert is_answer(wire({"text": "a"}))
    assert not is_answer({"message": "too many requests"})
    assert not is_answer({**wire({"text": "a"}), "output": None})
    assert not is_answer({**wire({"text": "a"}), "stopReason": None})
