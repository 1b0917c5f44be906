"""The injector as a process: what it is made of, what runs beside the admissions, when it is ready and how it ends.

The one place where the parts meet. A part that ends by itself is a fault of ours, and then the process ends with it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import NamedTuple

from proxy.injector.admission import Admission, Sources
from proxy.injector.certificates import Lifetimes
from proxy.injector.cluster import Access, Cluster
from proxy.injector.events import Events
from proxy.injector.listening import listen_first
from proxy.injector.metrics import Metrics
from proxy.injector.namespaces import Namespaces
from proxy.injector.refusal import ClusterError
from proxy.injector.reread import Template
from proxy.injector.rotation import Kept, Rotation
from proxy.injector.served import Served
from proxy.injector.settings import Settings
from proxy.injector.supplied import Supplied
from proxy.injector.version import read_version
from proxy.injector.webhook import Door, Ops, Webhook

log = logging.getLogger(__name__)

NAMESPACE = "/api/v1/namespaces/{}"


class Pace(NamedTuple):
    """Seconds: between looks at files, rounds of certificate keeping (a tenth more or less), readings of the version; the
    first and the longest pause after a failure; how long it goes on answering when it is told to end, and then finishes."""

    files: float = 2.0
    certificates: float = 60.0
    version: float = 600.0
    first_pause: float = 1.0
    longest_pause: float = 30.0
    linger: float = 3.0
    finish: float = 1.0


class Injector:
    """`run` until `stop` is set. Raises what Template raises, and OSError where it cannot listen."""

    def __init__(
        self, settings: Settings, cluster: Cluster, pace: Pace, lifetimes: Lifetimes, clock: Callable[[], datetime]
    ) -> None:
        self.metrics = Metrics()
        self._settings = settings
        self._cluster = cluster
        self._pace = pace
        self._version: tuple[int, int] | None = None
        self._leaving = self._started = self._was_ready = False
        self._template = Template(settings.template, self._counter("template_reloads_total"))
        self._served = Served()
        self._keeper: Rotation | Supplied = (
            Supplied(settings.tls_directory, self._served.serve)
            if settings.tls_directory is not None
            else Rotation(
                cluster,
                Kept(settings.namespace, settings.secret, settings.webhook, settings.certificate_names, lifetimes),
                self._served.serve,
                clock,
                self._counter("certificate_steps_total"),
            )
        )
        self._namespaces = Namespaces(
            self._read_namespace, ClusterError, time.monotonic, self._counter("namespace_reads_total")
        )
        self._events = Events(cluster.post, settings.instance, time.monotonic, clock, self._counter("events_total"))
        sources = Sources(
            template=lambda: self._template.current,
            version=lambda: self._version,
            annotations=self._namespaces.annotations,
            tell=self._events.tell if settings.events else lambda *told: None,
        )
        admission = Admission(sources, self.metrics, settings.allow_on_error)
        self._webhook = Door(Webhook(admission.answer).handle)
        self._ops = Door(Ops(self.not_ready, lambda: self._started, self._page).handle)
        self.ports = (0, 0)

    def not_ready(self) -> list[str]:
        """Why, in words; none when it is ready."""
        faults = [*self._keeper.faults]
        if self._leaving:
            faults.append("ending")
        if self._version is None and self._template.current["native"] == "auto":
            faults.append("version of the API server: not yet known")
        self._was_ready = self._was_ready or not faults
        return faults

    async def run(self, stop: asyncio.Event) -> None:
        settings = self._settings
        with ExitStack() as opened:
            ports = (settings.port, settings.ops_port)
            sockets = [opened.enter_context(listen_first(settings.hosts, port)) for port in ports]
            try:
                await self._serve(sockets, stop)
            finally:
                await self._namespaces.close()
                await self._webhook.close(self._pace.finish)
                await self._ops.close(0)

    async def _serve(self, sockets: Sequence[socket.socket], stop: asyncio.Event) -> None:
        ports = await self._webhook.start(sockets[0], self._served.context), await self._ops.start(sockets[1])
        self.ports, self._started = ports, True
        log.info("listening", extra={"port": ports[0], "ops_port": ports[1]})
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(each) for each in self._beside()]
            await stop.wait()
            await self._leave()
            for task in beside:
                task.cancel()

    async def _leave(self) -> None:
        """Endpoints are taken out of a Service a moment after readiness ends, and API servers learn of that later still."""
        self._leaving = True
        self._webhook.retire()
        log.info("ending", extra={"linger_s": self._pace.linger if self._was_ready else 0})
        if self._was_ready:
            await asyncio.sleep(self._pace.linger)

    def _beside(self) -> list[Coroutine[object, object, None]]:
        pace = self._pace
        beside = [
            self._look_at_template(),
            self._repeat("the version of the API server", self._read_version, pace.version),
            self._repeat("certificates", self._keep, pace.files if self._settings.tls_directory else pace.certificates),
        ]
        return [*beside, self._events.run()] if self._settings.events else beside

    async def _look_at_template(self) -> None:
        while True:
            await asyncio.sleep(self._pace.files)
            self._template.look()

    async def _repeat(self, what: str, act: Callable[[], Coroutine[object, object, None]], every: float) -> None:
        """For ever, and sooner after a failure: at first at once, then in ever longer pauses."""
        pause = self._pace.first_pause
        while True:
            try:
                await act()
            except ClusterError as error:
                log.warning("%s: %s", what, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, self._pace.longest_pause)
            else:
                pause = self._pace.first_pause
                # Replicas that were started together should not ask together.
                await asyncio.sleep(every * random.uniform(0.9, 1.1))

    async def _keep(self) -> None:
        try:
            await self._keeper.tick()
        except ClusterError:
            self.metrics.count("certificate_failures_total")
            raise

    async def _read_version(self) -> None:
        self._version = await read_version(self._cluster)

    async def _read_namespace(self, name: str) -> Mapping[str, object]:
        return await self._cluster.get(NAMESPACE.format(name))

    def _page(self) -> bytes:
        for kind, end in self._keeper.ends.items():
            self.metrics.put("cert_expiry_timestamp_seconds", end.timestamp(), kind)
        self.metrics.put("ready", not self.not_ready())
        return self.metrics.render()

    def _counter(self, name: str) -> Callable[[str], None]:
        return lambda value: self.metrics.count(name, value)


def now() -> datetime:
    return datetime.now(UTC)


async def run(settings: Settings, stop: asyncio.Event, pace: Pace | None = None) -> None:
    """Until `stop` is set. Raises TemplateError, and OSError where it cannot listen."""
    async with Cluster(Access(settings.api, settings.token_file, settings.ca_file)) as cluster:
        await Injector(settings, cluster, pace or Pace(), Lifetimes(), now).run(stop)
