"""The way of a line from the loop to the output: whole, in order, without secrets, and never waited for."""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from proxy.call import Call, Outcome, Target
from proxy.logs import Sink, setup
from proxy.logs.formats import Format
from proxy.logs.sink import LONGEST_TEXT, WAITING

CANARY = "canary-value-0123456789"
CALL = cast(
    Call,
    SimpleNamespace(
        id="1",
        target=Target("mock", "m", None),
        model="m",
        stream=False,
        attempts=1,
        usage=None,
        ttft=None,
        dropped=[],
        trail=(),
        cost=None,
        cache="",
        operation="chat",
        phase="streaming",
        upstream_seconds=0.0,
        queued=0.0,
        translated=(),
        identity="",
    ),
)


class Log:
    """A sink on a file, and the lines in the file once the sink is closed."""

    def __init__(self, path: Path, stream: FileIO) -> None:
        self.path = path
        self.stream = stream
        self.sinks: list[Sink] = []

    def setup(self, format: Format = "json", level: str = "info") -> Sink:
        self.sinks.append(setup(format, level, self.stream))
        return self.sinks[-1]

    def text(self) -> str:
        for sink in self.sinks:
            assert sink.close()
        return self.path.read_text()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    with FileIO(tmp_path / "log", "w") as stream:
        log = Log(tmp_path / "log", stream)
        yield log
        logging.captureWarnings(False)
        for sink in log.sinks:
            sink.close()
            atexit.unregister(sink.close)


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def test_lines_leave_in_order(log: Log) -> None:
    sink = log.setup()
    for number in range(500):
        sink.log_call(CALL, Outcome(200), float(number))
    assert [line["duration_ms"] for line in log.lines()] == [number * 1000.0 for number in range(500)]
    assert (sink.dropped, sink.waiting) == (0, 0)


def test_lines_leave_without_being_asked_for(log: Log) -> None:
    sink = log.setup()
    sink.log_call(CALL, Outcome(200), 1.0)
    wait_until(lambda: log.path.stat().st_size > 0)
    sink.log_call(CALL, Outcome(200), 2.0)
    wait_until(lambda: log.path.read_text().count("\n") == 2)


def test_records_carry_their_extra_and_their_traceback(log: Log) -> None:
    log.setup()
    try:
        raise KeyError("gone")
    except KeyError:
        logging.getLogger("proxy.app").exception("could not %s", "serve", extra={"port": 11411, "hosts": ["::1"]})
    [line] = log.lines()
    assert (line["level"], line["logger"], line["message"]) == ("error", "proxy.app", "could not serve")
    assert (line["port"], line["hosts"]) == (11411, ["::1"])
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("KeyError: 'gone'\n")


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("format", ["json", "console"])
def test_a_secret_leaves_through_no_door(log: Log, format: Format) -> None:
    sink = log.setup(format, "debug")
    sink.redact(CANARY)
    logger = logging.getLogger("proxy")
    logger.info("message %s", CANARY)
    logger.info("extra", extra={"key": CANARY, "headers": {"x-api-key": "abc12"}})
    logger.info(CANARY * 3000)
    sink.log_call(cast(Call, SimpleNamespace(**vars(CALL) | {"model": CANARY})), Outcome(200), 1.0)
    try:
        raise ValueError(f"refused {CANARY} and Bearer abcdef")
    except ValueError as error:
        logger.exception("failed")
        sys.excepthook(ValueError, error, error.__traceback__)
    warnings.warn(f"careless {CANARY}", UserWarning, stacklevel=1)
    text = log.text()
    assert text.count("[redacted]") >= 8
    assert "careless" in text
    assert "uncaught" in text
    for part in (CANARY, CANARY[:12], "abc12", "abcdef"):
        assert part not in text


def test_the_level_is_kept(log: Log) -> None:
    sink = log.setup(level="warning")
    sink.log_call(CALL, Outcome(200), 1.0)
    logging.getLogger("proxy").info("no")
    logging.getLogger("proxy").warning("yes")
    assert [line["message"] for line in log.lines()] == ["yes"]


def test_a_record_that_does_not_fit_its_format_is_a_line_all_the_same(log: Log) -> None:
    log.setup()
    logging.getLogger("proxy").info("%d things", "many")
    assert [line["message"] for line in log.lines()] == ["%d things (its arguments do not fit)"]


def test_a_record_keeps_no_object_alive(log: Log) -> None:
    class Body:
        gone = False

        def __del__(self) -> None:
            Body.gone = True

        def __str__(self) -> str:
            return "body"

    sink = log.setup()
    body = Body()
    logging.getLogger("proxy").info("%s", body, extra={"body": body})
    del body
    assert Body.gone
    assert sink.waiting <= 1
    assert [line["message"] for line in log.lines()] == ["body"]


def test_long_text_is_cut(log: Log) -> None:
    log.setup()
    logging.getLogger("proxy").info("x" * 1_000_000)
    [line] = log.lines()
    assert len(line["message"]) == LONGEST_TEXT


@pytest.fixture
def blocked() -> Iterator[tuple[int, FileIO]]:
    """A pipe that is full: the end to read from, and the end on which a write blocks."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write, b"#" * 4096)
    os.set_blocking(write, True)
    with FileIO(write, "w") as stream:
        yield read, stream
    with suppress(OSError):
        os.close(read)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_blocked_output_costs_lines_and_not_time(blocked: tuple[int, FileIO], blocking: bool) -> None:
    read, stream = blocked
    os.set_blocking(stream.fileno(), blocking)
    sink = Sink("json", "info", stream)
    for _ in range(WAITING * 2):
        sink.log_call(CALL, Outcome(200), 1.0)
    assert sink.waiting <= WAITING
    assert sink.dropped >= WAITING - 1000
    started = time.monotonic()
    assert not sink.close(timeout=0.2)
    assert time.monotonic() - started < 2
    accepted = WAITING * 2 - sink.dropped
    reader = threading.Thread(target=read_lines, args=(read, accepted))
    reader.start()
    assert sink.close(timeout=10)
    reader.join(10)
    assert not reader.is_alive()
    assert WAITING * 2 - sink.dropped == accepted


def read_lines(descriptor: int, count: int) -> None:
    while count > 0:
        count -= os.read(descriptor, 1 << 16).count(b"\n")


def test_an_output_that_is_gone_costs_lines_and_nothing_else(blocked: tuple[int, FileIO]) -> None:
    read, stream = blocked
    sink = Sink("json", "info", stream)
    os.close(read)
    sink.log_call(CALL, Outcome(200), 1.0)
    wait_until(lambda: sink.dropped == 1)
    assert sink.close()


def test_after_closing_lines_are_written_at_once_and_clean(log: Log) -> None:
    sink = log.setup()
    sink.redact(CANARY)
    assert sink.close()
    logging.getLogger("proxy").warning("too late for %s", CANARY)
    assert json.loads(log.path.read_text())["message"] == "too late for [redacted]"
    log.stream.close()
    logging.getLogger("proxy").warning("far too late")
    assert sink.dropped == 1
