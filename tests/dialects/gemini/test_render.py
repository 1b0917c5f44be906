"""Replies of others as Google's SDK reads them."""

from typing import Any

import pytest
from google.genai import types

from proxy.call import Failure, Json
from proxy.dialects.gemini.parse import parse_request
from proxy.dialects.gemini.render import render_reply
from proxy.dialects.ids import pack_signature, signed

BLOCK = {"type": "thinking", "thinking": "hm", "signature": "s+/="}


def reply(message: Json, finish: str = "stop", **members: Any) -> Json:
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": finish}
    return {"id": "r", "model": "m", "choices": [choice], **members}


def parts_of(message: Json) -> Any:
    return render_reply(reply(message), {})["candidates"][0]["content"]["parts"]


def test_the_sdk_reads_it() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 3,
        "total_tokens": 8,
        "prompt_tokens_details": {"cached_tokens": 2},
    }
    wire = render_reply(reply({"content": "hi", "tool_calls": [call]}, "tool_calls", usage=usage), {"model": "asked"})
    response = types.GenerateContentResponse.model_validate(wire)
    assert response.candidates
    assert response.candidates[0].finish_reason == types.FinishReason.STOP
    assert response.function_calls
    assert (response.function_calls[0].id, response.function_calls[0].args) == ("c", {"a": 1})
    assert response.usage_metadata
    assert response.usage_metadata.cached_content_token_count == 2
    assert (response.response_id, response.model_version) == ("r", "m")


def test_thoughts_of_another_provider_come_back_with_the_next_turn() -> None:
    wire = render_reply(reply({"content": "hi", "reasoning_content": "hm", "thinking_blocks": [BLOCK]}), {})
    response = types.GenerateContentResponse.model_validate(wire)
    assert response.text == "hi"
    assert response.candidates
    content = response.candidates[0].content
    assert content
    sent_back = content.model_dump(mode="json", by_alias=True, exclude_none=True)
    [_, message] = parse_request({"contents": [{"parts": [{"text": "a"}]}, sent_back]})["messages"]
    assert message["thinking_blocks"] == [BLOCK]


def test_a_signature_in_an_id_stands_in_the_open() -> None:
    call = {"id": pack_signature("c", "c2ln"), "type": "function", "function": {"name": "f", "arguments": ""}}
    assert parts_of({"tool_calls": [call]}) == [
        {"functionCall": {"name": "f", "args": {}, "id": "c"}, "thoughtSignature": "c2ln"}
    ]
    assert parts_of({"content": "a", **signed("c2ln")}) == [{"text": "a", "thoughtSignature": "c2ln"}]


def test_refusals_pages_and_prompts() -> None:
    assert parts_of({"refusal": "no"}) == [{"text": "no"}]
    page = {"type": "url_citation", "url_citation": {"url": "https://a", "start_index": 0, "end_index": 2}}
    [candidate] = render_reply(reply({"content": "hi", "annotations": [page]}), {})["candidates"]
    assert candidate["groundingMetadata"]["groundingSupports"][0]["segment"]["text"] == "hi"
    blocked = render_reply(reply({"refusal": "no"}, promptFeedback={"blockReason": "SAFETY"}), {})
    assert blocked == {"modelVersion": "m", "responseId": "r", "promptFeedback": {"blockReason": "SAFETY"}}
    rated = render_reply(reply({"content": "hi"}, promptFeedback={"safetyRatings": []}), {})
    assert rated["candidates"][0]["content"]["parts"] == [{"text": "hi"}]


def call(arguments: Any) -> Json:
    return {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        ([call('{"a":1}'), call('{"a"')], [{"a": 1}]),
        ([call(""), call('{"a":1}'), call("")], [{}, {"a": 1}]),
        ([call("{}"), call({})], [{}, {}]),
        ([call('{"a":')], []),
    ],
)
def test_a_call_that_the_limit_has_cut_is_left_out(calls: list[Json], said: list[Json]) -> None:
    [candidate] = render_reply(reply({"content": "hi", "tool_calls": calls}, "length"), {})["candidates"]
    assert candidate["finishReason"] == "MAX_TOKENS"
    words, *parts = candidate["content"]["parts"]
    assert words == {"text": "hi"}
    assert [part["functionCall"]["args"] for part in parts] == said


@pytest.mark.parametrize(
    "unified",
    [
        {},
        {"choices": []},
        {"choices": [{}]},
        reply({"content": 3}),
        reply({"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "["}}]}),
        reply({"images": [{"image_url": {"url": "https://a"}}]}),
    ],
)
def test_what_cannot_be_said(unified: Json) -> None:
    with pytest.raises(Failure):
        render_reply(unified, {})
