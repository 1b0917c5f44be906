"""A pod that runs: its volumes, its containers in their order, its phase, and its end.

The order is that of KEP-753 (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/): init containers one after
the other, one with `restartPolicy: Always` counts as done once it has started, and runs on; then the application's.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from tests.cluster.podsim.network import DUAL, Node, PodNetwork
from tests.cluster.podsim.objects import Json, Missing, Objects, fill
from tests.cluster.podsim.prepare import facts_of, prepared
from tests.cluster.podsim.process import Run
from tests.cluster.podsim.record import PATIENCE, Record
from tests.cluster.podsim.sandbox import Mount
from tests.cluster.podsim.supervised import Pace, Supervised
from tests.cluster.podsim.termination import Termination

KUBELET = Pace()
#: Seconds between two tries to mount what is missing.
AGAIN = 0.1


class Pod:
    """`async with Pod(...)`: runs from then on, and nothing of it is left behind the block. phase: as in its status."""

    def __init__(
        self,
        manifest: Json,
        node: Node,
        objects: Objects,
        folder: Path,
        families: tuple[int, ...] = DUAL,
        pace: Pace = KUBELET,
    ) -> None:
        self.manifest = manifest
        self.record = Record()
        self.phase = "Pending"
        self.network: PodNetwork = node.pod(families)
        self.spec = node.adapted(manifest["spec"], self.network)
        self.uid = manifest["metadata"].get("uid") or str(uuid.uuid4())
        self._node = node
        self._objects = objects
        self._folder = folder / self.uid
        self._facts = facts_of(manifest, self.uid, self.network.addresses, "node-1")
        self._deletion: float | None = None
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pace = pace
        self._grace: float = self.spec.get("terminationGracePeriodSeconds", 30)
        self._inits = [self._supervise(each, init=True) for each in self.spec.get("initContainers", ())]
        self._apps = [self._supervise(each) for each in self.spec["containers"]]
        self._tasks: dict[str, asyncio.Task[int]] = {}

    @property
    def address(self) -> str:
        """status.podIP"""
        return self.network.addresses[0]

    @property
    def sidecars(self) -> list[Supervised]:
        return [each for each in self._inits if _restartable(each.spec)]

    @property
    def ready(self) -> bool:
        """The condition: every container of the application and every sidecar is."""
        return all(each.ready for each in (*self._apps, *self.sidecars))

    def container(self, name: str) -> Supervised:
        return next(each for each in (*self._inits, *self._apps) if each.name == name)

    def text(self, name: str) -> str:
        """What a container wrote, all its runs."""
        return "".join(run.text() for run in self.container(name).runs)

    async def __aenter__(self) -> Pod:
        self._life = asyncio.create_task(self._live())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in (self._life, *self._tasks.values()):
            task.cancel()
        for each in (*self._inits, *self._apps):
            if each.run is not None:
                await each.run.end(0)
        with suppress(asyncio.CancelledError):
            await self._life
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._node.release(self.network)

    async def ended(self, patience: float = PATIENCE) -> str:
        """Until it has run to its end or is deleted: its phase."""
        async with asyncio.timeout(patience):
            await asyncio.shield(self._life)
        return self.phase

    async def until_ready(self) -> None:
        until = time.monotonic() + PATIENCE
        while not self.ready:
            assert time.monotonic() < until, f"not ready: {self.record}"
            assert not self._life.done(), f"ended: {self.record}"
            await asyncio.sleep(0.02)

    async def delete(self, grace: float | None = None) -> str:
        """As `kubectl delete pod`, with --grace-period where it is given; its last phase."""
        self._deletion = self._grace if grace is None else grace
        self.record.add("", "Deleted")
        if not self._over.done():
            self._over.set_result(None)
        return await self.ended(self._deletion + PATIENCE)

    def sync_volumes(self) -> None:
        """What kubelet does once a minute or so: objects that changed are seen in the volumes."""
        for volume in self.spec.get("volumes", ()):
            fill(self._folder / "volumes" / volume["name"], volume, self._objects, self._facts)

    # ---- its life

    async def _live(self) -> None:
        await self._mount()
        course = asyncio.create_task(self._course())
        await asyncio.wait((course, self._over), return_when=asyncio.FIRST_COMPLETED)
        course.cancel()
        if self._over.done():
            self._over.result()
        grace = self._grace if self._deletion is None else self._deletion
        mains_and_inits = [*self._apps, *(each for each in self._inits if each not in self.sidecars)]
        await Termination(mains_and_inits, self.sidecars, self.record, self.address).run(grace)
        await asyncio.gather(*self._tasks.values())
        codes = [each.code for each in self._apps]
        self._tell("Succeeded" if codes and all(code == 0 for code in codes) else "Failed")

    async def _mount(self) -> None:
        while True:
            try:
                return self.sync_volumes()
            except Missing as missing:
                if not self.record.every("", "FailedMount"):
                    self.record.add("", "FailedMount", str(missing))
                await asyncio.sleep(AGAIN)

    async def _course(self) -> None:
        """Every init container, then the application's, until these have ended or one of the first failed for good."""
        for each in self._inits:
            task = self._run(each)
            if _restartable(each.spec):
                await each.started.wait()
            elif await asyncio.shield(task):
                return
        for each in self._apps:
            self._run(each)
            if "postStart" in each.spec.get("lifecycle", {}):
                await each.started.wait()
        self._tell("Running")
        await asyncio.wait([self._tasks[each.name] for each in self._apps])

    def _run(self, container: Supervised) -> asyncio.Task[int]:
        task = self._tasks[container.name] = asyncio.create_task(container.live())
        task.add_done_callback(self._look)
        return task

    def _look(self, task: asyncio.Task[int]) -> None:
        """A container that this simulator cannot run ends the pod, with the reason."""
        if not task.cancelled() and (error := task.exception()) and not self._over.done():
            self._over.set_exception(error)

    def _supervise(self, spec: Json, init: bool = False) -> Supervised:
        policy = self.spec.get("restartPolicy", "Always")

        def restarts(code: int) -> bool:
            if init and not _restartable(spec):
                return code != 0 and policy != "Never"
            return _restartable(spec) or policy == "Always" or (policy == "OnFailure" and code != 0)

        async def start(number: int) -> Run:
            root = self._folder / "containers" / spec["name"] / str(number)
            root.mkdir(parents=True)
            mounts = [self._mounted(each) for each in spec.get("volumeMounts", ())]
            wanted = prepared(spec, self.spec, root / "root", self.network.path, mounts, self._facts, self._objects)
            return await Run.start(self._node.placed(wanted), root / "log")

        return Supervised(spec, start, restarts, self.record, self.address, self._pace, self._grace)

    def _mounted(self, mount: Json) -> Mount:
        if "subPath" in mount:
            raise NotImplementedError(f"{mount['name']}: subPath is not simulated")
        return Mount(self._folder / "volumes" / mount["name"], mount["mountPath"], not mount.get("readOnly", False))

    def _tell(self, phase: str) -> None:
        self.phase = phase
        self.record.add("", phase)


def _restartable(spec: Json) -> bool:
    return bool(spec.get("restartPolicy") == "Always")
