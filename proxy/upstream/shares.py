"""A pod among others that share limits: whether there is a store to share them through, and how many pods there are.

While the store is gone, slow or lying there are no leases: `live` is then False, and whoever keeps limits keeps to what `pods`
leaves for one. Each change is one line in the log. What is leased is told in `lease`, how it is asked for in `store`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import Random
from weakref import WeakSet

from proxy.upstream.lease import Lease
from proxy.upstream.store import ALIVE, Ask, Granted, Store, StoreError

BEAT = ALIVE / 3
#: Seconds between two tries at a store that is gone, the first and the longest.
AWAY = (0.25, 10.0)
#: Seconds after an outage in which nothing is leased: by then every pod has found the store and told what it used.
GRACE = AWAY[1] * 1.5
log = logging.getLogger("outrider")


class Shares:
    """All leases of a pod, and whether the store is there. `start_beating` once there is a loop, `close` at the end.

    `pod` is this pod's own name among all others; `dice` spread the tries at a store that is gone. `lost` counts how often
    the store had forgotten this pod, `outages` how often it went.
    """

    def __init__(self, store: Store, pod: str, time: Callable[[], float], dice: Random, grace: float = GRACE) -> None:
        self.reachable = False
        self.pods = 1
        self.lost = self.outages = 0
        self.time = time
        self._store = store
        self._pod = pod
        self._dice = dice
        self._grace = grace
        self._live_at = 0.0
        self._leases: WeakSet[Lease] = WeakSet()
        self._known = False
        self._said: bool | None = None
        self._gone = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, name: str, limit: int, period: float) -> Lease:
        """What this pod has of `limit` in `period` seconds. Pods that say the same name share it."""
        lease = Lease(name, limit, period, self)
        self._leases.add(lease)
        return lease

    @property
    def live(self) -> bool:
        """Whether leases are to be had: the store is there, and everyone has had the time to tell it what was used without."""
        return self.reachable and self.time() >= self._live_at

    def start_beating(self) -> None:
        self.start(self._beat())

    async def close(self) -> None:
        self.reachable = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._store.close()

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def lease(self, ask: Ask) -> Granted | None:
        """What the store grants; None where it does not answer as it should, and is gone from now on."""
        try:
            granted = await self._store.lease(ask)
        except StoreError as fault:
            self._turn(False, str(fault))
            return None
        self._share_with(granted.pods)
        return granted

    async def _beat(self) -> None:
        """Tell the store, from time to time, that this pod is there; one that is gone is tried more and more seldom."""
        away = AWAY[0]
        while True:
            try:
                new, pods = await self._store.beat(self._pod)
            except StoreError as fault:
                self._turn(False, str(fault))
                await asyncio.sleep(away * self._dice.uniform(0.5, 1.5))
                away = min(away * 2, AWAY[1])
                continue
            self._share_with(pods)
            self.lost += new and self._known
            self._known, away = True, AWAY[0]
            self._gone.clear()
            self._turn(True, "")
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._gone.wait()

    def _share_with(self, pods: int) -> None:
        """After an outage the others are still there, although the store has not heard of them yet."""
        self.pods = pods if self.live else max(self.pods, pods)

    def _turn(self, reachable: bool, fault: str) -> None:
        """One line for each change, and none for what stays as it was."""
        self.reachable = reachable
        if not reachable:
            self._gone.set()
        if self._said is reachable:
            return
        before, self._said = self._said, reachable
        if reachable:
            log.info("limits are shared with other pods", extra={"pods": self.pods})
            self._come_back(self.time() + self._grace if before is False else 0.0)
        else:
            self.outages += 1
            log.warning("limits are not shared: each pod keeps to its part", extra={"pods": self.pods, "fault": fault})

    def _come_back(self, live_at: float) -> None:
        self._live_at = live_at
        for lease in list(self._leases):
            lease.changed(self.time())
