"""One container of a pod over all its runs: its probes, its hooks, and when it is started again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.cluster.podsim.objects import Json
from tests.cluster.podsim.probes import action, verdicts
from tests.cluster.podsim.process import Run
from tests.cluster.podsim.record import Record


class Pace(NamedTuple):
    """Seconds, as kubelet has them: notice, until it sees that a container ended (its relist, at most that long); backoff before
    the second restart, doubled up to longest. The first restart is at once."""

    notice: float = 1.0
    backoff: float = 10.0
    longest: float = 300.0


class Supervised:
    """`live` runs it until it is not to run again. started: its startup probe succeeded (in its present run).

    grace: seconds between SIGTERM and SIGKILL for one that a probe finds dead.
    """

    def __init__(
        self,
        spec: Json,
        start: Callable[[int], Awaitable[Run]],
        restarts: Callable[[int], bool],
        record: Record,
        address: str,
        pace: Pace,
        grace: float,
    ) -> None:
        self.spec = spec
        self.name: str = spec["name"]
        self.run: Run | None = None
        self.runs: list[Run] = []
        self.ready = False
        self.started = asyncio.Event()
        self.stopping = False
        self.code: int | None = None
        self._start = start
        self._restarts = restarts
        self._record = record
        self._address = address
        self._pace = pace
        self._grace = grace

    @property
    def running(self) -> bool:
        return self.run is not None and self.run.code is None

    async def live(self) -> int:
        """Every run of it; the exit code of the last one."""
        delay = 0.0
        while True:
            code = await self._once()
            if self.stopping or not self._restarts(code):
                return code
            await asyncio.sleep(self._pace.notice + delay)
            if self.stopping:
                return code
            self._record.add(self.name, "Restarting", f"after {delay:g} s")
            delay = min(max(2 * delay, self._pace.backoff), self._pace.longest)

    async def _once(self) -> int:
        self.code = None
        run = self.run = await self._start(len(self.runs))
        self.runs.append(run)
        self._record.add(self.name, "Started")
        if self.stopping:
            await run.end(0)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch(run))
            code = await run.wait()
            watching.cancel()
        self.code = code
        self.started.clear()
        self._tell_ready(False)
        self._record.add(self.name, "Exited", str(code))
        return code

    async def _watch(self, run: Run) -> None:
        """The hook after the start, then the startup probe, and behind it the other two."""
        hook = self.spec.get("lifecycle", {}).get("postStart")
        if hook is not None and not await self._do(hook, run)():
            await self._give_up(run, "FailedPostStartHook")
        elif not await self._starts(run):
            await self._give_up(run, "Unhealthy startup")
        else:
            self._record.add(self.name, "Initialized")
            self.started.set()
            await asyncio.gather(self._watch_readiness(run), self._watch_liveness(run))

    async def _starts(self, run: Run) -> bool:
        spec = self.spec.get("startupProbe")
        return spec is None or await anext(verdicts(spec, self._do(spec, run)))

    async def _watch_readiness(self, run: Run) -> None:
        spec = self.spec.get("readinessProbe")
        if spec is None:
            self._tell_ready(True)
            return
        async for good in verdicts(spec, self._do(spec, run)):
            self._tell_ready(good)

    async def _watch_liveness(self, run: Run) -> None:
        spec = self.spec.get("livenessProbe")
        if spec is None:
            return
        async for good in verdicts(spec, self._do(spec, run)):
            if not good and not self.stopping:
                await self._give_up(run, "Unhealthy liveness")

    async def _give_up(self, run: Run, why: str) -> None:
        self._record.add(self.name, why)
        await run.end(self._grace)

    def _do(self, spec: Json, run: Run) -> Callable[[], Awaitable[bool]]:
        return action(spec, self.spec, run, self._address)

    def _tell_ready(self, ready: bool) -> None:
        if ready != self.ready:
            self.ready = ready
            self._record.add(self.name, "Ready" if ready else "NotReady")
