"""A unified reply as a response, whoever gave it."""

from typing import Any

import pytest
from openai.types.responses import Response

from proxy.call import Failure, Json
from proxy.dialects.responses.parse import parse_request
from proxy.dialects.responses.render_reply import items_of, output_of, render_reply
from proxy.dialects.responses.reply import parse_reply

SIGNED: Json = {"type": "thinking", "thinking": "hm", "signature": "sig=="}
REDACTED: Json = {"type": "redacted_thinking", "data": "d"}


def render(finish: str = "stop", logprobs: Any = None, **message: Any) -> Json:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": None, **message},
        "finish_reason": finish,
        "logprobs": logprobs,
    }
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    unified = {"id": "msg_01", "created": 7, "model": "claude", "choices": [choice], "usage": usage}
    wire = render_reply(unified, parse_request({"model": "m", "input": "hi"}))
    Response.model_validate(wire)
    return wire


def test_text_is_a_message() -> None:
    wire = render(content="so")
    assert (wire["id"], wire["model"], wire["created_at"], wire["status"]) == ("msg_01", "claude", 7, "completed")
    assert [item["type"] for item in wire["output"]] == ["message"]
    assert wire["output"][0]["content"] == [{"type": "output_text", "annotations": [], "logprobs": [], "text": "so"}]
    assert wire["usage"]["total_tokens"] == 7


def test_signed_thoughts_survive_the_way_to_the_app_and_back() -> None:
    wire = render(content="so", thinking_blocks=[SIGNED, REDACTED], reasoning_content="hm")
    assert [item["type"] for item in wire["output"]] == ["reasoning", "reasoning", "message"]
    request = parse_request({"input": [{"role": "user", "content": "hi"}, *wire["output"]]})
    assert request["messages"][1]["thinking_blocks"] == [SIGNED, REDACTED]
    assert request["messages"][1]["content"] == "so"


def test_unsigned_thoughts_are_a_summary() -> None:
    wire = render(content="so", reasoning_content="hm")
    assert wire["output"][0]["summary"] == [{"type": "summary_text", "text": "hm"}]
    assert "encrypted_content" not in wire["output"][0]


def test_calls_images_and_refusals_each_have_an_item_or_a_part() -> None:
    calls = [{"id": f"c{at}", "type": "function", "function": {"name": "f", "arguments": str(at)}} for at in range(2)]
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    wire = render("tool_calls", content="so", refusal="no", tool_calls=calls, images=[image])
    assert [item["type"] for item in wire["output"]] == [
        "image_generation_call",
        "message",
        "function_call",
        "function_call",
    ]
    assert [part["type"] for part in wire["output"][1]["content"]] == ["output_text", "refusal"]
    assert [item["arguments"] for item in wire["output"][2:]] == ["0", "1"]
    assert len({item["id"] for item in wire["output"]}) == 4


def test_own_items_keep_their_place_and_others_have_none() -> None:
    search = {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "q"},
    }
    own = {"at": 0, "after": 1, "block": search, "dialect": "responses"}
    foreign = {"at": 0, "block": {"type": "server_tool_use"}}
    wire = render(content="so", thinking_blocks=[SIGNED, SIGNED], provider_blocks=[own, foreign])
    assert [item["type"] for item in wire["output"]] == ["reasoning", "web_search_call", "reasoning", "message"]


def test_probabilities_stand_with_their_text() -> None:
    entry = {"token": "so", "logprob": -0.1, "bytes": [], "top_logprobs": []}
    assert render(content="so", logprobs={"content": [entry]})["output"][0]["content"][0]["logprobs"] == [entry]


def test_a_cut_answer_is_incomplete() -> None:
    wire = render("length", content="so")
    assert (wire["status"], wire["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert wire["output"][0]["status"] == "incomplete"
    assert parse_reply(wire)["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"content": None, "refusal": None, "annotations": []},
        {"role": "assistant", "content": "so", "refusal": "no", "annotations": None},
        {"content": "", "refusal": "no"},
        {"content": "so", "annotations": [{"type": "url_citation", "url_citation": {"url": "u", "start_index": 1}}]},
        {"content": "so", "tool_calls": [], "images": None, "reasoning_content": ""},
    ],
)
@pytest.mark.parametrize("logprobs", [None, {}, {"content": [{"token": "so"}]}])
def test_mere_words_are_said_like_any_other_message(message: Json, logprobs: Json | None) -> None:
    choice = {"message": message, "logprobs": logprobs}
    assert output_of(message, choice, "r", "completed") == items_of(message, choice, "r", "completed")


@pytest.mark.parametrize(
    "unified", [{}, {"choices": []}, {"choices": [{}]}, {"choices": [{"message": {"content": 3}}]}]
)
def test_what_is_no_reply_is_a_failure(unified: Json) -> None:
    with pytest.raises(Failure):
        render_reply(unified, {"messages": []})


def test_a_call_that_lost_its_end_to_the_limit_is_incomplete() -> None:
    calls = [
        {"id": f"c{index}", "type": "function", "function": {"name": "f", "arguments": said}}
        for index, said in enumerate(["{}", '{"x":'])
    ]
    wire = render("length", tool_calls=calls)
    assert [item["status"] for item in wire["output"]] == ["completed", "incomplete"]
    assert [item["status"] for item in render("tool_calls", tool_calls=calls[:1])["output"]] == ["completed"]
