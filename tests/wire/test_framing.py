"""What a meter asks of a framing: where events begin in bytes that begin anywhere, and whether they stop inside one."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from proxy.wire.events import Event
from proxy.wire.eventstream import render_event
from proxy.wire.framing import FRAMINGS

#: Whole events of each framing, and what comes before the first and after the last.
STREAMS: Mapping[str, tuple[list[bytes], bytes, bytes]] = {
    "sse": ([b'data: {"n":%d}\n\n' % number for number in range(20)], b"", b""),
    "ndjson": ([b'{"n":%d}\n' % number for number in range(20)], b"", b""),
    "eventstream": ([render_event("chunk", b'{"n":%d}' % number) for number in range(20)], b"", b""),
    "json_array": ([b'{"n":%d}\n' % 0, *(b',\r\n{"n":%d}\n' % number for number in range(1, 20))], b"[", b"]"),
}
NUMBERS = [b'{"n":%d}' % number for number in range(20)]


def wire_of(name: str) -> bytes:
    events, before, after = STREAMS[name]
    return before + b"".join(events) + after


def payloads(name: str, data: bytes) -> list[bytes]:
    events: list[Event] = FRAMINGS[name].reader(1 << 20).feed(data)
    return [event.data.strip() for event in events]


@pytest.mark.parametrize("name", FRAMINGS)
def test_every_framing_is_read(name: str) -> None:
    assert payloads(name, wire_of(name)) == NUMBERS


@pytest.mark.parametrize("name", FRAMINGS)
def test_what_begins_anywhere_is_read_from_the_next_event_on(name: str) -> None:
    wire = wire_of(name)
    for start in range(1, len(wire) - 1):
        rest = FRAMINGS[name].resume(wire[start:])
        found = payloads(name, rest) if rest else []
        assert found == NUMBERS[len(NUMBERS) - len(found) :]
        # At most the event that was cut, and one that only seems to be, are lost.
        assert len(found) >= len(wire[start:]) // max(map(len, STREAMS[name][0])) - 2


@pytest.mark.parametrize("name", FRAMINGS)
def test_a_cut_leaves_whole_events_and_what_comes_after_the_place(name: str) -> None:
    wire = wire_of(name)
    for upto in range(60, len(wire)):
        rest = FRAMINGS[name].cut(wire, upto)
        assert rest is not None
        assert len(rest) >= len(wire) - upto
        found = payloads(name, rest)
        assert found == NUMBERS[len(NUMBERS) - len(found) :]


@pytest.mark.parametrize("name", FRAMINGS)
def test_without_a_boundary_there_is_nothing_to_begin_at(name: str) -> None:
    assert FRAMINGS[name].cut(b"x" * 100, 90) is None
    assert FRAMINGS[name].resume(b"x" * 100) is None


@pytest.mark.parametrize("name", FRAMINGS)
def test_midway(name: str) -> None:
    events, before, _ = STREAMS[name]
    whole = before + b"".join(events[:3])
    assert not FRAMINGS[name].midway(whole)
    assert FRAMINGS[name].midway(before + b"".join(events[:4])[:-4])


@pytest.mark.parametrize("rest", [b"", b": ping\n", b"event: x\n", b"\r\n"])
def test_what_a_blank_line_may_complete_is_not_midway(rest: bytes) -> None:
    assert not FRAMINGS["sse"].midway(b"data: 1\n\n" + rest)
    assert FRAMINGS["sse"].midway(b"data: 1\r\n\r\ndata: 2")
