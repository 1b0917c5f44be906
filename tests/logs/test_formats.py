"""How lines are written, and that nothing from outside can break out of one, in any form."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from proxy.logs.formats import RENDERERS, Format, render_console, render_json, render_logfmt, renderer
from proxy.logs.lines import RecordLine

#: What callers send: forged lines and fields, terminal commands, directions of script, halves of characters, megabytes.
HOSTILE = ['"\n{"level":"forged"}', "\ud800 alone", "\x1b[2J\x1b]0;owned\x07", "\r\nlevel=forged x", "\u2028\u2029\x85"]
HOSTILE += [
    "\u202egnp.exe",
    "\0",
    'a="b" level=forged',
    "=",
    "",
    " ",
    "\\",
    "é模\U0001f916",
    "\x9b31m",
    "m" * 1_000_000,
]


def record(text: str, **extra: Any) -> dict[str, Any]:
    return RecordLine(0.0, "info", "proxy", text, {"model": text, "names": [text], **extra}, None).fields()


@pytest.mark.parametrize("text", HOSTILE)
def test_json_is_one_line_that_reads_back(text: str) -> None:
    rendered = render_json(record(text, huge=1 << 80))
    assert b"\n" not in rendered
    back = json.loads(rendered)
    assert (back["message"], back["model"], back["names"], back["huge"]) == (text, text, [text], 1 << 80)


def read_logfmt(line: str) -> dict[str, str]:
    """As a reader does: names, `=`, and words or quoted words. Fails on anything else."""
    found, at = {}, 0
    while at < len(line):
        pair = re.compile(r'([\w.-]+)=("(?:[^"\\]|\\.)*"|[^\s"=]+)(?: |$)').match(line, at)
        assert pair is not None, line[at : at + 50]
        assert pair[1] not in found
        found[pair[1]] = json.loads(pair[2]) if pair[2].startswith('"') else pair[2]
        at = pair.end()
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_logfmt_is_one_line_that_reads_back(text: str) -> None:
    line = render_logfmt(record(text)).decode()
    assert line.isprintable()
    back = read_logfmt(line)
    assert (back["level"], back["message"], back["model"]) == ("info", text, text)
    assert json.loads(back["names"]) == [text]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_console_is_moved_by_nobody(text: str) -> None:
    line = render_console(record(text)).decode()
    assert line.isprintable()
    assert line.startswith("00:00:00.000 INFO    log ")


def test_logfmt_names_what_says_something() -> None:
    fields: dict[str, Any] = {
        "level": "info",
        "tokens": {"input": 3, "cache_read": 1},
        "none": None,
        "empty": [],
        "zero": 0,
        "off": False,
    }
    assert render_logfmt(fields) == b"level=info tokens.input=3 tokens.cache_read=1 zero=0 off=false"


def test_no_name_forges_a_field() -> None:
    assert render_logfmt({"a b=c\n": "d", "é": 1}) == b"a_b_c_=d _=1"


def test_a_traceback_stays_on_its_line_in_logfmt() -> None:
    fields = RecordLine(0.0, "error", "proxy", "failed", {}, "Traceback:\n  E\n").fields()
    assert read_logfmt(render_logfmt(fields).decode())["exception"] == "Traceback:\n  E\n"


def test_a_traceback_stands_below_its_line_for_people() -> None:
    line = RecordLine(
        0.0, "warning", "proxy", "a\nb\x1b[2J\ud800", {"x": 'c d\n"e"', "y": "k=v"}, "Traceback:\n  E\x1b[2J\nlast"
    )
    assert render_console(line.fields()).decode().split("\n") == [
        r'00:00:00.000 WARNING log a\nb\x1b[2J\ud800 logger=proxy x="c d\n\"e\"" y="k=v"',
        "Traceback:",
        r"  E\x1b[2J",
        "last",
    ]


@pytest.mark.parametrize(
    ("format", "terminal", "name"),
    [
        ("json", True, "json"),
        ("logfmt", True, "logfmt"),
        ("console", False, "console"),
        ("auto", True, "console"),
        ("auto", False, "json"),
    ],
)
def test_auto_goes_by_who_reads(format: Format, terminal: bool, name: str) -> None:
    assert renderer(format, terminal) is RENDERERS[name]
