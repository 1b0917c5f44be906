"""The short cut for plain texts against the way through the hub: between all dialects the same bytes, whatever else is said.

A piece that is one event may take the short cut; the same event in two pieces cannot. So each stream is translated both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Call, Failure, Json, Usage
from proxy.translate import DIALECTS, Plan
from proxy.upstream.body import Translation
from proxy.wire.framing import FRAMINGS
from tests.bench.framing import dump
from tests.bench.wires import WIRES
from tests.upstream.lane import Recorder

SPOKEN = ("openai", "responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")
HEARD = (*SPOKEN, "gemini_array", "bedrock_invoke", "ollama_generate")
HEAD: Json = {"id": "a1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "m"}
USAGE = {"prompt_tokens": 23, "completion_tokens": 61, "total_tokens": 84}


def chunk(delta: Json, finish: str | None = None, **more: Any) -> Json:
    return {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def stream_of(steps: Sequence[Json]) -> list[Json]:
    """Unified chunks of a whole answer."""
    called = any("tool_calls" in step for step in steps)
    last = chunk({}, "tool_calls" if called else "stop", native_finish_reason=None)
    begun = chunk({"role": "assistant", "content": ""})
    return [begun, *map(chunk, steps), last, {**HEAD, "choices": [], "usage": USAGE}]


def call_begun(index: int) -> Json:
    function = {"name": "look", "arguments": ""}
    return {"tool_calls": [{"index": index, "id": f"call_{index}", "type": "function", "function": function}]}


def call_piece(index: int, words: str) -> Json:
    return {"tool_calls": [{"index": index, "function": {"arguments": words}}]}


def pieces_of(spoken: str, steps: Sequence[Json]) -> list[bytes]:
    """The same as a provider says it, an event in each piece."""
    renderer = DIALECTS[spoken].renderer({"model": "m"}, 1_700_000_000)
    rendered = [*map(renderer.feed, stream_of(steps)), renderer.end()]
    events = [event for piece in rendered for event in split(spoken, piece)]
    return [as_google_writes(event) for event in events] if spoken == "gemini" else events


def split(spoken: str, piece: bytes) -> list[bytes]:
    gap = {"gemini": b"\r\n\r\n", "ollama": b"\n"}.get(spoken, b"\n\n")
    if spoken != "bedrock":
        return [event + gap for event in piece.split(gap) if event]
    frames, at = [], 0
    while at < len(piece):
        end = at + int.from_bytes(piece[at : at + 4], "big")
        frames.append(piece[at:end])
        at = end
    return frames


def as_google_writes(event: bytes) -> bytes:
    """With Google's spaces, and with a report of tokens in every event."""
    payload = orjson.loads(event.removeprefix(b"data: "))
    counts = {"promptTokenCount": 23, "totalTokenCount": 23 + len(event), "serviceTier": "standard"}
    head = {"modelVersion": payload.pop("modelVersion"), "responseId": payload.pop("responseId")}
    spaced = dump({**payload, "usageMetadata": payload.pop("usageMetadata", counts), **head}, ": ")
    return b"data: %b\r\n\r\n" % spaced


def translated(spoken: str, heard: str, pieces: Sequence[bytes]) -> tuple[bytes, Usage | None]:
    """What the client reads, and the tokens that were counted."""
    theirs, ours = DIALECTS[spoken], DIALECTS[heard]
    call = Call("id", heard, "chat", b"{}", {"model": "m", "messages": []}, "m", True, {}, client := Recorder())
    client.started = True
    body = Translation(Plan(b"", "", False, ours, theirs, ours, theirs), call, created=1_700_000_000)
    written: list[bytes] = []
    write = body.sink(written.append)
    for piece in pieces:
        write(piece)
    return b"".join(written) + body.end(), body.usage(call)


def halves(pieces: Sequence[bytes]) -> list[bytes]:
    """The same bytes, no event in one piece."""
    return [half for piece in pieces for half in (piece[:9], piece[9:])]


WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8) | st.sampled_from(
    ["hello", "héllo %b %d", "日本", '"', "\\n", "a\nb", "outrider-text", "<b>", "\x7f", "{}", "\u2028"]
)
NOTE = {
    "type": "url_citation",
    "url_citation": {"url": "https://e.org", "title": "E", "start_index": 0, "end_index": 2},
}
STEPS = st.lists(
    st.one_of(
        WORDS.map(lambda words: {"content": words}),
        WORDS.map(lambda words: {"content": words}),
        WORDS.map(lambda words: {"reasoning_content": words}),
        WORDS.map(lambda words: {"refusal": words}),
        st.just({"annotations": [NOTE]}),
        st.integers(0, 2).map(call_begun),
        st.tuples(st.integers(0, 2), st.sampled_from(["{", "}", " "])).map(lambda piece: call_piece(*piece)),
    ),
    max_size=12,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SPOKEN), st.sampled_from(HEARD), STEPS)
def test_both_ways_say_the_same(spoken: str, heard: str, steps: Sequence[Json]) -> None:
    try:
        pieces = pieces_of(spoken, steps)
    except Failure:
        return  # a call whose arguments are no JSON cannot be said by every provider
    assert outcome(spoken, heard, pieces) == outcome(spoken, heard, halves(pieces))


def outcome(spoken: str, heard: str, pieces: Sequence[bytes]) -> object:
    try:
        return translated(spoken, heard, pieces)
    except Failure as failure:
        return failure.kind, failure.detail


@pytest.mark.parametrize("heard", HEARD)
@pytest.mark.parametrize("spoken", SPOKEN)
def test_many_texts_in_a_row(spoken: str, heard: str) -> None:
    pieces = pieces_of(
        spoken, [{"content": words} for words in ("one", "two %b", "thr\u00e9\u00e9", 'fo"ur', "five", "six")]
    )
    assert translated(spoken, heard, pieces) == translated(spoken, heard, halves(pieces))


@pytest.mark.parametrize("spoken", SPOKEN)
def test_plain_texts_take_the_short_cut(spoken: str) -> None:
    """All but the first of them, by which some are known."""
    texts = ["first", "second", "thïrd", 'not "plain"', "fourth"]
    parser = DIALECTS[spoken].parser()
    reader = FRAMINGS[DIALECTS[spoken].framing].reader(1 << 20)
    lane = parser.text_lane
    assert lane is not None
    short = []
    for piece in pieces_of(spoken, [{"content": text} for text in texts]):
        text = lane.match(piece)
        if text is not None:
            short.append(text.decode())
        else:
            for event in reader.feed(piece):
                parser.feed(event)
    assert short[-3:] == ["second", "thïrd", "fourth"]


@pytest.mark.parametrize("spoken", WIRES)
def test_the_providers_own_way_of_writing_takes_the_short_cut(spoken: str) -> None:
    parser, wire = DIALECTS[spoken].parser(), WIRES[spoken]
    reader = FRAMINGS[DIALECTS[spoken].framing].reader(1 << 20)
    lane = parser.text_lane
    assert lane is not None
    for event in reader.feed(body_of(wire.opening.partition(b"\r\n\r\n")[2])):
        parser.feed(event)
    piece = body_of(wire.say(7))
    assert lane.match(piece) == b"t=0000000000000007;"
    assert lane.match(piece[:-1]) is None
    assert lane.match(piece + piece) is None
    assert lane.match(piece.replace(b"t=0", b"t=\xff")) is None
    assert lane.match(piece.replace(b"t=0", b't="')) is None
    assert lane.match(piece.replace(b"t=0", b"t=\n")) is None


def body_of(chunk: bytes) -> bytes:
    """What one HTTP chunk holds."""
    return chunk.partition(b"\r\n")[2].removesuffix(b"\r\n")
