"""Composition root: configuration to roads, stack and servers; the only place where things are wired. And the process's life."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import time
from functools import partial

import uvloop

from proxy import __version__, logs
from proxy.call import Target
from proxy.config import Config, aliases, endpoints, entries_of, fingerprint, load
from proxy.lookup import Lookup, Offers
from proxy.models import Model, Models
from proxy.policies.deadline import Deadline
from proxy.policies.fitting import Fitting
from proxy.policies.metrics import Metrics
from proxy.roads import Roads, alias_rules, common_rules, reach_of
from proxy.routing import Router
from proxy.server.connection import Server
from proxy.server.gateway import Gateway
from proxy.server.lag import LoopLag
from proxy.server.listen import listen
from proxy.server.ops import Ops, OpsState
from proxy.stack import Policies, build_stack
from proxy.upstream.exchange import Exchange
from proxy.upstream.fetch import Fetcher
from proxy.upstream.jobs import Jobs, with_jobs
from proxy.upstream.raw import Raw

KEEPALIVE_SECONDS = 3630.0
FLUSH_SECONDS = 2.0
LAST_WORDS_SECONDS = 1.0
#: What a caller is told while the sidecar drains: in a pod the next one is there in about this many seconds.
RETRY_AFTER = 5.0
log = logging.getLogger("outrider")


def main(path: str | None) -> int:
    """Serve until SIGTERM or SIGINT. Raises ConfigError for a faulty configuration, OSError when a port is taken."""
    config = load(path, os.environ)
    return uvloop.run(serve(config))


async def serve(config: Config) -> int:
    sidecar = Sidecar(config, asyncio.get_running_loop())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await sidecar.start()
    try:
        await stop.wait()
        await sidecar.drain()
    finally:
        await sidecar.close()
    return 0


class Sidecar:
    """Everything that runs, made from one configuration: `start`, `drain`, `close`, in that order."""

    def __init__(self, config: Config, loop: asyncio.AbstractEventLoop) -> None:
        self._config = config
        self._loop = loop
        self._began = loop.time()
        self._ready = False
        self._fingerprint = fingerprint(config)
        self._sink = logs.setup(config.logging.format, config.logging.level)
        on, off = endpoints(config)
        self._roads = Roads(config, on, loop, self._sink.redact, os.environ)
        self._fetcher = Fetcher(reach_of(config))
        self.metrics = Metrics(time.monotonic)
        self.lag = LoopLag(loop.time)
        self._models = Models(entries_of(config.catalog))
        self._offers = Offers(self._models, self._roads.lists)
        self.router = Router(on, off, aliases(config), rules=alias_rules(config), offers=self._offers)
        self.lookup = Lookup(self.router, self._offers)
        self.gateway = Gateway(self.router, config.listen.body_limit, time.monotonic, self._sink.log_call)
        longest = max(entry.timeouts.total for entry in config.providers.values())
        policies = Policies(
            metrics=self.metrics,
            admit=self.gateway.admit,
            fitting=Fitting(self._model_of, config.model_limits),
            deadline=Deadline(longest, time.monotonic),
        )
        roads, rules = self._roads.by_name, common_rules(config)
        exchange = Exchange(roads, rules, self._fetcher.inline, loop, time.monotonic, time.time)
        self._jobs = Jobs(roads, rules, self._roads.dial, loop, time.monotonic, time.time)
        self.gateway.handler = build_stack(policies, with_jobs(exchange, self._jobs, roads))
        relaying = Policies(metrics=self.metrics, admit=self.gateway.admit_relayed)
        self.gateway.relay = build_stack(relaying, Raw(roads, loop, time.monotonic))
        self.ops = Ops(self._ops_state(), status_for_all=not config.ops.local_only)
        self._add_gauges()
        self._server: Server | None = None
        self._listeners: list[asyncio.Server] = []
        self.addresses: list[tuple[str, int]] = []
        self.ops_addresses: list[tuple[str, int]] = []

    # ---- life

    async def start(self) -> None:
        """Listen on both ports. Raises OSError when one cannot be had."""
        self.lag.start()
        self._roads.start()
        self.ops_addresses = await self.ops.start(self._config.ops.hosts, self._config.ops.port)
        self._server = self._make_server()
        sockets = listen(self._config.listen.hosts, self._config.listen.port)
        self._listeners = [await self._loop.create_server(self._server, sock=sock) for sock in sockets]
        self.addresses = [sock.getsockname()[:2] for sock in sockets]
        tune_collector()
        self._ready = True
        shown = {"listen": self.addresses, "ops": self.ops_addresses, "providers": sorted(self._roads.by_name)}
        log.info("serving", extra=shown)

    async def drain(self) -> None:
        """Refuse new calls and let those in flight finish, up to the grace period."""
        self.start_drain()
        try:
            async with asyncio.timeout(self._config.drain.grace):
                await self.gateway.idle.wait()
        except TimeoutError:
            log.warning("the grace period is over, calls are cut", extra={"calls": len(self.gateway.calls)})
            self.gateway.cut()
            await self._last_words()

    async def _last_words(self) -> None:
        """Each call that is cut gets to say so; an application that does not read is not waited for."""
        try:
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self.gateway.idle.wait()
        except TimeoutError:
            log.warning("calls were cut without a word", extra={"calls": len(self.gateway.calls)})

    def start_drain(self) -> None:
        if self._ready:
            self._ready = False
            self.gateway.drain(RETRY_AFTER)
            log.info("draining", extra={"calls": len(self.gateway.calls)})

    async def close(self) -> None:
        for listener in self._listeners:
            listener.close()
        if self._server is not None:
            self._server.pre_shutdown()
            await self._server.shutdown(0.1)
        await self._jobs.close()
        await self._roads.close()
        await self._fetcher.close()
        await self.ops.close()
        self.lag.stop()
        log.info("stopped")
        self._sink.close(FLUSH_SECONDS)

    # ---- wiring

    def _make_server(self) -> Server:
        listen_to = self._config.listen
        return Server(
            self.gateway.handle,
            keepalive_timeout=KEEPALIVE_SECONDS,
            max_line_size=listen_to.header_limit,
            max_field_size=listen_to.header_limit,
        )

    def _model_of(self, target: Target) -> Model | None:
        return self._offers.model(target.endpoint, target.model)

    # ---- what is shown

    def _ops_state(self) -> OpsState:
        return OpsState(
            version=__version__,
            lag=self.lag.current,
            started=lambda: bool(self._listeners),
            not_ready=self._not_ready,
            metrics=self.metrics.blocks,
            uptime=lambda: self._loop.time() - self._began,
            fingerprint=lambda: self._fingerprint,
            providers=lambda: {name: road.pool.statistics() for name, road in self._roads.by_name.items()},
            calls_in_flight=lambda: len(self.gateway.calls),
            drain=self.start_drain,
        )

    def _not_ready(self) -> list[str]:
        if self._ready:
            return []
        return ["draining"] if self._listeners else ["starting"]

    def _add_gauges(self) -> None:
        gauge = self.metrics.gauge
        gauge("outrider_loop_lag_seconds", "How late the event loop ran, at worst.", self.lag.worst)
        gauge(
            "outrider_connections",
            "Connections to providers, by state.",
            self._roads.connections,
            ("provider", "state"),
        )
        gauge("outrider_log_dropped", "Log lines lost because their reader is too slow.", lambda: self._sink.dropped)
        gauge("outrider_bound_fill", "How much of what is bounded is in use.", partial(self._bounds, 0), ("bound",))
        gauge("outrider_bound_limit", "How much of it there may be.", partial(self._bounds, 1), ("bound",))

    def _bounds(self, which: int) -> dict[tuple[str, ...], float]:
        """Everything that could grow, as (fill, limit); `which` picks one of the two."""
        bounds: dict[str, tuple[float, float]] = {
            "log_lines": (self._sink.waiting, logs.WAITING),
            "label_sets": self.metrics.label_sets,
            "routes": self.router.remembered,
            "models": self._models.remembered,
            "fetched_characters": self._fetcher.fill,
            "jobs_ending": self._jobs.fill,
            **self._roads.bounds(),
        }
        return {(bound,): pair[which] for bound, pair in bounds.items()}


def tune_collector() -> None:
    """What stands after the start stays, and what calls leave behind is mostly freed by counting: look for cycles seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
