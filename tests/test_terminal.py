"""Colours only where they are seen, text that stays in its line, and progress of what takes long."""

from __future__ import annotations

import asyncio
import io
import sys

import pytest

from proxy import terminal
from proxy.terminal import Progress, columns, complain, duration, painter, safe, write


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "text"),
    [
        (Screen(), {}, "\x1b[31mx\x1b[0m"),
        (Screen(), {"NO_COLOR": ""}, "\x1b[31mx\x1b[0m"),  # empty counts as not set, as no-color.org has it
        (Screen(), {"NO_COLOR": "0"}, "x"),
        (Screen(), {"TERM": "dumb"}, "x"),
        (io.StringIO(), {}, "x"),
    ],
)
def test_who_gets_colours(stream: io.StringIO, environ: dict[str, str], text: str) -> None:
    assert painter(stream, environ)("x", "red") == text
    assert painter(stream, environ)("x", "") == "x"


def test_text_from_outside_stays_in_its_line_and_small() -> None:
    assert safe("a\r\n\x1b[2J\u202eb\ud800") == "a\\r\\n\\x1b[2J\\u202eb\\ud800"
    assert safe("x" * 300, 10) == "xxxxxxxxx…"
    assert (safe(None), safe(5)) == ("None", "5")


def test_columns() -> None:
    assert columns([["a", "bbb"], ["ccc", "d"]], frozenset({1})) == [["a  ", "bbb"], ["ccc", "  d"]]


def test_what_the_terminal_cannot_say_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii", write_through=True))
    assert write("ä…\n")
    assert raw.getvalue() == b"\\xe4\\u2026\n"


def test_complaints_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    complain(["one", "two"])
    assert capsys.readouterr() == ("", "outrider: one\noutrider: two\n")


async def shown(stream: io.StringIO, seconds: float) -> str:
    async with Progress(lambda: ["openai", "g\nroq"], lambda: 5, stream):
        await asyncio.sleep(seconds)
    return stream.getvalue()


async def test_nothing_is_told_of_what_is_quick() -> None:
    assert await shown(Screen(), 0.01) == ""


async def test_what_takes_longer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "FIRST", 0.02)
    monkeypatch.setattr(terminal, "AGAIN", 0.02)
    assert await shown(io.StringIO(), 0.05) == "outrider: 3 of 5 done in 0 s; waiting for openai, g\\nroq\n"
    text = await shown(Screen(), 0.1)
    assert text.count("3 of 5 done") > 1
    assert "\n" not in text
    assert text.endswith("\r\x1b[K")


def test_how_long_something_took() -> None:
    assert [duration(each) for each in (480, 2309.6, None, "x")] == ["480 ms", "2.31 s", "-", "-"]
