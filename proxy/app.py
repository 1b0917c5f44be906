"""Composition root: configuration to roads, stack and servers; the only place where things are wired. And the process's life."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import time

import uvloop

from proxy.awaiting import tell_awaited
from proxy.call import Call
from proxy.config import Config, ConfigError
from proxy.config.drain import ending
from proxy.draining import Draining
from proxy.entrance import Entrance
from proxy.extras import teller_of_ends, traces_of
from proxy.generation import Generation, Lasting, Tallies
from proxy.journal import Journal
from proxy.policies.breaker import OPEN, State
from proxy.policies.metrics import Metrics
from proxy.policies.standings import Standings
from proxy.reload import Reloads
from proxy.resilience import breaker_rules
from proxy.server.connection import Server
from proxy.server.feed import Feed
from proxy.server.gateway import Gateway
from proxy.server.lag import LoopLag
from proxy.server.listen import listen
from proxy.server.ops import Ops
from proxy.shown import add_gauges, ops_state
from proxy.shown_process import pod_labels
from proxy.shown_used import last_line
from proxy.source import Source

#: For spans and for lines, each. Kubelet may leave us two in all (KEP-753), and calls that are cut take their part of them.
FLUSH_SECONDS = 0.8
#: Configurations that calls in flight still use, besides the present one.
MOST_LEAVING = 32
#: Targets whose breakers' openings are counted apart.
MOST_OPENED = 500
log = logging.getLogger("outrider")


def main(path: str | None, keys: str | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Raises ConfigError for a faulty configuration, OSError when a port is taken."""
    source = Source(path, os.environ, keys)
    return uvloop.run(serve(source.load(), source if source.lasts else None))


async def serve(config: Config, source: Source | None = None) -> int:
    loop = asyncio.get_running_loop()
    sidecar = Sidecar(config, loop, source)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, sidecar.stopping.set)
    loop.add_signal_handler(signal.SIGHUP, sidecar.reloads.soon)
    await sidecar.start()
    try:
        await sidecar.stopping.wait()
        await sidecar.drain()
    finally:
        await sidecar.close()
    return 0


class Sidecar:
    """Everything that runs, made from one configuration: `start`, `drain`, `close`, in that order; `reload` in between."""

    def __init__(self, config: Config, loop: asyncio.AbstractEventLoop, source: Source | None = None) -> None:
        """`source` is asked for the configuration anew; without one there is nothing to reload."""
        self._config = config
        self._loop = loop
        self.tallies = Tallies.new()
        self._began, self._ready = loop.time(), False
        self.journal = Journal(config)
        self.metrics = Metrics(time.monotonic, everywhere=pod_labels(os.environ) if config.ops.pod_labels else None)
        self.lag = LoopLag(loop.time)
        self.standings = Standings(breaker_rules(config), time.monotonic, self._breaker_changed)
        self.clean = self.journal.sink.clean
        self.feed = Feed(time.time, self.clean)
        self.traces = traces_of(config, os.environ, self.journal.sink.redact, self.clean)
        ended = teller_of_ends(self.feed, self.journal.sink, self.traces)
        self.entrance = Entrance(config.listen, self.journal.sink, time.monotonic, ended)
        self._lasting = Lasting(
            loop,
            self.journal.sink.redact,
            os.environ,
            self.metrics,
            self.standings,
            self.gateway.admitting,
            self.gateway.admit_relayed,
            self.tallies,
            self.traces,
            self.journal,
        )
        self.current = Generation(config, self._lasting)
        self.stopping = asyncio.Event()
        self.draining = Draining(
            self.gateway, lambda: ending(self._config.drain, os.environ), lambda: self.feed.last, time.monotonic
        )
        self._leaving: set[asyncio.Task[None]] = set()
        self._enter(self.current)
        self.reloads = Reloads(source, lambda: self.current.fingerprint, self.adopt, time.time)
        self._server: Server | None = None
        self._listeners: list[asyncio.Server] = []
        self.addresses: list[tuple[str, int]] = []
        self.ops_addresses: list[tuple[str, int]] = []
        self.ops = Ops(ops_state(self), status_for_all=not config.ops.local_only)
        add_gauges(self, os.environ, lambda: self.journal.sink.waiting, lambda: self.journal.sink.dropped)

    @property
    def gateway(self) -> Gateway:
        return self.entrance.gateway

    # ---- life

    async def start(self) -> None:
        """Listen on both ports. Raises OSError when one cannot be had."""
        self.lag.start()
        if self.traces is not None:
            self.traces.start()
        self.current.start()
        self.reloads.start()
        self.ops_addresses = await self.ops.start(self._config.ops.hosts, self._config.ops.port)
        await self.entrance.start()
        self._server = self.entrance.server()
        sockets = listen(self._config.listen.hosts, self._config.listen.port)
        self._listeners = [
            await self._loop.create_server(self._server, sock=sock, **self.entrance.options) for sock in sockets
        ]
        self.addresses = [sock.getsockname()[:2] for sock in sockets]
        tune_collector()
        self._ready = True
        shown = {"listen": self.addresses, "ops": self.ops_addresses, "providers": sorted(self.current.roads.by_name)}
        log.info("serving", extra=shown)
        tell_awaited(self._config)

    async def drain(self) -> None:
        """Let calls finish in the order that is configured, new ones too where that is the classic one."""
        await self.draining.run()

    def start_drain(self) -> None:
        self.draining.refuse()

    def quit(self) -> None:
        """The application says that it asks no more."""
        self.draining.hurry()
        self.stopping.set()

    async def close(self) -> None:
        for listener in self._listeners:
            listener.close()
        if self._server is not None:
            self._server.pre_shutdown()
            await self._server.shutdown(0.1)
        await self.entrance.close()
        await self.reloads.close()
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await self.current.close()
        if log.isEnabledFor(logging.INFO):
            self.journal.sink.put(last_line(self, time.time()))
        if self.traces is not None:
            await self.traces.close(FLUSH_SECONDS)
        await self.ops.close()
        self.lag.stop()
        self.journal.sink.close(FLUSH_SECONDS)

    # ---- another configuration

    def adopt(self, config: Config) -> None:
        """From the next call on; calls in flight end as they began. ConfigError while too many older ones are in use."""
        if len(self._leaving) >= MOST_LEAVING:
            detail = f"{MOST_LEAVING} older configurations still in use by calls in flight"
            raise ConfigError("", detail, "another one when those have ended")
        old, self.current = self.current, Generation(config, self._lasting, self.current)
        for name in fixed(self._config, config):
            log.warning("a change of this section needs a restart", extra={"section": name})
        self._config = config
        self._enter(self.current)
        self.current.start()
        tell_awaited(config)
        task = asyncio.ensure_future(self._leave(old, set(self.gateway.calls)))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    @property
    def leaving(self) -> tuple[int, int]:
        """How many older configurations are in use still, and how many may be."""
        return len(self._leaving), MOST_LEAVING

    def _enter(self, generation: Generation) -> None:
        self.entrance.see(generation.seen)
        self.gateway.router = generation.router
        self.gateway.handler = generation.handler
        self.gateway.relay = generation.relay
        self.gateway.body_limit = generation.config.listen.body_limit

    async def _leave(self, generation: Generation, calls: set[Call]) -> None:
        try:
            await self.gateway.ended(calls)
        finally:
            await generation.close()

    # ---- what is shown

    def _breaker_changed(self, name: str, state: State) -> None:
        level = logging.WARNING if state == OPEN else logging.INFO
        log.log(level, "a breaker has changed", extra={"target": name, "state": state})
        provider, _, model = name.partition(":")
        known = (provider, model) in self.tallies.opened or len(self.tallies.opened) < MOST_OPENED
        target = provider, model if known else "other"
        self.tallies.moved[*target, state] += 1
        if state == OPEN:
            self.tallies.opened[target] += 1

    def uptime(self) -> float:
        return self._loop.time() - self._began

    def not_ready(self) -> list[str]:
        if self.draining.begun:
            return ["draining"]
        return [] if self._ready else ["starting"]


def fixed(old: Config, new: Config) -> list[str]:
    """What has changed and cannot while the process runs."""
    return [name for name in ("listen", "ops", "logging", "tracing") if getattr(old, name) != getattr(new, name)]


def tune_collector() -> None:
    """What stands after the start stays, and what calls leave behind is mostly freed by counting: look for cycles seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
