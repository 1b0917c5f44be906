"""A stream is the same however it is cut, and one that is cut short never ends well."""

from __future__ import annotations

import random
from collections.abc import Iterable

import orjson
import pytest

from proxy.call import Failure
from proxy.dialects import Dialect
from proxy.wire.framing import FRAMINGS
from tests.goldens.cases import CASES, Case, chunk_of
from tests.goldens.crossing import STREAMED
from tests.goldens.spoken import DIALECTS, EVERY, LARGEST, events_of, pieces_of, render, translation
from tests.goldens.streams import Stream, client_of, streams

#: A stream by hand is cut in two at every byte, any other at so many places.
CUTS = 40
ALL_STREAMS = pytest.mark.parametrize("stream", streams(), ids=[stream.name for stream in streams()])


def said(stream: Stream, client: Dialect, pieces: Iterable[bytes]) -> bytes:
    way = translation(stream.dialect, client, {**stream.case.request, **STREAMED})
    return b"".join([*map(way.feed, pieces), way.end()])


@ALL_STREAMS
def test_a_stream_says_the_same_however_it_is_cut(stream: Stream) -> None:
    client, data = client_of(stream), stream.data
    whole = said(stream, client, [data])
    step = 1 if stream.by_hand else max(1, len(data) // CUTS)
    for cut in range(0, len(data), step):
        assert said(stream, client, [data[:cut], data[cut:]]) == whole, f"cut at {cut}"
    assert said(stream, client, [data[at : at + 1] for at in range(len(data))]) == whole
    dice = random.Random(stream.name)
    for _ in range(5):
        cuts = sorted(dice.sample(range(len(data)), k=min(len(data), dice.randint(1, 30))))
        assert said(stream, client, pieces_of(data, cuts)) == whole, f"cut at {cuts}"


@ALL_STREAMS
def test_the_frames_are_the_same_however_they_are_cut(stream: Stream) -> None:
    framing, data = FRAMINGS[stream.dialect.framing], stream.data
    whole = framing.reader(LARGEST).feed(data)
    for cut in range(len(data)):
        reader = framing.reader(LARGEST)
        assert reader.feed(data[:cut]) + reader.feed(data[cut:]) == whole, f"cut at {cut}"


@ALL_STREAMS
def test_a_stream_that_is_cut_short_never_ends_well(stream: Stream) -> None:
    """After each event before the one that the dialect itself calls the end."""
    events = events_of(stream.dialect, stream.data)
    signs = [stream.dialect.read_event(event) for event in events]
    assert "end" in signs
    for count in range(signs.index("end")):
        parser = stream.dialect.parser()
        for event in events[:count]:
            chunks = parser.feed(event)
            assert not any(choice.get("finish_reason") for chunk in chunks for choice in chunk["choices"])
        with pytest.raises(Failure) as failure:
            parser.end()
        assert failure.value.kind == "provider_stream_cut"


@pytest.mark.parametrize("dialect", EVERY.values(), ids=EVERY)
def test_a_long_answer_comes_through_whole(dialect: Dialect) -> None:
    """200 kB of text in pieces of any length, cut anywhere."""
    dice = random.Random(dialect.name)
    alphabet = 'abc \n"\\{}[]:,é😀\u2028'
    texts = ["".join(dice.choices(alphabet, k=dice.randint(1, 400))) for _ in range(1000)]
    case = Case("long", "", {"messages": [{"role": "user", "content": "Go on"}]}, reply={"content": "".join(texts)})
    chunks = [chunk_of({"content": text}) for text in texts]
    data = render(dialect, [*chunks, *case.unified_chunks[-2:]], {**case.request, **STREAMED})
    way = translation(dialect, DIALECTS["openai"], {**case.request, **STREAMED})
    cuts = sorted(dice.sample(range(len(data)), k=500))
    out = b"".join([*map(way.feed, pieces_of(data, cuts)), way.end()])
    chunks = [orjson.loads(event.data) for event in events_of(DIALECTS["openai"], out) if event.data.startswith(b"{")]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == "".join(texts)


def test_there_are_streams_by_hand_in_every_dialect() -> None:
    by_hand = {stream.dialect.name for stream in streams() if stream.by_hand}
    assert by_hand == DIALECTS.keys()
    assert len(CASES) > 40
