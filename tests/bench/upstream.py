"""The fake provider: the cheapest server that can speak every wire, so that what is measured is what stands before it.

Raw protocol on uvloop; requests are recognised by their path, streams by it or by `"stream": true`. Streams send their opening at
once and are then paced together by one clock: at each tick the next few streams in turn get one event each, its own
write, with CLOCK_MONOTONIC (which all processes of a machine share) inside its text.
`GET /bench/pace/RATE/BURST` sets events per second over all streams and how many of them get one at a tick;
`GET /bench/stop` ends every stream well and answers how many events were sent; `GET /bench/asked` how many calls there were.
It checks nothing about the caller: keys, models and parameters are another test's business.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import re
import sys
import time
from typing import cast

import uvloop

from tests.bench.framing import Wire, answer
from tests.bench.wires import BY_BODY, STREAMS

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAM = re.compile(rb'"stream"\s*:\s*true')


class Clock:
    """A timer of the kernel (timerfd_create(2)); event loops round theirs to whole milliseconds."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.fd: int = self._libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")

    def every(self, nanoseconds: int) -> None:
        """Tick at this period from now on; 0 stops the clock."""
        period = divmod(nanoseconds, 1_000_000_000)
        if self._libc.timerfd_settime(self.fd, 0, (ctypes.c_long * 4)(*period, *period), None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def ticks(self) -> int:
        """How many periods have passed since the last question; none when the clock was set anew meanwhile."""
        try:
            return int.from_bytes(os.read(self.fd, 8), sys.byteorder)
        except BlockingIOError:
            return 0


class Pacer:
    """All open streams and the one clock that paces them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._streams: list[tuple[Wire, asyncio.Transport]] = []
        self._turn = 0
        self._burst = 1
        self._sent = 0
        self.asked = 0

    def open(self, wire: Wire, transport: asyncio.Transport) -> None:
        transport.write(wire.opening)
        self._streams.append((wire, transport))

    def forget(self, transport: asyncio.Transport) -> None:
        self._streams = [entry for entry in self._streams if entry[1] is not transport]

    def pace(self, rate: int, burst: int) -> None:
        self._sent, self._burst = 0, burst
        self._clock.every(1_000_000_000 * burst // rate)

    def tick(self) -> None:
        """Send what is due. A late tick catches up, but no stream gets two at once: they would be one write."""
        for _ in range(min(self._clock.ticks() * self._burst, len(self._streams))):
            self._turn = (self._turn + 1) % len(self._streams)
            wire, transport = self._streams[self._turn]
            transport.write(wire.say(time.monotonic_ns()))
            self._sent += 1

    def stop(self) -> int:
        self._clock.every(0)
        for wire, transport in self._streams:
            transport.write(wire.ending)
        self._streams = []
        return self._sent


class Connection(asyncio.Protocol):
    """One keep-alive connection. Bodies must come with a content-length, as every real caller's do."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pacer.forget(self._transport)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        while (end := data.find(b"\r\n\r\n")) > 0:
            length = _LENGTH.search(data, 0, end)
            stop = end + 4 + (int(length[1]) if length else 0)
            if len(data) < stop:
                break
            self._request(data[:stop])
            data = data[stop:]
        self._rest = data

    def _request(self, data: bytes) -> None:
        line = data[: data.index(b"\r\n")].split(b" HTTP/")[0]
        path = line.partition(b" ")[2].partition(b"?")[0]
        wire = STREAMS.get(path)
        if wire is None and _STREAM.search(data):
            wire = BY_BODY.get(path)
        self._pacer.asked += wire is not None or path in BY_BODY
        if wire is not None:
            self._pacer.open(wire, self._transport)
        elif path in BY_BODY:
            self._transport.write(BY_BODY[path].reply)
        else:
            self._transport.write(answer(self._control(line)))

    def _control(self, line: bytes) -> bytes:
        if line.startswith(b"GET /bench/pace/"):
            self._pacer.pace(*map(int, line.split(b"/")[3:5]))
        elif line == b"GET /bench/stop":
            return b"%d" % self._pacer.stop()
        elif line == b"GET /bench/asked":
            return b"%d" % self._pacer.asked
        return b"ok"


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    clock = Clock()
    pacer = Pacer(clock)
    loop.add_reader(clock.fd, pacer.tick)
    gc.disable()
    server = await loop.create_server(lambda: Connection(pacer), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
