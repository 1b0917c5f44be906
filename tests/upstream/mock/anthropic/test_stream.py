"""Anthropic's stream: events are those of the SDK, blocks open and close as they should, faults come where they belong."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.upstream.mock.anthropic.playing import CLOCK, EVENT, WEATHER, answer_to, ask, events_of, message_of

#: Sent without an entry in the SDK's union.
PING = {"type": "ping"}


def stream(**fields: Any) -> dict[str, Any]:
    return ask(stream=True, **fields)


def gathered(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks that a stream makes; each delta must fall into an open one."""
    blocks: dict[int, dict[str, Any]] = {}
    opened: set[int] = set()
    for event in events:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks[event["index"]] = dict(event["content_block"])
            opened.add(event["index"])
        elif event["type"] == "content_block_delta":
            assert event["index"] in opened
            add(blocks[event["index"]], event["delta"])
        elif event["type"] == "content_block_stop":
            opened.remove(event["index"])
    assert not opened
    return [parsed(block) for block in blocks.values()]


def parsed(block: dict[str, Any]) -> dict[str, Any]:
    arguments = block.pop("json", None)
    return block if arguments is None else block | {"input": orjson.loads(arguments)}


def add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    name = delta["type"].removesuffix("_delta")
    value = delta["partial_json"] if name == "input_json" else delta[name]
    place = "json" if name == "input_json" else name
    block[place] = block.get(place, "") + value


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"model": "mock-tools", "tools": [WEATHER, CLOCK]},
        {"model": "mock-tools-interleaved", "tools": [WEATHER, CLOCK, {**WEATHER, "name": "other"}]},
        {"max_tokens": 3},
        {"model": "mock-tokens-0"},
    ],
)
def test_a_stream_says_what_the_whole_message_says(fields: dict[str, Any]) -> None:
    answer = answer_to(stream(**fields))
    events = events_of(answer)
    whole = message_of(ask(**fields))
    assert [EVENT.validate_python(event).type for event in events if event != PING]
    assert gathered(events) == [block.model_dump(exclude_none=True) for block in whole.content]
    first, *_, ending, last = events
    assert (first["type"], ending["type"], last["type"]) == ("message_start", "message_delta", "message_stop")
    assert ending["delta"]["stop_reason"] == whole.stop_reason
    assert ending["usage"]["output_tokens"] == whole.usage.output_tokens
    assert first["message"]["usage"]["input_tokens"] == whole.usage.input_tokens
    assert answer.complete


def test_interleaved_calls_take_turns() -> None:
    tools = [WEATHER, {**WEATHER, "name": "other"}]
    events = events_of(answer_to(stream(model="mock-tools-interleaved", tools=tools)))
    indexes = [event["index"] for event in events if event["type"] == "content_block_delta"]
    assert indexes != sorted(indexes)


@pytest.mark.parametrize("count", [0, 3])
def test_a_stream_ends_early_after_so_many_deltas(count: int) -> None:
    events = events_of(answer_to(stream(model=f"mock-end-early-{count}")))
    assert sum(event["type"] == "content_block_delta" for event in events) == count
    assert not any(event["type"] in ("message_delta", "message_stop") for event in events)


def test_an_error_event() -> None:
    answer = answer_to(stream(model="mock-error-event-2"))
    events = events_of(answer)
    assert events[-1]["error"]["type"] == "api_error"
    assert sum(event["type"] == "content_block_delta" for event in events) == 2
    assert answer.complete


def test_a_malformed_event_among_good_ones() -> None:
    answer = answer_to(stream(model="mock-malformed-2"))
    with pytest.raises(orjson.JSONDecodeError):
        events_of(answer)
    assert answer.body.endswith(b'data: {"type":"message_stop"}\n\n')


@pytest.mark.parametrize("model", ["mock-cut-3", "mock-cut-event-3", "mock-truncated", "mock-stall-3"])
def test_what_breaks_off_is_not_complete(model: str) -> None:
    assert not answer_to(stream(model=model)).complete
