"""What one more chunk of a stream costs, in Python calls: exact where a clock is not, and free of the noise of the machine.

Two streams are counted, one twice as long; the difference is what the chunks cost. They go in lock step over real sockets,
so that each is one read and one write. Only our own side is counted: what the test itself calls is not.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, cast

import pytest
import uvloop

from tests.promises.caller import chat, http
from tests.promises.sidecars import InLoop, anthropic_like, openai_like, sidecar
from tests.promises.upstream import Link, Provider
from tests.promises.wires import (
    OPENAI_OPENING,
    anthropic_end,
    anthropic_opening,
    anthropic_word,
    openai_end,
    openai_word,
)

CHUNKS = 400
TESTS = str(Path(__file__).parent)

#: Python calls for each chunk more. Measured; a change that needs more has to say here why.
RELAYED = 4.0
TRANSLATED = 5.0


class Listener(asyncio.Protocol):
    """An application that asks the provider for the next chunk as soon as it has the one before."""

    def __init__(self, next: Callable[[], bool]) -> None:
        self._next = next
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self._next() and not self.ended.done():
            self.ended.set_result(None)


class Counter:
    """A profile function (sys.setprofile) that counts the calls of Python functions that are not the tests'."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and not frame.f_code.co_filename.startswith(TESTS):
            self.calls += 1


async def calls_of_stream(running: InLoop, provider: Provider, wire: tuple[bytes, bytes, bytes], chunks: int) -> int:
    opening, word, end = wire
    link: list[Link] = []
    left = iter(range(chunks))

    def say() -> bool:
        if next(left, None) is None:
            return False
        link[0].chunk(word)
        return True

    loop, counter = asyncio.get_running_loop(), Counter()
    transport, listener = await loop.create_connection(lambda: Listener(say), "127.0.0.1", running.port)
    transport.write(http(chat(stream=True)))
    link.append((await provider.asked()).link)
    sys.setprofile(counter)
    try:
        link[0].start()
        link[0].chunk(opening + word)
        await asyncio.wait_for(listener.ended, 20)
    finally:
        sys.setprofile(None)
    link[0].chunk(end)
    link[0].finish()
    await running.is_idle()
    transport.close()
    return counter.calls


async def calls_per_chunk(
    directory: Path, like: Callable[..., dict[str, Any]], wire: tuple[bytes, bytes, bytes]
) -> float:
    async with Provider() as provider, sidecar(directory, {"up": like(provider.url)}) as running:
        await calls_of_stream(running, provider, wire, 10)
        few = await calls_of_stream(running, provider, wire, CHUNKS)
        many = await calls_of_stream(running, provider, wire, 2 * CHUNKS)
    return round((many - few) / CHUNKS, 1)


WIRES = {
    "relayed": (openai_like, (OPENAI_OPENING, openai_word("hi"), openai_end()), RELAYED),
    "translated": (anthropic_like, (anthropic_opening(), anthropic_word("hi"), anthropic_end()), TRANSLATED),
}


@pytest.mark.parametrize("how", WIRES)
def test_one_more_chunk(how: str, tmp_path: Path) -> None:
    like, wire, bound = WIRES[how]
    assert uvloop.run(calls_per_chunk(tmp_path, like, wire)) <= bound
