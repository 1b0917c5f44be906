"""The end of a pod, as kubelet has it (killContainer and terminationOrdering in pkg/kubelet/kuberuntime).

All containers at once: each runs its preStop hook, then a restartable init container waits until all application containers and
all such containers behind it have ended, but no longer than the grace period; then SIGTERM, and SIGKILL when what is left of
the period, at least two seconds, is over. So a hook of a sidecar runs at once, and not when its turn comes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from tests.cluster.podsim.probes import action
from tests.cluster.podsim.record import Record
from tests.cluster.podsim.supervised import Supervised

#: minimumGracePeriodInSeconds
LEAST = 2.0


class Termination:
    """Of the containers that run now. sidecars: the restartable init containers, in the order of the spec."""

    def __init__(
        self, containers: Sequence[Supervised], sidecars: Sequence[Supervised], record: Record, address: str
    ) -> None:
        self._containers = containers
        self._sidecars = sidecars
        self._record = record
        self._address = address
        self._ended = {each.name: asyncio.Event() for each in (*containers, *sidecars)}

    async def run(self, grace: float) -> None:
        """Until every container has ended."""
        every = (*self._containers, *self._sidecars)
        for each in every:
            each.stopping = True
        before = self._order()
        await asyncio.gather(*(self._end(each, before.get(each.name, ()), grace) for each in every))

    def _order(self) -> Mapping[str, Sequence[str]]:
        """Name of a sidecar -> whose ends it waits for."""
        main = [each.name for each in self._containers]
        order: dict[str, list[str]] = {}
        behind: list[str] = []
        for each in reversed(self._sidecars):
            order[each.name] = main + behind
            behind = [each.name]
        return order

    async def _end(self, container: Supervised, before: Sequence[str], grace: float) -> None:
        run = container.run
        if run is not None and container.running:
            self._record.add(container.name, "Killing")
            left = grace - await self._pre_stop(container, grace)
            left -= int(await self._turn(before, left)) if left > 0 else 0
            self._record.add(container.name, "Signalled", f"{max(left, LEAST):.0f} s to end")
            if not await run.end(max(left, LEAST)):
                self._record.add(container.name, "Killed", "did not end in time")
        self._ended[container.name].set()

    async def _pre_stop(self, container: Supervised, grace: float) -> int:
        """Whole seconds that its hook took."""
        hook = container.spec.get("lifecycle", {}).get("preStop")
        if hook is None or grace <= 0 or container.run is None:
            return 0
        begin = time.monotonic()
        try:
            good = await asyncio.wait_for(action(hook, container.spec, container.run, self._address)(), grace)
        except TimeoutError:
            good = False
        self._record.add(container.name, "PreStopped" if good else "FailedPreStopHook")
        return int(time.monotonic() - begin)

    async def _turn(self, before: Sequence[str], left: float) -> float:
        """Wait for those that end before, for `left` seconds at most; how long that was."""
        begin = time.monotonic()
        try:
            async with asyncio.timeout(left):
                for name in before:
                    await self._ended[name].wait()
        except TimeoutError:
            pass
        return time.monotonic() - begin
