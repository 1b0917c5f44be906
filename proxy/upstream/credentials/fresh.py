"""A credential that expires, kept fresh: fetched once however many wait, renewed early in the background, kept while it is valid.

The first call that needs it waits for it; no later one does. It refuses to know what is fetched, and from where.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)

#: Seconds before the end at which a renewal is due: at most so many, and never more than this share of the whole life.
EARLY = 300.0
SHARE = 0.25
#: A token that does not say how long it holds is renewed after so many seconds.
UNSAID = 3600.0
#: What holds longer is renewed as if it held for so many seconds.
LONGEST = 86400.0
#: Seconds between attempts to renew, doubled each time.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
#: What is this near its end is not used any more: it would be refused on the way.
MARGIN = 5.0
#: Seconds after which a complaint is repeated.
SILENCE = 60.0


class Unavailable(Exception):
    """There is no credential to be had. The text says where it was looked for and what would help, and holds no secret.

    `lasting`: asking again soon is of no use (nothing is configured, or access is denied).
    """

    def __init__(self, detail: str, lasting: bool = False) -> None:
        super().__init__(detail)
        self.lasting = lasting


class Token(NamedTuple, Generic[T]):
    """`expires` in seconds since the epoch; None where it does not say."""

    value: T
    expires: float | None


class Fresh(Generic[T]):
    """`current` is None until `ready` has been waited for, and again when what there was has expired.

    fetch: raises Unavailable. It is bounded in time by itself.
    wall:  seconds since the epoch.
    dice:  a number from 0 to 1: renewals of many pods spread.
    """

    def __init__(
        self, name: str, fetch: Callable[[], Awaitable[Token[T]]], wall: Callable[[], float], dice: Callable[[], float]
    ) -> None:
        self.name = name
        self._fetch = fetch
        self._wall = wall
        self._dice = dice
        self._token: Token[T] | None = None
        self._until = 0.0
        self._flight: asyncio.Task[Token[T]] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.renewals = 0
        self.fault: str | None = None
        self._complained = 0.0

    @property
    def current(self) -> T | None:
        return self._token.value if self._token is not None and self._wall() < self._until else None

    @property
    def expires(self) -> float | None:
        """When what is in use ends, in seconds since the epoch."""
        return self._token.expires if self._token is not None else None

    async def ready(self) -> T:
        """The credential. Raises Unavailable; a waiter that is cancelled leaves the others waiting."""
        value = self.current
        return value if value is not None else (await self._renew()).value

    def forget(self, value: T) -> None:
        """The provider has refused it: what comes next is fetched anew, if it was this."""
        if self._token is not None and self._token.value == value:
            self._token = None
            if self._keeper is not None:
                # It waits for the end of what is gone; the next one gets a keeper of its own.
                self._keeper.cancel()
                self._keeper = None

    def close(self) -> None:
        for task in (self._flight, self._keeper):
            if task is not None:
                task.cancel()

    async def _renew(self) -> Token[T]:
        if self._flight is None or self._flight.done():
            self._flight = asyncio.ensure_future(self._take())
            self._flight.add_done_callback(retrieve)
        return await asyncio.shield(self._flight)

    async def _take(self) -> Token[T]:
        try:
            token = await self._fetch()
            if token.expires is not None and token.expires - MARGIN <= self._wall():
                left = token.expires - self._wall()
                raise Unavailable(f"what was given holds for {left:.0f} seconds only, unless the clock here is wrong")
        except Unavailable as fault:
            self._complain(str(fault))
            raise
        self.fault = None
        self.renewals += 1
        self._token = token
        self._until = (self._wall() + UNSAID + EARLY if token.expires is None else token.expires) - MARGIN
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.ensure_future(self._keep())
            self._keeper.add_done_callback(retrieve)
        return token

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._due())
            pause = FIRST_PAUSE
            while not await self._renewed():
                await asyncio.sleep(pause * (0.5 + self._dice() / 2))
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _renewed(self) -> bool:
        try:
            await self._renew()
        except Unavailable:
            return False
        return True

    def _complain(self, fault: str) -> None:
        """To the log, the same thing once in a while: every call that needs the credential may ask again."""
        now = self._wall()
        if fault != self.fault or now >= self._complained + SILENCE:
            self._complained = now
            shown = {"credential": self.name, "reason": fault, "valid": self.current is not None}
            log.warning("a credential could not be had", extra=shown)
        self.fault = fault

    def _due(self) -> float:
        """Seconds until the renewal."""
        life = UNSAID if self._token is None or self._token.expires is None else self._token.expires - self._wall()
        life = min(life, LONGEST)
        early = max(min(EARLY, life * SHARE), 2 * MARGIN)
        return max(life - early - self._dice() * early / 2, FIRST_PAUSE)


def retrieve(task: asyncio.Task[object]) -> None:
    """Nobody may be waiting any more; what went wrong has been noted."""
    if not task.cancelled():
        task.exception()
