"""JSON lines: the rules one by one, and any bytes cut anywhere."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.wire.events import TooLong
from proxy.wire.ndjson import Reader

FEW = settings(max_examples=300, deadline=None, database=None)


def read(*pieces: bytes) -> tuple[list[bytes], bytes]:
    """The lines of a stream, and what is left at its end."""
    reader = Reader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    assert all(event.name == "" for event in events)
    return [event.data for event in events], reader.end()


@pytest.mark.parametrize(
    ("stream", "lines", "rest"),
    [
        (b"", [], b""),
        (b'{"a":1}\n', [b'{"a":1}'], b""),
        (b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}'], b""),
        (b'{"a":1}\r\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}'], b""),
        (b'\n\r\n \t\n{"a":1}\n\n', [b'{"a":1}'], b""),
        (b' {"a":1} \n', [b'{"a":1}'], b""),
        (b'{"a":1}\n{"b":2}', [b'{"a":1}'], b'{"b":2}'),
        (b'{"a":1}\n{"b":2}\r', [b'{"a":1}'], b'{"b":2}'),
        (b'{"a"\r:1}\n', [b'{"a"\r:1}'], b""),
        ("é\u2028\n".encode(), ["é\u2028".encode()], b""),
        (b"\xff\n", [b"\xff"], b""),
        (b"  \r", [], b""),
    ],
)
def test_the_rules(stream: bytes, lines: list[bytes], rest: bytes) -> None:
    assert read(stream) == (lines, rest)
    assert read(*(stream[at : at + 1] for at in range(len(stream)))) == (lines, rest)


def test_a_line_leaves_with_the_byte_that_completes_it() -> None:
    reader = Reader()
    assert reader.feed(b"{}") == []
    assert reader.pending == b"{}"
    assert reader.feed(b"\n[") == [("", b"{}")]
    assert reader.pending == b"["
    assert reader.end() == b"["
    assert reader.end() == b""
    assert not reader.pending


def test_a_line_that_never_ends_is_refused() -> None:
    reader = Reader(limit=1000)
    assert not any(reader.feed(b"x") for _ in range(1000))
    with pytest.raises(TooLong, match="a line of more than 1000 bytes"):
        reader.feed(b"x")


def test_the_limit_is_of_one_line_and_not_of_the_stream() -> None:
    reader = Reader(limit=100)
    assert sum(len(reader.feed(b"x" * 60 + b"\ny")) for _ in range(100)) == 100


def test_a_line_in_very_many_pieces_is_not_looked_at_again_with_each() -> None:
    reader = Reader()
    assert not any(reader.feed(b"abcdefgh") for _ in range(200_000))
    [event] = reader.feed(b"\n")
    assert event.data == b"abcdefgh" * 200_000


STREAMS = st.lists(st.sampled_from([b"{}", b"\n", b"\r\n", b"\r", b" ", b'{"a":"b"}']) | st.binary(max_size=4)).map(
    b"".join
)


@FEW
@given(STREAMS, st.lists(st.integers(0, 100), max_size=6))
def test_any_bytes_at_any_split_are_the_same_lines(stream: bytes, places: list[int]) -> None:
    cuts = [0, *sorted(place for place in places if place < len(stream)), len(stream)]
    *lines, rest = (line.strip(b" \t\r") for line in stream.split(b"\n"))
    expected = [line for line in lines if line], rest
    assert read(stream) == expected
    assert read(*(stream[start:end] for start, end in pairwise(cuts))) == expected
    assert read(*(stream[at : at + 1] for at in range(len(stream)))) == expected
