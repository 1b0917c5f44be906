"""Unified chunks as Cohere's events."""

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json
from proxy.dialects.chunks import MARK
from proxy.dialects.cohere.render_stream import StreamRenderer
from proxy.wire.sse import Reader


def chunk(finish: str | None = None, **delta: Any) -> Json:
    return {"id": "s", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def render(*chunks: Json) -> list[Json]:
    """The payloads, each seen to be named by its own event; the last is seen to be followed by `[DONE]`."""
    renderer = StreamRenderer({}, 0)
    events = Reader().feed(b"".join([*map(renderer.feed, chunks), renderer.end()]))
    assert events.pop().data == b"[DONE]"
    payloads = [orjson.loads(event.data) for event in events]
    assert [event.name for event in events] == [payload["type"] for payload in payloads]
    return payloads


def kinds(payloads: list[Json]) -> list[tuple[str, Any]]:
    return [(payload["type"], payload.get("index")) for payload in payloads]


def test_thoughts_text_and_the_end() -> None:
    payloads = render(
        chunk(role="assistant", content=""),
        chunk(reasoning_content="Hm."),
        chunk(content="So"),
        chunk(content=" be it."),
        chunk("stop"),
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}},
    )
    assert kinds(payloads) == [
        ("message-start", None),
        ("content-start", 0),
        ("content-delta", 0),
        ("content-end", 0),
        ("content-start", 1),
        ("content-delta", 1),
        ("content-delta", 1),
        ("content-end", 1),
        ("message-end", None),
    ]
    assert payloads[0]["id"] == "s"
    assert payloads[1]["delta"]["message"]["content"] == {"type": "thinking", "thinking": ""}
    assert payloads[5]["delta"]["message"]["content"] == {"text": "So"}
    assert payloads[6]["delta"]["message"]["content"] == {"text": " be it."}
    tokens = {"input_tokens": 3, "output_tokens": 4}
    assert payloads[-1]["delta"] == {
        "finish_reason": "COMPLETE",
        "usage": {"billed_units": tokens, "tokens": tokens},
    }


def test_each_piece_is_said_at_once() -> None:
    renderer = StreamRenderer({}, 0)
    assert b'"So"' in renderer.feed(chunk(content="So"))
    assert b'" be it."' in renderer.feed(chunk(content=" be it."))


def test_a_text_after_a_text_is_said_by_itself() -> None:
    renderer = StreamRenderer({}, 0)
    assert renderer.text_lane(chunk(content=MARK)) is None, "no part is open yet"
    renderer.feed(chunk(content="So"))
    say = renderer.text_lane(chunk(content=MARK))
    assert say is not None
    assert say("ïs it".encode()) == renderer.feed(chunk(content="ïs it"))


def test_interleaved_calls() -> None:
    first = {"index": 0, "id": "a", "type": "function", "function": {"name": "look", "arguments": ""}}
    second = {"index": 1, "id": "b", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    payloads = render(
        chunk(content="I look."),
        chunk(tool_calls=[first]),
        chunk(tool_calls=[second]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"at":1}'}}]),
        chunk("stop"),
    )
    assert kinds(payloads)[4:] == [
        ("tool-call-start", 0),
        ("tool-call-start", 1),
        ("tool-call-delta", 1),
        ("tool-call-delta", 0),
        ("tool-call-end", 0),
        ("tool-call-end", 1),
        ("message-end", None),
    ]
    assert payloads[4]["delta"]["message"]["tool_calls"] == {
        "id": "a",
        "type": "function",
        "function": {"name": "look", "arguments": ""},
    }
    assert payloads[7]["delta"]["message"]["tool_calls"] == {"function": {"arguments": '{"at":1}'}}
    assert payloads[-1]["delta"] == {"finish_reason": "TOOL_CALL"}


def test_calls_without_an_index_are_whole() -> None:
    calls = [{"id": called, "function": {"name": "look", "arguments": "{}"}} for called in ("a", "b")]
    payloads = render(chunk(tool_calls=calls))
    assert [payload["index"] for payload in payloads if payload["type"] == "tool-call-start"] == [0, 1]


def test_a_plan_is_said_once() -> None:
    payloads = render(chunk(tool_plan="I look.", reasoning_content="I look."))
    assert payloads[1] == {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I look."}}}
    assert kinds(payloads)[2:] == [("message-end", None)]


def test_citations() -> None:
    own = {"start": 7, "end": 9, "text": "b", "content_index": 5}
    page = {"url": "https://example.com", "title": "Example"}
    notes = [
        {"type": "citation", "citation": own, "dialect": "cohere", "start_index": 4, "end_index": 5},
        {"type": "citation", "citation": {"cited_text": "x"}, "start_index": 0, "end_index": 1},
        {"type": "url_citation", "url_citation": page, "start_index": 4, "end_index": 6},
    ]
    payloads = render(
        chunk(content="One."), chunk(reasoning_content="hm"), chunk(content="It is."), chunk(annotations=notes)
    )
    said = [payload for payload in payloads if payload["type"].startswith("citation")]
    assert kinds(said) == [("citation-start", 0), ("citation-end", 0), ("citation-start", 1), ("citation-end", 1)]
    first, second = (said[index]["delta"]["message"]["citations"] for index in (0, 2))
    assert first == {**own, "start": 0, "end": 1, "content_index": 2}
    assert (second["start"], second["end"], second["sources"][0]["document"]) == (0, 2, page)


def test_blocks_of_our_own_and_of_others() -> None:
    entries = [{"at": 0, "block": {"type": "hologram"}, "dialect": "cohere"}, {"at": 0, "block": {"type": "x"}}]
    payloads = render(chunk(provider_blocks=entries))
    assert kinds(payloads) == [("message-start", None), ("content-start", 0), ("content-end", 0), ("message-end", None)]


def test_logprobs_go_with_their_text() -> None:
    logprobs = {"content": [{"token": "a", "logprob": -0.5}]}
    begun, said = chunk(content="x"), chunk(content="a")
    said["choices"][0]["logprobs"] = logprobs
    payloads = render(begun, said)
    [told] = [payload for payload in payloads if payload.get("logprobs")]
    assert told["logprobs"] == {"text": "a", "token_ids": [], "logprobs": [-0.5]}
    assert (
        "".join(
            payload["delta"]["message"]["content"]["text"] for payload in payloads if payload["type"] == "content-delta"
        )
        == "xa"
    )


def test_an_empty_stream_has_both_ends() -> None:
    assert kinds(render()) == [("message-start", None), ("message-end", None)]


@pytest.mark.parametrize(
    "broken",
    [
        {"choices": 5},
        {"choices": [5]},
        {"choices": [{"delta": 5}]},
        chunk(content=5),
        chunk(tool_calls=[{"index": 0}]),
        chunk(annotations=5),
    ],
)
def test_what_cannot_be_said(broken: Json) -> None:
    with pytest.raises(Failure):
        StreamRenderer({}, 0).feed(broken)
