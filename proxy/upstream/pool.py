"""Connections to one endpoint: at most so many, idle ones kept warm, callers served in order.

It is handed a way to dial and never learns what is behind it. Numbers follow the clock of the event loop, in seconds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from proxy.call import Call, Failure
from proxy.upstream.connection import Connection

#: A burst of answers makes many connections idle at once: what is above the limit is kept this long, for the next burst.
SURPLUS_SECONDS = 1.0
#: So many at the most, and so many are closed in one tick: closing a thousand at once would hold up everybody else.
SURPLUS = 100
CLOSED_PER_TICK = 10

#: How exact the time limits of an exchange are.
TICK_SECONDS = 0.1

Dial = Callable[[], Awaitable[Connection]]


class Limits(NamedTuple):
    """connections: open at once; idle: kept at most, for idle_seconds; queue: callers that may wait; connect: seconds."""

    connections: int = 100
    idle: int = 20
    idle_seconds: float = 90.0
    queue: int = 1000
    connect: float = 5.0


class Pool:
    """`acquire` a connection, then `release` it whatever happened; `discard_idle` before a swap or at the end.

    waited, dialled: seconds that calls have spent until one was free, and until a new one stood or did not.
    """

    def __init__(self, name: str, dial: Dial, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        self.name = name
        self.limits = limits
        self.created = 0
        self.reused = 0
        self.waited = 0.0
        self.dialled = 0.0
        self._dial = dial
        self._loop = loop
        self._active = 0
        self._idle: deque[Connection] = deque()
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._busy: set[Connection] = set()
        self._tick: asyncio.TimerHandle | None = None

    def statistics(self) -> dict[str, int]:
        return {
            "active": self._active,
            "idle": len(self._idle),
            "available": self.limits.connections - self._active,
            "maximum": self.limits.connections,
            "waiting": len(self._waiters),
            "created": self.created,
            "reused": self.reused,
        }

    def take(self) -> Connection | None:
        """The idle connection used last, if there is one and nobody is before us; what `acquire` gives without waiting."""
        if not self._idle or self._active >= self.limits.connections:
            return None
        self._active += 1
        return self._lend_idle()

    async def acquire(self, deadline: float, fresh: bool = False, call: Call | None = None) -> Connection:
        """A connection: the idle one used last, or a new one. `fresh` asks for a new one; `call` is told how long it took.

        Failure: `rate_limited` when the queue is full or the wait reaches `deadline`; `timeout`, `network_error` from dialling.
        """
        if call is None:
            return await self._acquire(deadline, fresh)
        began = self._loop.time()
        try:
            return await self._acquire(deadline, fresh)
        finally:
            call.queued += self._loop.time() - began

    async def _acquire(self, deadline: float, fresh: bool) -> Connection:
        if self._active >= self.limits.connections:
            await self._wait_turn(deadline)
        else:
            self._active += 1
        if self._idle and not fresh:
            return self._lend_idle()
        self._make_room()
        try:
            connection = await self._open(deadline)
        except BaseException:
            self._leave()
            raise
        self._busy.add(connection)
        if self._tick is None:
            self._tick = self._loop.call_later(TICK_SECONDS, self._look)
        return connection

    def release(self, connection: Connection, reuse: bool) -> None:
        """Give back what `acquire` gave. Without `reuse` the connection is closed at once."""
        self._busy.discard(connection)
        if reuse and len(self._idle) < self.limits.idle + SURPLUS:
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
        else:
            connection.abort()
            connection.forget()
        if self._waiters:
            self._leave()
        else:
            self._active -= 1

    def discard_idle(self) -> None:
        """Close what nobody uses. Connections in use close when they are released, if the pool's owner says so."""
        while self._idle:
            self._idle.pop().abort()

    def _lend_idle(self) -> Connection:
        connection = self._idle.pop()
        connection.reused = True
        self.reused += 1
        self._busy.add(connection)
        return connection

    def _make_room(self) -> None:
        """A fresh connection beside idle ones must not be one too many."""
        while self._idle and self._active + len(self._idle) > self.limits.connections:
            self._idle.popleft().abort()

    def _leave(self) -> None:
        """Hand the place to the caller that has waited longest, so that no newcomer can take it in between."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._active -= 1

    async def _wait_turn(self, deadline: float) -> None:
        if len(self._waiters) >= self.limits.queue:
            detail = f"every connection to {self.name} is busy and {self.limits.queue} calls wait"
            raise Failure("rate_limited", detail, retry_after=1.0)
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        began = self._loop.time()
        try:
            async with asyncio.timeout_at(deadline):
                await waiter
        except BaseException as error:
            self._give_up(waiter)
            if isinstance(error, TimeoutError):
                raise Failure(
                    "rate_limited", f"no connection to {self.name} became free in time", retry_after=1.0
                ) from None
            raise
        finally:
            self.waited += self._loop.time() - began

    def _give_up(self, waiter: asyncio.Future[None]) -> None:
        """A place that was already given passes on to the next; one in the queue is left."""
        if waiter.done() and not waiter.cancelled():
            self._leave()
        elif waiter in self._waiters:
            self._waiters.remove(waiter)

    async def _open(self, deadline: float) -> Connection:
        began = self._loop.time()
        try:
            async with asyncio.timeout_at(min(self._loop.time() + self.limits.connect, deadline)):
                connection = await self._dial()
        except TimeoutError:
            raise Failure(
                "timeout", f"connecting to {self.name} took longer than {self.limits.connect:g} seconds"
            ) from None
        except OSError as error:
            raise Failure("network_error", f"cannot connect to {self.name}: {error}") from None
        finally:
            self.dialled += self._loop.time() - began
        self.created += 1
        connection.on_lost = self._forget
        return connection

    def _forget(self, connection: Connection) -> None:
        if not connection.active and connection in self._idle:
            self._idle.remove(connection)

    def _look(self) -> None:
        """One timer for all connections: who is due, and who has been idle too long. It rests while there is nobody."""
        now = self._loop.time()
        for connection in [busy for busy in self._busy if busy.due <= now]:
            connection.check_time(now)
        self._expire(now)
        self._tick = self._loop.call_later(TICK_SECONDS, self._look) if self._busy or self._idle else None

    def _expire(self, now: float) -> None:
        """Close what has been idle too long, and what is more than may be kept; the oldest stand first."""
        for _ in range(CLOSED_PER_TICK):
            if not self._idle or self._idle[0].idle_since + self._patience() > now:
                break
            self._idle.popleft().abort()

    def _patience(self) -> float:
        return self.limits.idle_seconds if len(self._idle) <= self.limits.idle else SURPLUS_SECONDS
