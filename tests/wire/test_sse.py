"""Server-sent events: the standard's rules one by one, and any bytes cut anywhere."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.wire.events import Event, TooLong
from proxy.wire.sse import Reader

FEW = settings(max_examples=300, deadline=None, database=None)


def read(*pieces: bytes) -> list[Event]:
    reader = Reader()
    return [event for piece in pieces for event in reader.feed(piece)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [("", b"a")]),
        (b"data:a\n\n", [("", b"a")]),
        (b"data:  a\n\n", [("", b" a")]),
        (b"data: a\r\n\r\ndata: b\r\r", [("", b"a"), ("", b"b")]),
        (b"data: a\r\n\n", [("", b"a")]),
        (b"event: x\ndata: a\n\ndata: b\n\n", [("x", b"a"), ("", b"b")]),
        (b"event: x\nevent: y\ndata: a\n\n", [("y", b"a")]),
        (b"data: a\ndata: b\ndata\n\n", [("", b"a\nb\n")]),
        (b"data\n\n", [("", b"")]),
        (b": comment\n\ndata: a\n: comment\n\n", [("", b"a")]),
        (b"id: 1\nretry: 5\nunknown: x\n\n", []),
        (b"event: x\n\n", []),
        (b"\n\n\n\n\ndata: a\n\n\n\n", [("", b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("", b"a")]),
        (b"data: \xef\xbb\xbfa\n\n", [("", b"\xef\xbb\xbfa")]),
        (b"data: a:b\n\n", [("", b"a:b")]),
        (b"Data: a\n\n data: b\n\n", []),
        ("event: \u00e9\ndata: \u00e9\n\n".encode(), [("\u00e9", "\u00e9".encode())]),
        (b"event: \xff\ndata: \xff\n\n", [("\ufffd", b"\xff")]),
        (b"data: a", []),
        (b"data: a\n", []),
    ],
)
def test_the_standard(stream: bytes, events: list[tuple[str, bytes]]) -> None:
    assert read(stream) == events
    assert read(*(stream[at : at + 1] for at in range(len(stream)))) == events


@pytest.mark.parametrize("unfinished", [b"data: a", b"data: a\n", b"event: x\ndata: a\n", b"\xef\xbb"])
def test_what_was_begun_and_not_finished_is_told_at_the_end(unfinished: bytes) -> None:
    reader = Reader()
    assert reader.feed(b"" if unfinished.startswith(b"\xef") else b"data: whole\n\n") in ([], [("", b"whole")])
    assert reader.feed(unfinished) == []
    assert reader.end() == unfinished
    assert reader.end() == b""


@pytest.mark.parametrize(
    "piece",
    [
        b"event: x\ndata: a\n\n",
        b"data: a\n\n",
        b"event: \xff\ndata: \n\n",
        b"event: x\rdata: a\n\n",
        b"data: a\rdata: b\n\n",
    ],
)
def test_a_piece_that_is_one_event_is_read_like_any_other(piece: bytes) -> None:
    assert read(b"data: first\n\n", piece, piece) == reference(b"data: first\n\n" + 2 * piece)
    assert read(b"data: first\r", b"\n\n", piece) == reference(b"data: first\n\n" + piece)
    assert read(b"data: first\n\nda", b"ta: half\n\n", piece) == reference(b"data: first\n\ndata: half\n\n" + piece)
    assert read(b"data: first\n\nid: 1\n", piece) == reference(b"data: first\n\nid: 1\n" + piece)


def test_an_event_leaves_with_the_bytes_that_complete_it() -> None:
    reader = Reader()
    assert reader.feed(b"data: a\n") == []
    assert reader.feed(b"\ndata: b\n\nda") == [("", b"a"), ("", b"b")]
    assert reader.feed(b"ta: c\n\n") == [("", b"c")]


def test_a_carriage_return_completes_an_event_without_waiting_for_the_line_feed() -> None:
    reader = Reader()
    assert reader.feed(b"data: a\r\n\r") == [("", b"a")]
    assert reader.feed(b"\ndata: b\r\n\r\n") == [("", b"b")]


def test_an_event_that_never_ends_is_refused() -> None:
    reader = Reader(limit=1000)
    assert not any(reader.feed(b"x") for _ in range(1000))
    with pytest.raises(TooLong, match="more than 1000 bytes"):
        reader.feed(b"x")


def test_the_limit_is_of_one_event_and_not_of_the_stream() -> None:
    reader = Reader(limit=100)
    assert sum(len(reader.feed(b"data: " + b"x" * 50 + b"\n\n")) for _ in range(100)) == 100


def test_an_event_in_very_many_pieces_is_not_looked_at_again_with_each() -> None:
    reader = Reader()
    assert not any(reader.feed(b"data: abcdefgh\n") for _ in range(200_000))
    [event] = reader.feed(b"\n")
    assert event.data == b"\n".join([b"abcdefgh"] * 200_000)


def reference(stream: bytes) -> list[tuple[str, bytes]]:
    """The standard's own procedure, line by line."""
    events = []
    name, data = b"", b""
    *lines, _ = re.split(rb"\r\n|\n|\r", stream.removeprefix(b"\xef\xbb\xbf"))
    for line in lines:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if data:
                events.append((name.decode("utf-8", "replace"), data[:-1]))
            name, data = b"", b""
        elif field == b"data":
            data += value + b"\n"
        elif field == b"event":
            name = value
    return events


ENDS = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n"])
LINES = st.sampled_from(
    [b"data: {}", b"data:", b"data", b"event: e", b": c", b"", b"\xef\xbb\xbf", b"id: 1", b"data: \xff:"]
)
STREAMS = st.lists(st.builds(bytes.__add__, LINES | st.binary(max_size=4), ENDS | st.just(b"")), max_size=12).map(
    b"".join
)


@FEW
@given(STREAMS | st.binary(max_size=60), st.lists(st.integers(0, 200), max_size=6))
def test_any_bytes_at_any_split_are_read_as_the_standard_says(stream: bytes, places: list[int]) -> None:
    cuts = [0, *sorted(place for place in places if place < len(stream)), len(stream)]
    expected = reference(stream)
    assert read(stream) == expected
    assert read(*(stream[start:end] for start, end in pairwise(cuts))) == expected
    assert read(*(stream[at : at + 1] for at in range(len(stream)))) == expected
