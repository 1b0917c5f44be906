"""How the sidecar ends: what may still come, what may still run, and for how long.

In the native order the application has ended before, so only what is left has to finish. In the classic one it ends at the same
time and is served on: nobody can tell when it has asked for the last time, so it is over when nothing was asked for a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from proxy.config.drain import Ending
from proxy.server.gateway import Gateway

LAST_WORDS_SECONDS = 1.0
#: What a caller is told while the sidecar drains: in a pod the next one is there in about this many seconds.
RETRY_AFTER = 5.0
#: Seconds between looks at whether somebody still asks.
LOOK = 0.1
log = logging.getLogger("outrider")


class Draining:
    """`run` ends everything; `refuse` begins with what is new, and `hurry` says that the application asks no more.

    ending: how, as it is configured now. ended: how many calls have ended so far. time: in seconds.
    """

    def __init__(
        self, gateway: Gateway, ending: Callable[[], Ending], ended: Callable[[], int], time: Callable[[], float]
    ) -> None:
        self.begun = False
        self._gateway = gateway
        self._ending = ending
        self._ended = ended
        self._time = time
        self._hurry = False

    def begin(self) -> None:
        """From here on it is not ready any more."""
        if not self.begun:
            self.begun = True
            log.info("draining", extra={"calls": len(self._gateway.calls)})

    def refuse(self) -> None:
        self.begin()
        if self._gateway.draining is None:
            self._gateway.drain(RETRY_AFTER)

    def hurry(self) -> None:
        self._hurry = True

    async def run(self) -> None:
        began, ending = self._time(), self._ending()
        self.begin()
        if ending.classic:
            await self._serve_on(began, ending)
        self.refuse()
        try:
            async with asyncio.timeout(max(0.0, began + ending.longest - self._time())):
                await self._gateway.idle.wait()
        except TimeoutError:
            log.warning("the grace period is over, calls are cut", extra={"calls": len(self._gateway.calls)})
            self._gateway.cut()
            await self._last_words()

    async def _serve_on(self, began: float, ending: Ending) -> None:
        """Until nobody has asked for a while, or there is no time left."""
        quiet_since, ended = began, self._ended()
        while not self._hurry and self._gateway.draining is None:
            now = self._time()
            if self._gateway.calls or self._ended() != ended:
                quiet_since, ended = now, self._ended()
            over = now >= began + ending.minimum and now >= quiet_since + ending.idle
            left = began + ending.longest - now
            if over or left <= 0:
                return
            await asyncio.sleep(min(LOOK, left))

    async def _last_words(self) -> None:
        """Each call that is cut gets to say so; an application that does not read is not waited for."""
        try:
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self._gateway.idle.wait()
        except TimeoutError:
            log.warning("calls were cut without a word", extra={"calls": len(self._gateway.calls)})
