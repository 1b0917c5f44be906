"""Whether providers are there, asked now and then where no traffic tells: by what costs nothing, and never by a completion.

A provider with a question that costs nothing (its list of models) is asked that, signed; of any other only whether it
answers. What a verdict means for calls is not known here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from yarl import URL

from proxy.call import Failure
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.fresh import Unavailable
from proxy.upstream.question import ask_provider, url_of
from proxy.upstream.road import Road

log = logging.getLogger(__name__)

#: Status of an answer -> what is wrong. Whoever answers anything else is there: also who has had enough of us, or no such path.
WRONG: Mapping[int, str] = {401: "authentication_failed", 403: "authentication_failed", 407: "authentication_failed"}
SERVERS_FAULT = "provider_error"
UNREACHABLE = "unreachable"


class Probing(NamedTuple):
    """interval: seconds between two questions to a provider, give or take half of it; seconds: for one answer."""

    interval: float
    seconds: float = 5.0


class Health:
    """`start`, then `close`.

    traffic: provider -> how many attempts have ended there; while the number grows nobody is asked.
    verdict: told of each provider that was asked, and what is wrong, None where nothing is.
    dice:    0 to 1. time: of the loop. wall: seconds since the epoch.
    """

    def __init__(
        self,
        roads: Mapping[str, Road],
        rule: Probing,
        asker: Asker,
        traffic: Callable[[str], int],
        verdict: Callable[[str, str | None], None],
        dice: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._roads = {name: road for name, road in roads.items() if not road.endpoint.provider.mock}
        self._rule = rule
        self._asker = asker
        self._traffic = traffic
        self._verdict = verdict
        self._dice = dice
        self._wall = wall
        self._tasks: list[asyncio.Task[None]] = []
        self.found: dict[str, str | None] = {}

    def start(self) -> None:
        """Nobody is asked at once: sidecars that start together do not ask together."""
        self._tasks = [asyncio.ensure_future(self._watch(name)) for name in self._roads]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self, name: str) -> None:
        seen = self._traffic(name)
        while True:
            await asyncio.sleep(self._rule.interval * (0.5 + self._dice()))
            before, seen = seen, self._traffic(name)
            if seen == before:
                self._note(name, await self.probe(name))

    def _note(self, name: str, wrong: str | None) -> None:
        if self.found.get(name) != wrong:
            level = logging.WARNING if wrong else logging.INFO
            log.log(level, "a provider was asked whether it is well", extra={"provider": name, "wrong": wrong})
        self.found[name] = wrong
        self._verdict(name, wrong)

    async def probe(self, name: str) -> str | None:
        """What is wrong with a provider; None where nothing is."""
        road = self._roads[name]
        try:
            status = await self._status(road)
        except Unavailable:
            return UNREACHABLE
        except Failure as failure:
            return failure.kind
        return WRONG.get(status) or (SERVERS_FAULT if status >= 500 else None)

    async def _status(self, road: Road) -> int:
        provider = road.endpoint.provider
        path = provider.probe or provider.paths.get("models")
        if path is not None:
            url = url_of(road.endpoint, path)
            return (await ask_provider(road, url, self._asker, self._wall(), self._rule.seconds)).status
        origin = str(URL(road.endpoint.base_url).origin())
        answer = await self._asker.ask("HEAD", f"{origin}/", seconds=self._rule.seconds)
        # Without a key and a question it says nothing of those.
        return answer.status if answer.status >= 500 else 200
