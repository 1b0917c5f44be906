"""What a sink makes of its choices: samples, a file, exceptions and content; and numbers that no format takes."""

from __future__ import annotations

import atexit
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from proxy.call import Call, Failure, Outcome
from proxy.logs import Sampling, Sink, setup
from proxy.logs.lines import RecordLine
from proxy.logs.sink import CONTENT_WAITING
from proxy.logs.tracebacks import WITHHELD
from proxy.logs.writer import GONE
from tests.logs.test_lines import PROMPT, new_call

Make = Callable[..., Sink]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """`setup`, with standard error in `tmp_path / "stderr"`."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    made: list[Sink] = []
    with FileIO(tmp_path / "stderr", "w") as stream:

        def setting(**choices: Any) -> Sink:
            made.append(setup(stream=stream, **choices))
            return made[-1]

        yield setting
        logging.captureWarnings(False)
        for sink in made:
            sink.close()
            atexit.unregister(sink.close)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def calls(number: int) -> list[Call]:
    return [new_call(id=f"{each:032x}") for each in range(number)]


def test_a_sample_of_calls_gets_a_line_and_the_rest_is_counted(make: Make, tmp_path: Path) -> None:
    sink = make(sampling=Sampling(success=0.1, failure=1.0))
    for call in calls(1000):
        sink.log_call(call, Outcome(200), 1.0)
        sink.log_content(RecordLine(0.0, "info", "content", call.id, {}, None), call, False)
    for call in calls(50):
        sink.log_call(call, Failure("timeout", "late"), 1.0)
    assert sink.close()
    found = lines(tmp_path / "stderr")
    well = {line["id"] for line in found if line["event"] == "call" and line["kind"] is None}
    assert 50 < len(well) < 150
    assert sink.sampled_out == 1000 - len(well)
    assert sum(line.get("kind") == "timeout" for line in found) == 50
    content = {line["message"] for line in found if line["event"] == "log"}
    assert content <= well
    assert len(content) == min(len(well), CONTENT_WAITING) or sink.dropped == 0


def test_content_that_waits_is_bounded(make: Make) -> None:
    sink = make()
    for call in calls(CONTENT_WAITING * 3):
        sink.log_content(RecordLine(0.0, "info", "content", "x" * 5000, {}, None), call, False)
        assert sink.content_waiting[0] <= CONTENT_WAITING
    assert sink.close()
    assert sink.dropped >= CONTENT_WAITING - 50


def test_no_content_is_told_above_level_info(make: Make, tmp_path: Path) -> None:
    sink = make(level="warning")
    sink.log_content(RecordLine(0.0, "info", "content", "x", {}, None), calls(1)[0], False)
    assert sink.close()
    assert lines(tmp_path / "stderr") == []


def test_lines_go_to_a_file_and_a_rotated_one_is_made_anew(make: Make, tmp_path: Path) -> None:
    log = tmp_path / "log"
    sink = make(file=str(log))
    sink.log_call(calls(1)[0], Outcome(200), 1.0)
    assert sink.close()
    log.rename(tmp_path / "log.1")
    again = make(file=str(log), format="logfmt")
    again.log_call(calls(1)[0], Outcome(200), 1.0)
    assert again.close()
    assert [line["event"] for line in lines(tmp_path / "log.1")] == ["call"]
    assert log.read_text().startswith("time=")
    assert lines(tmp_path / "stderr") == []


def test_a_file_that_cannot_be_had_costs_lines_and_is_said_on_standard_error(make: Make, tmp_path: Path) -> None:
    sink = make(file="/dev/full")
    for call in calls(100):
        sink.log_call(call, Outcome(200), 1.0)
    assert sink.close()
    assert sink.dropped == 100
    assert [(line["level"], line["message"]) for line in lines(tmp_path / "stderr")] == [("error", GONE)]


def test_a_terminal_gets_lines_for_people(tmp_path: Path) -> None:
    terminal, side = os.openpty()
    with FileIO(side, "w") as stream:
        sink = Sink("auto", "info", stream)
        sink.log_call(calls(1)[0], Outcome(200), 1.0)
        assert sink.close()
        assert b" INFO    call id=0000" in os.read(terminal, 1000)
    os.close(terminal)


def failing() -> None:
    try:
        int(PROMPT)
    except ValueError:
        logging.getLogger("proxy").exception("failed")


@pytest.mark.parametrize("whole", [True, False])
def test_exceptions_keep_to_themselves_what_may_be_a_call_s(make: Make, tmp_path: Path, whole: bool) -> None:
    sink = make(whole=whole)
    failing()
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task exception=%r>", PROMPT)
    assert sink.close()
    failed, never = lines(tmp_path / "stderr")
    assert "ValueError: " in failed["exception"]
    assert (PROMPT in failed["exception"]) == whole
    assert (WITHHELD in failed["exception"]) == (not whole)
    assert (PROMPT in never["message"]) == whole
    assert never["message"].startswith("Task exception was never retrieved")


def test_numbers_that_no_format_takes_are_lines_all_the_same(make: Make, tmp_path: Path) -> None:
    sink = make()
    extra = {"huge": 10**5000, "large": 1 << 80, "nan": float("nan"), "list": [10**5000], "odd": "\ud800", "yes": True}
    logging.getLogger("proxy").info("numbers", extra=extra)
    assert sink.close()
    [line] = lines(tmp_path / "stderr")
    assert {name: line[name] for name in extra} == {
        "huge": "a very large number",
        "large": 1 << 80,
        "nan": "nan",
        "list": ["a very large number"],
        "odd": "\ud800",
        "yes": True,
    }


SCRIPT = """
import logging
from proxy.logs import setup
sink = setup("json", "info")
sink.redact("canary-value-0123456789")
logging.getLogger("proxy").info("begun")
raise RuntimeError("canary-value-0123456789")
"""


def test_the_last_words_of_a_process_are_written_and_clean() -> None:
    process = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, timeout=30)
    first, last = (json.loads(line) for line in process.stderr.splitlines())
    assert first["message"] == "begun"
    assert (last["level"], last["message"]) == ("critical", "uncaught exception")
    assert last["exception"].endswith("RuntimeError: [redacted]\n")
    assert process.returncode == 1
