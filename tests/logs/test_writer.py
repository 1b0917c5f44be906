"""Lines to bytes to an output that may be torn, full, gone, and there again; what was lost is counted and said."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from proxy.logs.formats import render_json
from proxy.logs.lines import RecordLine
from proxy.logs.writer import BACK, GONE, Writer


class Place:
    """An output that takes `takes` bytes more, and then fails."""

    def __init__(self, takes: int = 1 << 20, chunk: int = 1 << 20) -> None:
        self.data = b""
        self.takes = takes
        self.chunk = chunk
        self._read, self._write = os.pipe()

    def write(self, data: memoryview, /) -> int | None:
        if not self.takes:
            raise OSError(28, "No space left on device")
        part = bytes(data[: min(self.takes, self.chunk)])
        self.data += part
        self.takes -= len(part)
        return len(part)

    def fileno(self) -> int:
        return self._write

    def isatty(self) -> bool:
        return False

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.data.splitlines()]


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Callable[..., Place]:
    def make(*arguments: int) -> Place:
        place = Place(*arguments)
        request.addfinalizer(place.close)
        return place

    return make


def line(number: int) -> RecordLine:
    return RecordLine(0.0, "info", "proxy", f"line {number}", {}, None)


SIZE = len(render_json(line(1).fields())) + 1


def writer(output: Place, beside: Place | None = None, clean: Callable[[bytes], bytes] = bytes) -> Writer:
    return Writer(render_json, output, clean, lambda: 1.0, beside)


@pytest.mark.parametrize("chunk", [1, 7, SIZE, 10_000])
def test_lines_arrive_whole_however_little_goes_at_once(chunk: int, place: Callable[..., Place]) -> None:
    output = place(1 << 20, chunk)
    writer(output).write([line(1), line(2)])
    assert [each["message"] for each in output.lines()] == ["line 1", "line 2"]


def test_all_lines_are_cleaned(place: Callable[..., Place]) -> None:
    output = place()
    writer(output, clean=lambda data: data.replace(b"line", b"[redacted]")).write([line(1), line(2)])
    assert [each["message"] for each in output.lines()] == ["[redacted] 1", "[redacted] 2"]


@pytest.mark.parametrize("taken", [0, 1, SIZE - 1, SIZE, SIZE + 1, 2 * SIZE])
def test_what_did_not_fit_is_lost_and_what_comes_later_is_not(taken: int, place: Callable[..., Place]) -> None:
    output = place(taken)
    made = writer(output)
    made.write([line(1), line(2), line(3)])
    assert made.lost == 3 - taken // SIZE
    output.takes = 1 << 20
    made.write([line(4)])
    assert made.lost == 3 - taken // SIZE
    whole = [each for each in output.data.splitlines() if each.endswith(b"}")]
    assert [json.loads(each)["message"] for each in whole] == [
        *(f"line {number + 1}" for number in range((taken + 1) // SIZE)),  # one that lacks but its end is readable
        "line 4",
        BACK,
    ]
    assert json.loads(whole[-1])["lines_lost"] == made.lost


def test_it_is_said_once_beside_that_the_log_is_gone(place: Callable[..., Place]) -> None:
    output, beside = place(0), place()
    made = writer(output, beside)
    for number in range(5):
        made.write([line(number)])
    [said] = beside.lines()
    assert (said["level"], said["message"], said["fault"]) == ("error", GONE, "No space left on device")
    output.takes = 1 << 20
    made.write([line(5)])
    output.takes = 0
    made.write([line(6)])
    assert [each["message"] for each in beside.lines()] == [GONE, GONE]
    assert made.lost == 6


def test_nobody_is_waited_for_beside(place: Callable[..., Place]) -> None:
    output, beside = place(0), place()
    os.set_blocking(beside.fileno(), False)
    with suppress(BlockingIOError):
        while True:
            os.write(beside.fileno(), b"#" * 4096)
    made = writer(output, beside)
    made.write([line(1)])
    assert (made.lost, beside.data) == (1, b"")
