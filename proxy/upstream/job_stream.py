"""A job's output on its way to the application: from an address of its own, or piece by piece, or all of it when it has ended.

Nothing is said to the application before the model has spoken, so that a job that fails in the queue can still be answered as an
error. After that each event leaves as it comes; a stream that breaks off is a cut, and what it has said is not asked for twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from yarl import URL

from proxy.call import Call, Client, Failure, Usage
from proxy.dialects.jobs import JobParser, load_job
from proxy.translate import Plan
from proxy.upstream.answer import is_stream
from proxy.upstream.body import Translation
from proxy.upstream.job import Work
from proxy.upstream.pool import Pool

#: Seconds that the end of a stream is held back for its counts.
COUNTS_SECONDS = 3.0
#: Of a connection, and not of what came over it.
OF_THE_ROAD = frozenset({"provider_stream_cut", "network_error", "timeout"})


class Over(Exception):
    """The stream has said that it is complete; the provider leaves it open."""


class Telling(Translation):
    """A Translation that knows how far it is."""

    __slots__ = ()

    @property
    def parser(self) -> JobParser:
        return cast(JobParser, self._parser)


class Teller:
    """`hear` events, and the client is told: at first nothing, then by way of `begin`, which starts it."""

    __slots__ = ("_begin", "_body", "_call", "_client", "_held", "_sink")

    def __init__(self, words: Plan, call: Call, created: int, begin: Callable[[], None]) -> None:
        self._body = Telling(words, call, created)
        self._call = call
        self._client: Client = call.client
        self._begin = begin
        self._held: list[bytes] = []
        self._sink: Callable[[bytes], None] | None = None

    @property
    def spoken(self) -> bool:
        return self._body.parser.spoken

    @property
    def ended(self) -> bool:
        return self._body.parser.ended

    @property
    def usage(self) -> Usage | None:
        return self._body.usage(self._call)

    def tell(self, data: bytes) -> None:
        if self._sink is not None:
            self._sink(data)
            return
        self._held.append(self._body.feed(data))
        if self.spoken:
            self._begin()
            self._client.write(b"".join(self._held))
            self._held.clear()
            self._sink = self._body.sink(self._client.write)

    def hear(self, data: bytes) -> None:
        """The sink of a connection. Over when that was the last of it."""
        self.tell(data)
        if self.ended:
            raise Over

    def end(self) -> None:
        """Failure where the end has not come, or nothing at all."""
        rest = self._body.end()
        if self._sink is None:
            raise Failure("provider_error", "the job ended without any output")
        self._client.write(rest)


async def follow(work: Work, teller: Teller, client: Client, address: tuple[Pool, URL] | None) -> None:
    """All of a job's output, until nothing more will come. `address` is where it lies as a stream."""
    if work.job.pieces:
        await fetch(work, teller)
    elif address is not None:
        await listen(work, teller, client, *address)
    else:
        await work.wait()
    if work.job.counts or not (teller.spoken and teller.ended):
        await complete(work, teller)
    teller.end()


# ---- from an address


async def listen(work: Work, teller: Teller, client: Client, pool: Pool, url: URL) -> None:
    """The stream may end before the job has begun, and is then listened to again, as long as nothing was said."""
    while not await hear(work, teller, client, pool, url):
        if teller.spoken:
            raise Failure("provider_stream_cut", "the provider's stream ended before the model had finished")
        if (await work.look()).ended:
            return
        await work.rest()


async def hear(work: Work, teller: Teller, client: Client, pool: Pool, url: URL) -> bool:
    """Whether the stream was heard to its end."""
    try:
        connection = await work.listen(pool, url)
    except Failure as failure:
        if failure.kind not in OF_THE_ROAD:
            raise
        return False
    try:
        if connection.status != 200 or not is_stream(connection, work.words.theirs):
            return False
        client.follow(connection)
        await connection.pump(teller.hear)
    except Over:
        return True
    except Failure as failure:
        if failure.kind not in OF_THE_ROAD or teller.spoken:
            raise
    finally:
        client.follow(None)
        pool.release(connection, False)
    return False


# ---- piece by piece


async def fetch(work: Work, teller: Teller) -> None:
    """What is fetched once is not there a second time: where an answer is lost, so is the stream."""
    while not teller.ended:
        try:
            body = await work.pieces()
        except Failure as failure:
            if not teller.spoken:
                return
            raise Failure("provider_stream_cut", f"a piece of the output was lost: {failure.detail}") from None
        if body is not None:
            state = work.job.read(load_job(body))
            teller.tell(work.job.frame(body))
            if state.ended and not state.good:
                return
        if not teller.ended:
            await work.rest(steadily=teller.spoken)


# ---- all of it


async def complete(work: Work, teller: Teller) -> None:
    """Let the job itself tell what its stream has not: all of it, or why there is none, or its counts alone."""
    only_counts = teller.spoken and teller.ended
    try:
        async with asyncio.timeout(COUNTS_SECONDS if only_counts else None):
            if not work.state.ended:
                await work.look()
            await work.wait()
    except (TimeoutError, Failure):
        if not only_counts:
            raise
        return
    teller.tell(work.job.frame(work.body))
