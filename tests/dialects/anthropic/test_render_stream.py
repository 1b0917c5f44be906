"""Unified chunks as Messages events: what the official SDK puts together from them."""

from typing import Any

import orjson
import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message

from proxy.call import Failure, Json
from proxy.dialects.anthropic.render_stream import StreamRenderer
from proxy.wire.events import Event
from proxy.wire.sse import Reader

THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "Eq+/="}
HIDDEN = {"type": "redacted_thinking", "data": "Emw="}
USAGE: Json = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 5}}


def chunk(finish: str | None = None, usage: Json | None = None, extras: Json | None = None, **delta: Any) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, **(extras or {})}
    return {"id": "chatcmpl_1", "model": "gpt", "choices": [choice], **({"usage": usage} if usage else {})}


def call(index: int, arguments: str = "", **named: Any) -> Json:
    function = {"arguments": arguments, **({"name": named.pop("name")} if "name" in named else {})}
    return {"index": index, **named, "function": function}


def render(*chunks: Json) -> list[Event]:
    renderer = StreamRenderer({"model": "fast"})
    return Reader().feed(b"".join([*map(renderer.feed, chunks), renderer.end()]))


def accumulate(events: list[Event]) -> Message:
    """What the SDK's own accumulator makes of the events."""
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for event in events:
        payload: Any = orjson.loads(event.data)
        assert payload["type"] == event.name
        snapshot = accumulate_event(event=payload, current_snapshot=snapshot, json_bufs=buffers)
    assert isinstance(snapshot, Message)
    return snapshot


def content(message: Message) -> list[Json]:
    return [block.model_dump(exclude_none=True) for block in message.content]


def test_text() -> None:
    message = accumulate(
        render(chunk(role="assistant", content=""), chunk(content="Hel"), chunk(content="lo"), chunk("stop"))
    )
    assert (message.id, message.model, message.stop_reason) == ("chatcmpl_1", "gpt", "end_turn")
    assert content(message) == [{"type": "text", "text": "Hello"}]


def test_the_order_of_events() -> None:
    events = render(chunk(content="a"), chunk("stop"), {"choices": [], "usage": USAGE})
    assert [event.name for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_counts_come_with_the_reason() -> None:
    for chunks in (
        [chunk(content="a"), chunk("stop"), {"choices": [], "usage": USAGE}],
        [chunk("stop", USAGE, content="a")],
    ):
        message = accumulate(render(*chunks))
        assert (message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens) == (
            4,
            5,
            4,
        )
        assert message.stop_reason == "end_turn"


def test_thinking_with_its_signature_then_text_then_a_tool() -> None:
    message = accumulate(
        render(
            chunk(reasoning_content="h"),
            chunk(reasoning_content="m"),
            chunk(thinking_blocks=[THOUGHT]),
            chunk(thinking_blocks=[HIDDEN]),
            chunk(content="so"),
            chunk(tool_calls=[call(0, id="call_1", name="f")]),
            chunk(tool_calls=[call(0, '{"a":')]),
            chunk(tool_calls=[call(0, "1}")]),
            chunk("tool_calls"),
        )
    )
    assert message.stop_reason == "tool_use"
    assert content(message) == [
        THOUGHT,
        HIDDEN,
        {"type": "text", "text": "so"},
        {"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1}},
    ]


def test_thoughts_that_were_not_shown_still_have_their_signature() -> None:
    hidden = {"type": "thinking", "thinking": "", "signature": "Eq="}
    assert content(accumulate(render(chunk(thinking_blocks=[hidden, THOUGHT]), chunk("stop")))) == [hidden, THOUGHT]


def test_interleaved_calls_keep_their_arguments() -> None:
    message = accumulate(
        render(
            chunk(tool_calls=[call(0, id="call_a", name="f"), call(1, id="call_b", name="g")]),
            chunk(tool_calls=[call(1, '{"b":'), call(0, '{"a":1}')]),
            chunk(tool_calls=[call(1, "2}")]),
            chunk("stop"),
        )
    )
    assert message.stop_reason == "tool_use"
    assert [block.input for block in message.content if block.type == "tool_use"] == [{"a": 1}, {"b": 2}]


def test_whole_calls_without_an_index() -> None:
    one = {"id": "call_a", "function": {"name": "f", "arguments": "{}"}}
    message = accumulate(
        render(chunk(tool_calls=[one]), chunk(tool_calls=[{**one, "id": "call_b"}]), chunk("tool_calls"))
    )
    assert [block.id for block in message.content if block.type == "tool_use"] == ["call_a", "call_b"]


def test_every_block_starts_in_order_and_is_stopped_once() -> None:
    events = render(
        chunk(content="a"),
        chunk(tool_calls=[call(0, id="call_a", name="f")]),
        chunk(content="b"),
        chunk(tool_calls=[call(1, id="call_b", name="g")]),
        chunk("tool_calls"),
    )
    payloads = [orjson.loads(event.data) for event in events]
    starts = [payload["index"] for payload in payloads if payload["type"] == "content_block_start"]
    stops = [payload["index"] for payload in payloads if payload["type"] == "content_block_stop"]
    assert starts == sorted(stops) == [0, 1, 2, 3]


def test_citations_and_the_providers_own_blocks() -> None:
    citation = {
        "type": "char_location",
        "cited_text": "b",
        "document_index": 0,
        "start_char_index": 0,
        "end_char_index": 1,
    }
    own = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    message = accumulate(
        render(
            chunk(provider_blocks=[{"at": 0, "block": own}]),
            chunk(content="b"),
            chunk(annotations=[{"type": "citation", "citation": citation}, {"type": "url_citation"}]),
            chunk("stop"),
        )
    )
    assert content(message) == [own, {"type": "text", "text": "b", "citations": [citation]}]


@pytest.mark.parametrize(
    ("finish", "extras", "reason"),
    [
        ("length", {}, "max_tokens"),
        ("content_filter", {}, "refusal"),
        ("stop", {"native_finish_reason": "stop_sequence", "stop_sequence": "42"}, "stop_sequence"),
        ("pause_turn", {"native_finish_reason": "pause_turn"}, "pause_turn"),
    ],
)
def test_reasons(finish: str, extras: Json, reason: str) -> None:
    message = accumulate(render(chunk(content="a"), chunk(finish, extras=extras)))
    assert (message.stop_reason, message.stop_sequence) == (reason, extras.get("stop_sequence"))


def test_a_refusal_is_text_unless_it_is_anthropics_own() -> None:
    assert content(accumulate(render(chunk(refusal="no"), chunk("stop")))) == [{"type": "text", "text": "no"}]
    details = {"type": "refusal", "explanation": "no"}
    message = accumulate(render(chunk("content_filter", extras={"stop_details": details}, refusal="no")))
    assert content(message) == []
    assert message.stop_details is not None
    assert message.stop_details.explanation == "no"


def test_a_stream_that_said_nothing_is_still_a_message() -> None:
    message = accumulate(render())
    assert (message.model, message.content, message.stop_reason) == ("fast", [], None)


def test_a_chunk_without_choices_says_nothing_yet() -> None:
    assert StreamRenderer({}).feed({"id": "", "model": "", "choices": [], "prompt_filter_results": []}) == b""


@pytest.mark.parametrize(
    "delta", [{"content": 5}, {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}, {"tool_calls": "f"}]
)
def test_a_chunk_that_cannot_be_said_is_the_providers_fault(delta: Json) -> None:
    with pytest.raises(Failure) as caught:
        StreamRenderer({}).feed(chunk(**delta))
    assert caught.value.kind == "provider_error"


def test_thoughts_of_another_kind_are_shown_as_words() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "E="}
    chunks = [chunk(reasoning_content="hm"), chunk(thinking_blocks=[item]), chunk(content="so"), chunk("stop")]
    assert content(accumulate(render(*chunks))) == [
        {"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "text", "text": "so"},
    ]


def test_a_call_that_the_limit_cut_ends_as_it_is() -> None:
    begun = call(0, '{"city":"Par', id="call_a", name="f")
    message = accumulate(render(chunk(tool_calls=[begun]), chunk("length")))
    assert (message.stop_reason, message.content[0].type) == ("max_tokens", "tool_use")
