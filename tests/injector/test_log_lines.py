"""Lines of the log: JSON, one each, and nothing of a pod in them that an exception might say."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from proxy.injector.log_lines import LONGEST_TEXT, write_lines

CANARY = "sk-canary-0123456789"


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    found = io.StringIO()
    write_lines("info", found)
    yield found
    root.handlers, root.level = before, level


def lines(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_record_is_one_line_with_its_extra(output: io.StringIO) -> None:
    log = logging.getLogger("outrider.test")
    log.info("two\nlines of %s", "text", extra={"namespace": "shop", "level": "mine", "time": 1})
    log.debug("not shown")
    (line,) = lines(output)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "event": "log",
        "logger": "outrider.test",
        "message": "two\nlines of text",
        "namespace": "shop",
    }


def test_an_exception_is_told_without_its_words(output: io.StringIO) -> None:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise ValueError(f"the value {CANARY} is wrong") from error
    except ValueError:
        logging.getLogger("outrider.test").exception("it broke")
    (line,) = lines(output)
    assert CANARY not in json.dumps(line)
    assert "builtins.ValueError" in line["exception"]
    assert line["exception"].index("KeyError") < line["exception"].index("ValueError")
    assert "test_log_lines.py" in line["exception"]


def test_what_is_no_json_and_what_is_too_long_is_written_all_the_same(output: io.StringIO) -> None:
    logging.getLogger("outrider.test").warning("x" * 2 * LONGEST_TEXT, extra={"file": io})
    (line,) = lines(output)
    assert len(line["message"]) == LONGEST_TEXT
    assert "module" in line["file"]
