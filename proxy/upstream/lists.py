"""The lists of models that providers give at this moment: asked for in the background, kept for some minutes.

Nothing is asked before someone wants to know, and nothing is waited for on a call's path. A list that cannot be had leaves the
old one standing, and what went wrong is noted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from yarl import URL

from proxy.call import Failure
from proxy.catalog import LISTS, MOST, Listed, parse_list
from proxy.providers import Endpoint
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.fresh import Unavailable
from proxy.upstream.question import ask_provider, url_of
from proxy.upstream.road import Road, authority

log = logging.getLogger(__name__)

#: Kinds that have no models of their own: which ones there are, only their server knows.
LIVE_KINDS = frozenset({"docker_model_runner", "llamacpp", "lmstudio", "ollama", "openai_compatible", "vllm"})
#: Seconds that a list is good for, and after which one that could not be had is asked for again.
KEPT, AGAIN = 300.0, 15.0
#: Seconds for one answer, and those that who wants the first one waits for it.
PATIENCE, FIRST = 5.0, 2.0


class Kept(NamedTuple):
    """What is known of one provider: `models` by name, None while it has never answered; `due`: when it is asked again."""

    models: Mapping[str, Listed] | None
    due: float
    fault: str | None = None


class LiveLists:
    """`close` when nobody asks any more.

    roads:  by the endpoints' names.
    chosen: endpoint -> whether it is asked, where the operator says so; otherwise its kind decides.
    time:   monotonic.
    wall:   seconds since the epoch, for signatures.
    """

    def __init__(
        self,
        roads: Mapping[str, Road],
        chosen: Mapping[str, bool],
        asker: Asker,
        time: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._roads = {name: road for name, road in roads.items() if is_live(road.endpoint, chosen.get(name))}
        self._asker = asker
        self._time = time
        self._wall = wall
        self._kept: dict[str, Kept] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    @property
    def asked(self) -> Collection[str]:
        """The endpoints that are asked for their lists."""
        return self._roads.keys()

    @property
    def faults(self) -> Mapping[str, str]:
        """Endpoint -> why its list could not be had the last time."""
        return {name: kept.fault for name, kept in self._kept.items() if kept.fault is not None}

    @property
    def fill(self) -> int:
        """How many models are kept."""
        return sum(len(kept.models or ()) for kept in self._kept.values())

    @property
    def limit(self) -> int:
        """How many may be."""
        return MOST * len(self._roads)

    def known(self, name: str) -> Mapping[str, Listed] | None:
        """The models of an endpoint as it last listed them; None where it never did. Renewed in the background when due."""
        if name not in self._roads:
            return None
        kept = self._kept.get(name)
        if (kept is None or kept.due <= self._time()) and name not in self._asking:
            task = asyncio.ensure_future(self._renew(name))
            self._asking[name] = task
            task.add_done_callback(lambda done: self._asking.pop(name, None))
        return kept.models if kept is not None else None

    async def ready(self) -> None:
        """Wait, but not for long, for the lists that were never answered for. For who wants to see them all, and for no call."""
        for name in self._roads:
            self.known(name)
        first = [task for name, task in self._asking.items() if name not in self._kept]
        if first:
            await asyncio.wait(first, timeout=FIRST)

    async def close(self) -> None:
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _renew(self, name: str) -> None:
        before = self._kept.get(name)
        try:
            models = await self._ask(self._roads[name])
        except (Unavailable, Failure, ValueError) as trouble:
            fault = trouble.detail if isinstance(trouble, Failure) else str(trouble)
            if before is None or before.fault is None:
                log.warning("a list of models could not be had", extra={"provider": name, "reason": fault})
            self._kept[name] = Kept(before.models if before is not None else None, self._time() + AGAIN, fault)
        else:
            self._kept[name] = Kept({model.name: model for model in models}, self._time() + KEPT)

    async def _ask(self, road: Road) -> list[Listed]:
        """Unavailable, Failure("authentication_failed") or ValueError where there is no list to be had."""
        provider = road.endpoint.provider
        url = list_url(road.endpoint)
        answer = await ask_provider(road, url, self._asker, self._wall(), PATIENCE)
        if answer.status != 200:
            raise ValueError(f"{authority(url)} answered {answer.status}")
        return parse_list(provider.lists, answer.body)


def is_live(endpoint: Endpoint, chosen: bool | None) -> bool:
    """Whether it is asked for its list. One that has none is not, whatever the operator says."""
    provider = endpoint.provider
    has_list = provider.lists in LISTS and "models" in provider.paths
    return has_list and (endpoint.kind in LIVE_KINDS if chosen is None else chosen)


def list_url(endpoint: Endpoint) -> URL:
    provider = endpoint.provider
    return url_of(endpoint, provider.paths["models"], LISTS[provider.lists].query)
