"""A response as a unified reply."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.responses.reply import finish_of, parse_call, parse_reply


def response(*output: Json, **said: Any) -> Json:
    return {"id": "resp_1", "created_at": 5.0, "model": "gpt-5", "status": "completed", "output": list(output), **said}


def words(*parts: Json, **said: Any) -> Json:
    return {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": list(parts),
        **said,
    }


def text(words: str, **said: Any) -> Json:
    return {"type": "output_text", "text": words, "annotations": [], **said}


def message_of(*output: Json) -> Json:
    message: Json = parse_reply(response(*output))["choices"][0]["message"]
    return message


def test_a_reply_has_the_heads_of_the_response() -> None:
    reply = parse_reply(response(words(text("so")), service_tier="flex"))
    assert reply == {
        "id": "resp_1",
        "object": "chat.completion",
        "created": 5,
        "model": "gpt-5",
        "service_tier": "flex",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "so", "refusal": None, "responses": {"id": "msg_1"}},
                "finish_reason": "stop",
                "native_finish_reason": "completed",
            }
        ],
    }


def test_parts_are_joined_and_their_citations_counted_in_the_whole() -> None:
    page = {"type": "url_citation", "start_index": 0, "end_index": 1, "url": "u", "title": "t"}
    message = message_of(words(text("abc")), words(text("d", annotations=[page])))
    assert message["content"] == "abcd"
    assert message["annotations"][0]["url_citation"] == {"start_index": 3, "end_index": 4, "url": "u", "title": "t"}


def test_parallel_calls_keep_their_order_and_their_ids() -> None:
    calls = [
        {
            "type": "function_call",
            "id": f"fc_{at}",
            "call_id": f"c{at}",
            "name": "f",
            "arguments": f"[{at}]",
            "status": "completed",
        }
        for at in range(3)
    ]
    reply = parse_reply(response(*calls))
    assert reply["choices"][0]["finish_reason"] == "tool_calls"
    found = reply["choices"][0]["message"]["tool_calls"]
    assert [call["id"] for call in found] == ["c0", "c1", "c2"]
    assert [call["function"]["arguments"] for call in found] == ["[0]", "[1]", "[2]"]
    assert [call["responses"]["id"] for call in found] == ["fc_0", "fc_1", "fc_2"]


def test_reasoning_own_items_and_images_stand_beside_the_content() -> None:
    reasoning = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "hm"}],
        "encrypted_content": "g",
    }
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    image = {"type": "image_generation_call", "id": "ig_1", "result": "AAAA"}
    message = message_of(reasoning, search, {**reasoning, "id": "rs_2"}, image, words(text("so")))
    assert message["thinking_blocks"] == [reasoning, {**reasoning, "id": "rs_2"}]
    assert message["reasoning_content"] == "hm\n\nhm"
    assert message["provider_blocks"] == [{"at": 0, "after": 1, "block": search, "dialect": "responses"}]
    assert message["images"][0]["image_url"]["url"] == "data:image/png;base64,AAAA"


def test_probabilities_are_the_choices() -> None:
    entry = {"token": "so", "logprob": -0.1, "bytes": [], "top_logprobs": []}
    choice = parse_reply(response(words(text("so", logprobs=[entry]))))["choices"][0]
    assert choice["logprobs"] == {"content": [entry], "refusal": None}


def test_a_refusal_is_said_as_one() -> None:
    message = message_of(words({"type": "refusal", "refusal": "no"}))
    assert (message["content"], message["refusal"]) == (None, "no")


@pytest.mark.parametrize(
    ("said", "finish", "native"),
    [
        ({"status": "completed"}, "stop", "completed"),
        ({}, "stop", None),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "length",
            "max_output_tokens",
        ),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "content_filter",
            "content_filter",
        ),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, "steered", "steered"),
        ({"status": "incomplete"}, "incomplete", "incomplete"),
    ],
)
def test_how_it_ended(said: Json, finish: str, native: str | None) -> None:
    assert finish_of(said, called=False) == {"finish_reason": finish, "native_finish_reason": native}


def test_a_failed_response_is_a_failure() -> None:
    with pytest.raises(Failure) as caught:
        parse_reply(response(status="failed", error={"code": "rate_limit_exceeded", "message": "slow down"}))
    assert (caught.value.kind, caught.value.detail) == ("provider_rate_limited", "slow down")


@pytest.mark.parametrize(
    "wire",
    [
        [],
        {},
        response(status="in_progress"),
        response(status="cancelled"),
        {**response(), "id": None},
        {**response(), "output": {}},
        response({"no": "type"}),
        response({"type": "message", "content": [{"type": "output_text"}]}),
        response({"type": "function_call", "name": "f"}),
    ],
)
def test_what_is_no_finished_response_breaks_the_protocol(wire: Any) -> None:
    with pytest.raises(Failure) as caught:
        parse_reply(wire)
    assert caught.value.kind == "provider_error"


def test_a_call_without_arguments_has_none() -> None:
    call = parse_call({"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": ""})
    assert call == {"id": "c", "type": "custom", "custom": {"name": "sql", "input": ""}}
