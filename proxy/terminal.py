"""What a terminal shows: colours where there is one, text that cannot move the cursor, and progress of what takes long.

Colours are for terminals alone, and for none where NO_COLOR is set (https://no-color.org/) or TERM is `dumb`. What is told beside
the result goes to standard error.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

#: ECMA-48, section 8.3.117.
COLOURS: Mapping[str, str] = {
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "dim": "2",
    "bold": "1",
}
Paint = Callable[[str, str], str]
#: Seconds after which it is told what is waited for, and again: on a terminal, and elsewhere, where each is a line.
FIRST, AGAIN, AGAIN_ELSEWHERE = 1.0, 0.2, 5.0
LONGEST_PROGRESS = 78


def is_coloured(stream: TextIO, environ: Mapping[str, str]) -> bool:
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def painter(stream: TextIO, environ: Mapping[str, str]) -> Paint:
    """What paints a text in one of COLOURS, or leaves it as it is."""
    return painted if is_coloured(stream, environ) else plain


def painted(text: str, colour: str) -> str:
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if colour else text


def plain(text: str, colour: str) -> str:
    return text


def safe(value: object, longest: int = 200) -> str:
    """A value in one line that came from outside: what is not printable is escaped, and what is too long is cut."""
    text = value if isinstance(value, str) else str(value)
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in cut)


def duration(milliseconds: Any) -> str:
    """`480 ms`, `2.31 s`; `-` for what is no number."""
    if not isinstance(milliseconds, int | float):
        return "-"
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f} s"


def columns(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> list[list[str]]:
    """The cells, filled up to the width of their column; those of the columns in `right` from the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = [str.rjust if at in right else str.ljust for at in range(len(widths))]
    return [[side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True)] for row in rows]


def write(text: str) -> bool:
    """To standard output, at once. False where whoever read it has gone; Python would complain of that again at exit."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    except UnicodeEncodeError:
        sys.stdout.buffer.write(text.encode(sys.stdout.encoding, "backslashreplace"))
        sys.stdout.flush()
    return True


def complain(texts: Iterable[str]) -> None:
    sys.stderr.writelines(f"outrider: {text}\n" for text in texts)


class Progress:
    """`async with` around what may take more than a second: then it is told what is still waited for.

    waiting: names of what is under way. total: of how many.
    """

    def __init__(
        self, waiting: Callable[[], Sequence[str]], total: Callable[[], int], stream: TextIO | None = None
    ) -> None:
        self._waiting = waiting
        self._total = total
        self._stream = stream or sys.stderr
        self._task: asyncio.Task[None] | None = None
        self._shown = False

    async def __aenter__(self) -> None:
        self._task = asyncio.ensure_future(self._tell())

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._shown and self._stream.isatty():
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    async def _tell(self) -> None:
        await asyncio.sleep(FIRST)
        begun = asyncio.get_running_loop().time() - FIRST
        alone = self._stream.isatty()
        while True:
            names = self._waiting()
            passed = asyncio.get_running_loop().time() - begun
            text = f"{self._total() - len(names)} of {self._total()} done in {passed:.0f} s; waiting for {', '.join(names)}"
            text = safe(text, LONGEST_PROGRESS)
            self._stream.write(f"\r\x1b[K{text}" if alone else f"outrider: {text}\n")
            self._stream.flush()
            self._shown = True
            await asyncio.sleep(AGAIN if alone else AGAIN_ELSEWHERE)
