"""Responses and items of our own making: what the SDKs rely on is there, and secrets are not."""

import pytest
from openai.types.responses import Response

from proxy.call import Json, Usage
from proxy.dialects.responses.output import (
    BEGUN,
    PLAIN,
    call_item,
    echo,
    echo_rendered,
    finished,
    image_item,
    item_id,
    message_item,
    reason_of,
    response_of,
    text_part,
)
from proxy.dialects.responses.parse import parse_request

CALL: Json = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_ids_depend_on_the_response_and_the_place_alone() -> None:
    assert item_id("msg", "resp_1", 0) == item_id("msg", "resp_1", 0)
    assert item_id("msg", "resp_1", 0).startswith("msg_")
    assert len({item_id("msg", called, place) for called in "ab" for place in range(9)}) == 18


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"messages": [{"role": "user", "content": "hi"}], "model": "m", "stream": True, "include": None},
        {"system": "be brief", "max_completion_tokens": 9, "temperature": 0.5, "top_p": 1, "user": "u"},
        {"metadata": {"a": "b"}, "temperature": None, "system": None, "stream_options": {"include_usage": True}},
        {"max_completion_tokens": 9, "max_tokens": 8},
        {"max_tokens": 8, "max_completion_tokens": 9},
        {"max_tokens": 8, "max_completion_tokens": None},
        {"max_tokens": None, "store": True, "include": ["a"], "parallel_tool_calls": False, "top_logprobs": 0},
        {"max_tool_calls": 3, "truncation": "auto", "service_tier": "flex", "safety_identifier": "s"},
        {"metadata": {}, "prompt_cache_key": "k", "system": "", "stream": None},
    ],
)
def test_a_plain_request_is_echoed_like_any_other(request_: Json) -> None:
    assert PLAIN.issuperset(request_)
    assert echo(request_) == echo_rendered(request_)
    assert response_of("r", "m", 7, echo(request_)).keys() == BEGUN.keys()


def test_a_response_echoes_its_request() -> None:
    wire: Json = {
        "input": "hi",
        "instructions": "be brief",
        "max_output_tokens": 9,
        "metadata": {"a": "b"},
        "temperature": 0.5,
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_object"}, "verbosity": "low"},
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}],
        "tool_choice": {"type": "function", "name": "f"},
    }
    echoed = echo(parse_request(wire))
    assert {name: echoed[name] for name in wire if name != "input"} == {
        name: wire[name] for name in wire if name != "input"
    }
    assert "truncation" not in echoed
    assert response_of("r", "m", 7, echoed)["truncation"] == "disabled"
    assert list(response_of("r", "m", 7, echoed)) == list(BEGUN)


def test_what_a_tool_server_is_told_is_not_echoed() -> None:
    tool = {"type": "mcp", "server_label": "s", "authorization": "key-of-the-app", "headers": {"x": "y"}}
    assert echo(parse_request({"input": "hi", "tools": [tool]}))["tools"] == [{"type": "mcp", "server_label": "s"}]


def test_the_whole_response_is_one_to_the_sdk() -> None:
    begun = response_of("resp_1", "m", 7, echo({"messages": []}))
    item = message_item("msg_1", [text_part("so", [], [])], "completed", {})
    whole = finished(begun, None, [item], Usage(input=1, output=2))
    response = Response.model_validate(whole)
    assert (response.output_text, response.status, response.id) == ("so", "completed", "resp_1")
    assert begun["status"] == "in_progress"
    assert whole["store"] is False


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        *(("stop", None), ("tool_calls", None), (None, None), ("length", "max_output_tokens")),
        *(("content_filter", "content_filter"), ("pause_turn", "pause_turn")),
    ],
)
def test_why_a_response_is_incomplete(finish: str | None, reason: str | None) -> None:
    assert reason_of({"finish_reason": finish}) == reason
    whole = finished(response_of("r", "m", 0, {}), reason, [], None)
    assert (whole["status"] == "incomplete") is (reason is not None)


def test_a_call_keeps_the_id_of_its_item() -> None:
    item = call_item("fc_new", {**CALL, "responses": {"id": "fc_old", "namespace": "n"}}, "completed")
    assert (item["id"], item["namespace"], item["call_id"], item["arguments"]) == ("fc_old", "n", "c1", "{}")
    assert call_item("fc_new", CALL, "in_progress", "")["arguments"] == ""


def test_an_output_image_is_an_item_if_it_is_at_hand() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/webp;base64,AAAA"}}
    item = image_item("ig_1", image)
    assert item is not None
    assert (item["type"], item["result"], item["output_format"]) == ("image_generation_call", "AAAA", "webp")
    assert image_item("ig_1", {"image_url": {"url": "https://x/a.png"}}) is None
