"""Lines vouch for themselves: cut off anywhere they say what came before, changed anywhere they say less and never more."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.ledger.lines import HEAD, Line, Read, parse_line, parse_lines, render_line, render_lines

KEYS = st.sampled_from(["1f0c2d3e4f5a6b7c::team", "1f0c2d3e4f5a6b7c:other:Größe \n\0\"'", ""])
LINES = st.lists(
    st.tuples(KEYS, st.integers(0, 2**40), st.integers(0, 10**30 - 1), st.integers(0, 2**63 - 1)), max_size=12
)
THREE: list[Line] = [("a", 60, 5 * 10**20, 1), ("a", 60, 7 * 10**20, 2), ("b", 60, 1, 2**62)]


def latest(lines: list[Line]) -> set[Line]:
    return set({line[:2]: line for line in lines}.values())


@given(LINES)
def test_what_was_written_is_read(lines: list[Line]) -> None:
    data = HEAD + render_lines(lines)
    read = parse_lines(data)
    assert set(read.lines) == latest(lines)
    assert (read.whole, read.bad) == (len(data), 0)


def test_the_latest_comes_last() -> None:
    read = parse_lines(HEAD + render_lines([*THREE, THREE[1]]))
    assert read.lines == [THREE[2], THREE[1]]


def test_cut_off_anywhere() -> None:
    """No corruption, and nothing that was whole is missing."""
    data = HEAD + render_lines(THREE)
    ends = [len(HEAD + render_lines(THREE[:count])) for count in range(4)]
    for cut in range(len(data) + 1):
        for tail in (b"", b"\0" * 9):
            read = parse_lines(data[:cut] + tail) if cut >= len(HEAD) else parse_lines(data[:cut])
            whole = sum(end <= cut for end in ends) - 1
            assert set(read.lines) == (latest(THREE[:whole]) if whole > 0 else set())
            assert (read.bad, read.whole) == (0, ends[whole] if whole >= 0 else 0)


@settings(max_examples=300)
@given(st.data())
def test_changed_anywhere(data: st.DataObject) -> None:
    """It is noticed, and whatever is believed was written."""
    whole = bytearray(HEAD + render_lines(THREE))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    read = parse_lines(bytes(whole))
    assert set(read.lines) <= set(THREE)
    assert read.bad or read.whole < len(whole)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    assert parse_lines(data).lines == parse_lines(HEAD + data).lines == []


@pytest.mark.parametrize("data", [b"", HEAD[:5], HEAD])
def test_a_file_that_was_just_made(data: bytes) -> None:
    assert parse_lines(data) == Read([], len(data) if data == HEAD else 0, 0)


@pytest.mark.parametrize(
    "line",
    [
        ("a", -1, 5, 1),
        ("a" * 401, 0, 5, 1),
        ("a", 0, 10**30, 1),
        ("a", 0, -5, 1),
        ("a", 0, 5, -1),
        ("a", 0, 5, 2**63),
        ("a", True, 5, 1),
        (7, 0, 5, 1),
    ],
)
def test_what_vouches_for_itself_and_makes_no_sense(line: Line) -> None:
    assert parse_line(render_line(line)[:-1]) is None
