"""The streamed reply, whole and broken."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest
from openai.types.chat import ChatCompletionChunk

from proxy.upstream.mock import MockSettings
from tests.upstream.mock.playing import CLOCK, WEATHER, Answer, answer_to, chat, delta, script_of, sent


def stream(model: str = "mock", text: str = "hello", **fields: Any) -> dict[str, Any]:
    return chat(text, model, stream=True, **fields)


def test_every_chunk_is_one_of_openai() -> None:
    answer = answer_to(stream())
    chunks = [ChatCompletionChunk.model_validate(chunk, strict=True) for chunk in answer.chunks]
    assert answer.complete
    assert answer.data[-1] == b"[DONE]"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1
    assert answer.finish_reasons == ["stop"]
    assert answer.text == answer_to(chat()).json["choices"][0]["message"]["content"]
    assert not any("usage" in chunk for chunk in answer.chunks)


def test_usage_comes_last_and_is_null_before() -> None:
    answer = answer_to(stream(stream_options={"include_usage": True}))
    *before, last = answer.chunks
    assert last["choices"] == []
    assert last["usage"] == answer_to(chat()).json["usage"]
    assert {chunk["usage"] for chunk in before} == {None}


def test_choices_take_turns() -> None:
    answer = answer_to(stream(n=2))
    indexes = [chunk["choices"][0]["index"] for chunk in answer.chunks]
    assert indexes[:6] == [0, 1, 0, 1, 0, 1]
    assert answer.finish_reasons == ["stop", "stop"]


@pytest.mark.parametrize(("model", "in_order"), [("mock-tools", True), ("mock-tools-interleaved", False)])
def test_tool_calls_are_whole(model: str, in_order: bool) -> None:
    answer = answer_to(stream(model, tools=[WEATHER, CLOCK]))
    entries = [entry for chunk in answer.chunks for entry in delta(chunk).get("tool_calls", [])]
    indexes = [entry["index"] for entry in entries]
    assert (indexes == sorted(indexes)) is in_order
    assert [entry["index"] for entry in entries if "id" in entry] == [0, 1]
    arguments = {0: "", 1: ""}
    for entry in entries:
        arguments[entry["index"]] += entry["function"]["arguments"]
    assert {index: orjson.loads(text) for index, text in arguments.items()} == {0: {"city": "", "days": 1}, 1: {}}
    assert len({entry["id"] for entry in entries if "id" in entry}) == 2
    assert answer.finish_reasons == ["tool_calls"]


def test_reasoning_comes_first() -> None:
    kinds = [next(iter(delta(chunk)), "") for chunk in answer_to(stream("mock-reasoning")).chunks]
    assert list(dict.fromkeys(kinds)) == ["role", "reasoning_content", "content", ""]


def test_each_event_is_a_step_of_its_own() -> None:
    steps = list(script_of(stream()).steps)
    assert Counter(step.data.count(b"data: ") for step in steps) == {0: 2, 1: len(steps) - 2}


def test_pauses_stand_before_the_first_token_and_between_tokens() -> None:
    steps = list(script_of(stream("mock-tokens-4"), MockSettings((0.5, 0.5), (0.01, 0.01))).steps)
    assert [step.pause for step in steps] == [0.5, 0, 0, 0.01, 0.01, 0.01, 0, 0, 0]


def test_a_stream_is_cut_inside_a_chunk_between_events() -> None:
    request = stream("mock-cut-3")
    answer = answer_to(request)
    assert (answer.content_events, answer.complete, answer.body[-2:]) == (3, False, b"\n\n")
    assert sent(script_of(request)).endswith(b"\n\n\r\n10f\r\n")
    assert script_of(request).end == "close"


def test_a_stream_is_cut_inside_an_event() -> None:
    answer = answer_to(stream("mock-cut-event-3"))
    assert (answer.content_events, answer.complete) == (3, False)
    assert b"data: {" in answer.body.rpartition(b"\n\n")[2]
    assert script_of(stream("mock-cut-event-3")).end == "close"


def test_truncation_lacks_only_the_last_chunk() -> None:
    whole, broken = sent(script_of(stream())), sent(script_of(stream("mock-truncated")))
    assert whole.replace(b'"mock"', b'"mock-truncated"').count(b"data: ") == broken.count(b"data: ")
    assert broken.endswith(b"data: [DONE]\n\n\r\n")
    assert script_of(stream("mock-truncated")).end == "close"


def test_an_early_end_is_clean_for_http_only() -> None:
    answer = answer_to(stream("mock-end-early-3"))
    assert (answer.content_events, answer.complete, answer.finish_reasons) == (3, True, [])
    assert b"[DONE]" not in answer.body


def test_a_stall_hangs_after_its_events() -> None:
    answer = answer_to(stream("mock-stall-3"))
    assert (answer.content_events, answer.complete) == (3, False)
    assert script_of(stream("mock-stall-3")).end == "hang"


def test_one_malformed_event_among_good_ones() -> None:
    answer = answer_to(stream("mock-malformed-3"))
    broken = [data for data in answer.data if not data.endswith((b"}", b"[DONE]"))]
    assert len(broken) == 1
    assert answer.data.index(broken[0]) == 4
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(broken[0])
    assert answer.complete
    assert answer.data[-1] == b"[DONE]"


@pytest.mark.parametrize(
    ("model", "roles", "events"),
    [("mock-error-event", 0, 0), ("mock-error-event-0", 1, 0), ("mock-error-event-3", 1, 3)],
)
def test_an_error_event(model: str, roles: int, events: int) -> None:
    answer = answer_to(stream(model))
    assert (answer.status, answer.complete, answer.content_events) == (200, True, events)
    assert sum("role" in delta(chunk) for chunk in answer.chunks) == roles
    assert answer.chunks[-1]["error"]["type"] == "server_error"
    assert b"[DONE]" not in answer.body


def test_a_fault_beyond_a_short_answer_comes_at_its_end() -> None:
    answer = answer_to(stream("mock-cut-50", max_tokens=2))
    assert (answer.content_events, answer.finish_reasons, answer.complete) == (2, [], False)


def test_the_same_request_gives_the_same_bytes() -> None:
    assert sent(script_of(stream("mock-tools", tools=[WEATHER]))) == sent(
        script_of(stream("mock-tools", tools=[WEATHER]))
    )
    assert Answer(sent(script_of(stream()))).headers["content-type"].startswith("text/event-stream")
