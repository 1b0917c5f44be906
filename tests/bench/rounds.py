"""What is measured in which order: a round takes each cell for every column in turn, so that all meet the same machine.

A column is a place to ask: no proxy, nginx, bare aiohttp, and Outrider twice, once for each of two providers. Behind these
come the pairs of dialects, each a column of its own, in shorter cells and with the neighbours measured again, and what a second
Outrider makes of its cache.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import cells, kept, nginx, seen
from tests.bench.applications import APPLICATIONS
from tests.bench.cells import Place
from tests.bench.load import Caller, Curious
from tests.bench.measure import Meter, Reading, memory
from tests.bench.pairs import EVENTS, MODELS, PAIRS, REQUESTS
from tests.bench.processes import Process, Processes, free_ports, outrider, python
from tests.bench.results import Results
from tests.bench.table import COLUMNS

RELAYED, TRANSLATED = MODELS["openai"], MODELS["anthropic"]
CONNECTIONS = {"requests-1": 1, "requests-32": 32}
#: So few events that no core comes near its end. Five streams get one each in the same millisecond: spread evenly,
#: most of what a proxy pays for an event is being woken by the kernel, which all pay and which hides their difference.
FLOWS = {
    "events-1": cells.Flow(streams=1, rate=1000, burst=1),
    "events-128": cells.Flow(streams=128, rate=5000, burst=5),
    "events-1000": cells.Flow(streams=1000, rate=5000, burst=5),
}
#: All of them hear something in the same moment, as those do who share a call.
TOGETHER = cells.Flow(streams=100, rate=5000, burst=100)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long (seconds for each cell, and for each of a pair) and how often; `calls` is for the growth of memory."""

    seconds: float
    pair_seconds: float
    rounds: int
    starts: int
    calls: int
    cells: frozenset[str]
    log_level: str = "warning"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    place: Place
    process: Process | None


class Bench:
    """One run: the processes, the columns they serve, the results so far. `cores`: the proxies', everyone else's."""

    def __init__(
        self, plan: Plan, processes: Processes, folder: Path, cores: tuple[int, int], say: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._processes = processes
        self._folder = folder
        self._cores = cores
        self._say = say
        self._columns: list[Column] = []
        self._pairs: list[Column] = []
        self._keeping: list[Column] = []
        self._seeing: list[Column] = []
        self.results = Results()

    async def run(self) -> None:
        await self._start()
        for column in (*self._columns, *self._pairs, *self._keeping, *self._keeping, *self._seeing):
            cells.check(column.place)  # the cache's place twice: the second answer is one that was kept
        if "growth" in self._plan.cells:
            await self._growth()
        for number in range(1, self._plan.rounds + 1):
            for cell in (*CONNECTIONS, *FLOWS):
                if cell in self._plan.cells:
                    self._say(f"round {number} of {self._plan.rounds}: {cell}")
                    await self._cell(cell)
            if "pairs" in self._plan.cells:
                self._say(f"round {number} of {self._plan.rounds}: pairs")
                await self._pair_cells()
            for cell in kept.CELLS:
                if cell in self._plan.cells:
                    self._say(f"round {number} of {self._plan.rounds}: {cell}")
                    await self._kept_cell(cell)
            if seen.CELL in self._plan.cells:
                self._say(f"round {number} of {self._plan.rounds}: {seen.CELL}")
                for column in self._seeing:
                    await self._requests(seen.CELL, column, CONNECTIONS["requests-32"], self._plan.seconds)
        self._subtract()

    async def _start(self) -> None:
        upstream, *ports = free_ports(5)
        self._upstream_port = upstream
        self._upstream = await self._processes.start(
            "upstream", python("upstream", upstream), self._cores[1], upstream, self._folder
        )
        through_nginx, through_bare, port, ops = ports
        self._columns.append(Column("direct", Place(upstream, APPLICATIONS["openai"], RELAYED), None))
        await self._proxy(nginx.command(self._folder, through_nginx, upstream), through_nginx, {"nginx": RELAYED})
        await self._proxy(python("bare", through_bare, upstream), through_bare, {"bare": RELAYED})
        models = {"relayed": RELAYED, "translated": TRANSLATED}
        await self._proxy(outrider(self._folder, port, ops, upstream, self._plan.log_level), port, models, ops)
        if "pairs" in self._plan.cells:
            places = {pair.name: Place(port, APPLICATIONS[pair.application], pair.model) for pair in PAIRS}
            self._pairs = [Column(name, place, self._columns[-1].process) for name, place in places.items()]
        if not self._plan.cells.isdisjoint(kept.CELLS):
            await self._start_keeping()
        if seen.CELL in self._plan.cells:
            await self._start_seeing()

    async def _start_keeping(self) -> None:
        """An Outrider with a cache; the neighbours are asked the same."""
        port, ops = free_ports(2)
        command = outrider(self._folder, port, ops, self._upstream_port, self._plan.log_level, kept.CONFIGURATION)
        process = await self._another(kept.HEAD[0], command, ops)
        columns = (*self._named(*kept.NEIGHBOURS), Column(kept.CACHING, Place(port, kept.FIXED, RELAYED), process))
        self._keeping = [replace(column, place=column.place._replace(application=kept.FIXED)) for column in columns]

    async def _start_seeing(self) -> None:
        """An Outrider that tells all there is to tell."""
        port, ops = free_ports(2)
        more = seen.configuration(self._folder, self._upstream_port)
        process = await self._another(
            seen.HEAD[0], outrider(self._folder, port, ops, self._upstream_port, "", more), ops
        )
        self._seeing = [*self._named(*seen.NEIGHBOURS)]
        self._seeing.append(Column(seen.SEEING, Place(port, APPLICATIONS["openai"], RELAYED), process))

    async def _another(self, name: str, command: list[str], ready: int) -> Process:
        self._say(f"starting {name}")
        return await self._processes.start(name, command, self._cores[0], ready, self._folder)

    async def _proxy(
        self, command: list[str] | None, port: int, models: dict[str, str], ready: int | None = None
    ) -> None:
        """Start it as often as planned, leave the last one running; start and idle memory go to its first column."""
        name = next(iter(models))
        if command is None:
            self.results.absent[name] = "not installed"
            return
        self._say(f"starting {COLUMNS[name]}")
        times = self._plan.starts if "start" in self._plan.cells else 1
        for left in reversed(range(times)):
            process = await self._processes.start(COLUMNS[name], command, self._cores[0], ready or port, self._folder)
            if "start" in self._plan.cells:
                self.results.add("start.ms", name, process.seconds * 1e3)
            if left:
                self._processes.stop(process)
        places = {column: Place(port, APPLICATIONS["openai"], model) for column, model in models.items()}
        self._columns += [Column(column, place, process) for column, place in places.items()]
        if "idle" in self._plan.cells:
            self.results.add("idle.rss", name, memory(process.pid).rss)
            self.results.add("idle.pss", name, memory(process.pid).pss)

    async def _cell(self, cell: str) -> None:
        for column in self._columns:
            if cell in CONNECTIONS:
                await self._requests(cell, column, CONNECTIONS[cell], self._plan.seconds)
            else:
                await self._events(cell, column, FLOWS[cell], self._plan.seconds)

    async def _pair_cells(self) -> None:
        """All pairs' requests and then all pairs' events, each beside the neighbour that they are compared with."""
        seconds = self._plan.pair_seconds
        for column in (*self._named("bare"), *self._pairs):
            await self._requests(REQUESTS, column, CONNECTIONS["requests-32"], seconds)
        for column in (*self._named("nginx"), *self._pairs):
            await self._events(EVENTS, column, FLOWS["events-128"], seconds)

    async def _kept_cell(self, cell: str) -> None:
        for column in self._keeping:
            before = await cells.asked(self._upstream_port)
            if cell == kept.SHARED:
                hearers = TOGETHER.streams if column.name == kept.CACHING else 1
                answers = await self._events(cell, column, TOGETHER, self._plan.seconds, hearers)
            else:
                kind = Curious if cell == kept.MISS else Caller
                answers = await self._requests(cell, column, CONNECTIONS["requests-32"], self._plan.seconds, kind)
            kept.check_asked(cell, column.name, await cells.asked(self._upstream_port) - before, answers)

    def _named(self, *names: str) -> list[Column]:
        return [column for column in self._columns if column.name in names]

    def _meter(self, column: Column) -> Meter:
        gc.collect()
        return Meter(column.process.pid if column.process else None, (os.getpid(), self._upstream.pid))

    async def _requests(
        self, cell: str, column: Column, connections: int, seconds: float, kind: type[Caller] = Caller
    ) -> int:
        """How many answers there were."""
        taken = await cells.requests(column.place, connections, seconds, self._meter(column), kind)
        self._add(cell, column, "rate", taken.per_second)
        self._add(cell, column, "around", 100 * taken.reading.around / taken.reading.at)
        if column.process:
            self._cost(cell, column, taken.reading, taken.replies)
            self._add(cell, column, "capacity", taken.replies / taken.reading.cpu * 1e9)
            self._add(cell, column, "busy", 100 * taken.reading.cpu / taken.reading.at)
        return taken.replies

    async def _events(self, cell: str, column: Column, flow: cells.Flow, seconds: float, hearers: int = 1) -> int:
        """How many streams there were."""
        taken = await cells.events(column.place, flow, seconds, self._meter(column), self._upstream_port, hearers)
        self._add(cell, column, "rate", len(taken.latencies) / taken.reading.at * 1e9)
        self._add(cell, column, "p50", taken.quantile(0.5))
        self._add(cell, column, "p99", taken.quantile(0.99))
        if column.process:
            self._cost(cell, column, taken.reading, len(taken.latencies))
            self._add(cell, column, "rss", taken.rss)
        return flow.streams

    def _cost(self, cell: str, column: Column, reading: Reading, count: int) -> None:
        self._add(cell, column, "cpu", reading.cpu / count / 1e3)
        self._add(cell, column, "waited", 100 * reading.waited / reading.at)

    def _add(self, cell: str, column: Column, row: str, value: float) -> None:
        self.results.add(f"{cell}.{row}", column.name, value)

    def _subtract(self) -> None:
        for cell in FLOWS:
            for column in self._columns[1:]:
                for q in ("p50", "p99"):
                    self.results.subtract(f"{cell}.{q}", column.name, "direct", f"{cell}.added_{q}")

    async def _growth(self) -> None:
        """Both of Outrider's columns at once: a tenth of the calls to warm up, then what the rest added.

        Before anything else is measured: what a thousand streams leave free in the heap would hide a leak.
        """
        both = self._named("relayed", "translated")
        process = both[0].process
        assert process is not None
        self._say(f"{self._plan.calls:,} calls, for growth of memory")
        first = self._plan.calls // 10
        places = [column.place for column in both]
        await cells.calls(places, 16, first)
        warm = memory(process.pid).rss
        await cells.calls(places, 16, self._plan.calls - first)
        after = memory(process.pid)
        self.results.add("growth.calls", "relayed", self._plan.calls)
        self.results.add("growth.mb", "relayed", after.rss - warm)
        self.results.add("growth.peak", "relayed", after.peak)
