"""What `outrider top` does: a live table of a running sidecar, once a second; one print where nobody could see it change.

It is fed by the ops port's `/status/events`. What is counted, and how it is laid out, is in top_table.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager

from proxy.commands_tail import url_fault
from proxy.terminal import complain, painter, write
from proxy.top_table import Recent, lines, report

OK, FAILED, REFUSED, INTERRUPTED, ENDED = 0, 1, 2, 130, 143
#: Another screen without a cursor, and back; home, and what is below. ECMA-48, and xterm's private modes 1049 and 25.
ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
HOME, LINE_END, BELOW = "\x1b[H", "\x1b[K\r\n", "\x1b[J"
QUIT = frozenset("qQ\x03")


def top(url: str, *, once: bool = False, as_json: bool = False) -> int:
    """0: it was shown; 1: no sidecar there; 2: wrong usage; 130: interrupted."""
    wrong = url_fault(url)
    if wrong is not None:
        complain([wrong])
        return REFUSED
    alone = sys.stdout.isatty() and not as_json and os.environ.get("TERM") != "dumb"
    try:
        return asyncio.run(watch(url.rstrip("/"), once=once or not (alone or as_json), as_json=as_json))
    except KeyboardInterrupt:
        return INTERRUPTED


async def watch(url: str, *, once: bool, as_json: bool) -> int:
    from proxy.upstream.ops_client import Unreachable

    try:
        if once or as_json:
            return await print_each(url, once=once, as_json=as_json)
        return await live(url)
    except Unreachable as trouble:
        complain([str(trouble)])
        return FAILED


async def live(url: str) -> int:
    """Until a key of QUIT, or SIGTERM, which would end Python at once and leave the terminal as it is now. Raises Unreachable."""
    with screen(), keys() as quitting:
        showing = asyncio.ensure_future(show(url))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, showing.cancel)
        await asyncio.wait([showing, quitting], return_when=asyncio.FIRST_COMPLETED)
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        trouble = None if showing.cancelled() else showing.exception()
    if trouble is not None:
        raise trouble
    return OK if quitting.done() else ENDED


async def print_each(url: str, *, once: bool, as_json: bool) -> int:
    """A table or a line of JSON for each status, or for the first alone: all calls that are remembered come before it."""
    from proxy.upstream.ops_client import follow

    recent, paint = Recent(time.time), painter(sys.stdout, os.environ)
    async with aclosing(follow(url, 0, lambda trouble: complain([f"{url}: {trouble}; trying again"]))) as events:
        async for event in events:
            if event.kind == "call":
                recent.add(event.data)
                continue
            found = report(event.data, recent)
            text = json.dumps(found) if as_json else "\n".join(lines(found, paint))
            if not write(f"{text}\n") or once:
                break
    return OK


async def show(url: str) -> None:
    """Raises Unreachable."""
    from proxy.upstream.ops_client import follow

    recent, paint = Recent(time.time), painter(sys.stdout, os.environ)

    def lost(trouble: str) -> None:
        width = shutil.get_terminal_size().columns
        write(HOME + paint(f"trying again: {trouble}"[: width - 1], "red") + "\x1b[K")

    async with aclosing(follow(url, 0, lost)) as events:
        async for event in events:
            if event.kind == "call":
                recent.add(event.data)
                continue
            width, height = shutil.get_terminal_size()
            draw(list(lines(report(event.data, recent), paint, width - 1))[: height - 1])


def draw(text: list[str]) -> None:
    write(HOME + "".join(f"{line}{LINE_END}" for line in text) + BELOW)


@contextmanager
def screen() -> Iterator[None]:
    """What was on the terminal is there again afterwards."""
    write(ENTER)
    try:
        yield
    finally:
        write(LEAVE)


@contextmanager
def keys() -> Iterator[asyncio.Future[None]]:
    """A future that is done when a key of QUIT is pressed; never, where standard input is no terminal."""
    loop = asyncio.get_running_loop()
    quitting: asyncio.Future[None] = loop.create_future()
    if not sys.stdin.isatty():
        yield quitting
        return
    import termios
    import tty

    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)

    def pressed() -> None:
        typed = os.read(number, 16).decode("latin-1")
        if (not typed or QUIT & set(typed)) and not quitting.done():
            quitting.set_result(None)

    try:
        tty.setcbreak(number)
        loop.add_reader(number, pressed)
        yield quitting
    finally:
        loop.remove_reader(number)
        termios.tcsetattr(number, termios.TCSADRAIN, before)
