"""One cell of the table each: put this load on that port for so long, and say what it cost.

What is counted lies between two readings of the meter, after a warm-up. Every event that was sent must arrive, every
stream must end well and every answer must be a 200, or there is no cell.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from tests.bench.applications import Application
from tests.bench.load import PATIENCE, BenchError, Caller, Load, Stream, connect
from tests.bench.measure import Meter, Reading, memory
from tests.bench.wires import TEXT, TOKENS

WARM = 0.25
BATCH = 50
#: Calls per second below which counting them out is given up.
SLOWEST = 1000


class Place(NamedTuple):
    """Who asks where for what."""

    port: int
    application: Application
    model: str

    def request(self, *, stream: bool = False) -> bytes:
        return self.application.request(self.model, stream=stream)


class Flow(NamedTuple):
    """Streams open at once, events per second over all of them, and how many streams get one in the same moment."""

    streams: int
    rate: int
    burst: int


class RequestCell(NamedTuple):
    per_second: float
    replies: int
    reading: Reading


class EventCell(NamedTuple):
    """Latencies in ns from the upstream's write to the caller's read, sorted; `rss` in MB with all streams open."""

    latencies: list[int]
    reading: Reading
    rss: float

    def quantile(self, q: float) -> float:
        """In microseconds."""
        return self.latencies[min(int(len(self.latencies) * q), len(self.latencies) - 1)] / 1e3


async def requests(
    place: Place, connections: int, seconds: float, meter: Meter, kind: type[Caller] = Caller
) -> RequestCell:
    """A closed loop over keep-alive connections."""
    load = Load()
    await connect(load, kind, place.port, [place.request()] * connections)
    await load.run(WARM)
    before, replies = meter.read(), load.replies
    await load.run(seconds)
    reading, replies = meter.read().since(before), load.replies - replies
    await _finish(load, connections)
    if not replies:
        raise BenchError(f"no answer within {seconds} s")
    return RequestCell(replies / reading.at * 1e9, replies, reading)


async def calls(places: Sequence[Place], connections: int, count: int) -> None:
    """About `count` calls and not fewer; `connections` to each of the places."""
    load, opened = Load(), connections * len(places)
    for place in places:
        await connect(load, Caller, place.port, [place.request()] * connections)
    deadline = time.monotonic() + PATIENCE + count / SLOWEST
    while load.replies < count:
        await load.run(0.02)
        if time.monotonic() > deadline:
            raise BenchError(f"only {load.replies} of {count} calls were answered in time")
    await _finish(load, opened)


async def events(place: Place, flow: Flow, seconds: float, meter: Meter, upstream: int, hearers: int = 1) -> EventCell:
    """Open every stream, pace them from the upstream's control path, then end them well.

    `hearers`: how many of the streams are told each event that the upstream sends.
    """
    load = Load()
    payload = place.request(stream=True)
    for first in range(0, flow.streams, BATCH):
        batch = min(BATCH, flow.streams - first)
        load.expect(batch)
        await connect(load, partial(Stream, place.application), place.port, [payload] * batch)
        await load.settled("openings")
    await control(upstream, f"/bench/pace/{flow.rate}/{flow.burst}")
    cell = await _watch(load, seconds, meter)
    load.running = False
    load.expect(flow.streams)
    sent = int(await control(upstream, "/bench/stop"))
    await load.settled("endings")
    if load.events != sent * hearers or not cell.latencies:
        raise BenchError(f"{sent} events were sent, each for {hearers} streams, and {load.events} arrived")
    return cell


async def _watch(load: Load, seconds: float, meter: Meter) -> EventCell:
    await load.run(WARM)
    load.latencies.clear()
    before = meter.read()
    await load.run(seconds)
    reading, latencies = meter.read().since(before), sorted(load.latencies)
    return EventCell(latencies, reading, 0.0 if meter.pid is None else memory(meter.pid).rss)


async def _finish(load: Load, connections: int) -> None:
    load.running = False
    load.expect(connections)
    await load.settled("last answers")


async def asked(upstream: int) -> int:
    """How many calls the upstream has had so far, streams and others."""
    return int(await control(upstream, "/bench/asked"))


async def control(upstream: int, path: str) -> bytes:
    """Ask something of the upstream itself, past what is measured."""
    reader, writer = await asyncio.open_connection("127.0.0.1", upstream)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(int(head.rpartition(b"content-length: ")[2]))
    writer.close()
    await writer.wait_closed()
    return body


def check(place: Place) -> None:
    """One call whose answer is read closely: text and token counts must be the provider's."""
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=PATIENCE)
    body = place.application.ask(place.model, False)
    connection.request("POST", place.application.target(place.model), body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    asked = f"{place.application.target(place.model)} on port {place.port} for {place.model}"
    if answer.status != 200:
        raise BenchError(f"{asked}: not a 200 but {answer.status}: {text[:1000]!r}")
    if place.application.read(json.loads(text)) != (TEXT, TOKENS):
        raise BenchError(f"{asked}: not what the provider said: {text[:1000]!r}")
