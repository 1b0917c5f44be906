"""What becomes of a streamed answer on its way: passed on as it is, or said anew."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.call import Call, Failure, Usage
from proxy.dialects import Dialect
from proxy.translate import DIALECTS, Plan
from proxy.upstream.body import Relay, Translation
from proxy.wire.sse import Reader
from tests.upstream.lane import Recorder
from tests.upstream.streams import (
    ANTHROPIC,
    ANTHROPIC_ERROR,
    BLOCK,
    OPENAI,
    ROLE,
    START,
    anthropic,
    openai_chunk,
)

OPENAI_DIALECT, ANTHROPIC_DIALECT = DIALECTS["openai"], DIALECTS["anthropic"]
WIRE = b"".join(ANTHROPIC)


def make_call(**fields: Any) -> Call:
    json = {"model": "m", "messages": [], "stream": True, **fields}
    return Call("id", "openai", "chat", b"{}", json, "m", True, {}, Recorder())


def translation(theirs: Dialect = ANTHROPIC_DIALECT, **fields: Any) -> Translation:
    return Translation(
        Plan(b"", "", False, OPENAI_DIALECT, theirs, OPENAI_DIALECT, theirs), make_call(**fields), created=1_700_000_000
    )


def said(body: Translation | Relay, *pieces: bytes) -> bytes:
    return b"".join([body.feed(piece) for piece in pieces] + [body.end()])


def text_of(wire: bytes) -> str:
    chunks = [orjson.loads(event.data) for event in Reader().feed(wire) if event.data != b"[DONE]"]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


# ---- relay


@pytest.mark.parametrize(
    "wire", [b"".join(OPENAI), b"".join(OPENAI).replace(b"\n", b"\r\n"), b": hello\n\n" + b"".join(OPENAI)]
)
def test_a_relay_passes_every_byte(wire: bytes) -> None:
    for cut in range(len(wire)):
        relay = Relay(OPENAI_DIALECT)
        assert said(relay, wire[:cut], wire[cut:]) == wire
        assert relay.usage(make_call()) == Usage(9, output=2)


def test_a_relay_of_a_cut_stream_ends_as_a_failure() -> None:
    relay = Relay(OPENAI_DIALECT)
    relay.feed(ROLE + openai_chunk(content="a"))
    with pytest.raises(Failure, match="provider_stream_cut"):
        relay.end()


# ---- translation


def test_a_translation_says_the_same_wherever_it_was_cut() -> None:
    whole = said(translation(), WIRE)
    assert (text_of(whole), whole.endswith(b"data: [DONE]\n\n")) == ("Hello", True)
    for cut in range(1, len(WIRE)):
        assert said(translation(), WIRE[:cut], WIRE[cut:]) == whole, cut
    assert said(translation(), *(bytes([byte]) for byte in WIRE)) == whole


def test_a_translation_says_each_event_when_it_comes() -> None:
    body = translation()
    spoken = [text_of(body.feed(piece)) for piece in ANTHROPIC]
    assert spoken == ["", "", "", "Hel", "lo", "", "", ""]
    assert body.feed(b": a comment\n\n") == b""


def test_chunks_carry_the_time_of_the_call() -> None:
    chunks = [orjson.loads(event.data) for event in Reader().feed(said(translation(), WIRE)) if event.data != b"[DONE]"]
    assert {chunk["created"] for chunk in chunks} == {1_700_000_000}


def test_usage_of_a_translation_is_known_as_far_as_it_came() -> None:
    body = translation()
    assert body.usage(make_call()) is None
    body.feed(START)
    early = body.usage(make_call())
    assert early is not None
    assert early.input == 9
    said(body, b"".join(ANTHROPIC[1:]))
    assert body.usage(make_call()) == Usage(9, output=2)


@pytest.mark.parametrize("count", range(1, len(ANTHROPIC)))
def test_a_translation_of_a_cut_stream_never_says_that_it_was_whole(count: int) -> None:
    body = translation()
    out = body.feed(b"".join(ANTHROPIC[:count]))
    assert b"[DONE]" not in out
    with pytest.raises(Failure, match="provider_stream_cut"):
        body.end()


def test_a_translation_of_a_stream_cut_in_its_last_event() -> None:
    body = translation()
    body.feed(WIRE[:-1])
    with pytest.raises(Failure, match="provider_stream_cut"):
        body.end()


def test_an_error_event_in_a_translation() -> None:
    body = translation()
    body.feed(b"".join(ANTHROPIC[:4]))
    with pytest.raises(Failure) as caught:
        body.feed(ANTHROPIC_ERROR)
    assert (caught.value.kind, caught.value.detail) == ("provider_overloaded", "too much")


@pytest.mark.parametrize("junk", [b"data: {\n\n", b"data: []\n\n", b"data: 7\n\n", b"data: \xff\xfe\n\n"])
@pytest.mark.parametrize("theirs", [OPENAI_DIALECT, ANTHROPIC_DIALECT])
def test_junk_in_a_translation_is_a_failure(theirs: Dialect, junk: bytes) -> None:
    with pytest.raises(Failure) as caught:
        translation(theirs).feed(junk)
    assert caught.value.party == "provider"


def test_an_event_without_end_is_refused() -> None:
    body = translation()
    for _ in range(16):
        body.feed(bytes(1 << 20))
    with pytest.raises(Failure, match="an event of more than"):
        body.feed(b"x")


# ---- the text lane


def lane_event(text: str, index: int = 0, padding: str = "") -> bytes:
    """A text delta exactly as the API writes it."""
    said = orjson.dumps(text).decode()
    data = f'{{"type":"content_block_delta","index":{index},"delta":{{"type":"text_delta","text":{said}}}{padding}}}'
    return f"event: content_block_delta\ndata: {data}\n\n".encode()


TEXTS = [
    "Hello",
    " ",
    "outrider-text",
    "é漢字🙂",
    'a "quoted" word',
    "two\nlines",
    "\\",
    "\u2028",
    "x" * 5000,
    "{}[]:,",
]


@pytest.mark.parametrize("padding", ["", "      "])
@pytest.mark.parametrize("text", TEXTS)
def test_the_lane_says_what_the_hub_says(text: str, padding: str) -> None:
    """In one piece a plain text is spliced, in two it is parsed: the bytes that come out are the same."""
    wire = lane_event(text, padding=padding)
    whole, halves = translation(), translation()
    for body in (whole, halves):
        body.feed(START + BLOCK)
    spliced = whole.feed(wire)
    assert spliced == halves.feed(wire[:30]) + halves.feed(wire[30:])
    assert text_of(spliced) == text


def test_the_lane_leaves_everything_else_to_the_hub() -> None:
    parser = ANTHROPIC_DIALECT.parser()
    lane = parser.text_lane
    assert lane is not None
    assert lane.match(lane_event("early")) is None, "no block is open yet"
    for read in Reader().feed(START + BLOCK):
        parser.feed(read)
    assert lane.match(lane_event("hello")) == b"hello"
    assert lane.match(lane_event("elsewhere", index=7)) is None
    assert lane.match(lane_event("two") + lane_event("at once")) is None
    assert lane.match(lane_event("cut")[:-1]) is None
    assert lane.match(lane_event('"')) is None
    assert lane.match(lane_event("bytes").replace(b"bytes", b"\xff\xfe")) is None
    assert lane.match(lane_event("control").replace(b"control", b"a\x01b")) is None
    assert lane.match(lane_event("thinking").replace(b"text_delta", b"thinking_delta")) is None


def test_where_cited_text_stands_is_counted_over_both_ways() -> None:
    citation = {
        "type": "citations_delta",
        "citation": {"type": "char_location", "cited_text": "x", "document_index": 0},
    }
    notes = []
    for pieces in ((lane_event("héllo"),), (lane_event("héllo")[:40], lane_event("héllo")[40:])):
        body = translation()
        body.feed(START + BLOCK)
        for piece in pieces:
            body.feed(piece)
        body.feed(anthropic("content_block_delta", index=0, delta=citation))
        notes.append(body.feed(anthropic("content_block_stop", index=0)))
    assert notes[0] == notes[1]
    assert b'"end_index":5' in notes[0]
