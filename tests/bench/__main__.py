"""The command: `python -m tests.bench`, or `make bench`. One run, one table; the exit status is 1 when a bar is missed.

python -m tests.bench                                  all of it, about ten minutes
python -m tests.bench --quick                          less of everything, about two minutes; noisy
python -m tests.bench --rows requests-32,events-128    only these cells
python -m tests.bench --write docs/performance.md      put the table into the page
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import resource
import signal
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import uvloop

from tests.bench.load import BenchError
from tests.bench.processes import Processes
from tests.bench.results import Results
from tests.bench.rounds import Bench, Plan
from tests.bench.table import CELLS, missed, render

FULL = Plan(seconds=3.0, pair_seconds=1.0, rounds=3, starts=5, calls=100_000, cells=frozenset(CELLS))
QUICK = Plan(seconds=0.4, pair_seconds=0.3, rounds=2, starts=3, calls=20_000, cells=frozenset(CELLS))
DESCRIPTORS = 4096
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def plan(options: argparse.Namespace) -> Plan:
    chosen = QUICK if options.quick else FULL
    cells = options.rows or chosen.cells
    chosen = replace(chosen, cells=cells, log_level=options.log)
    return replace(chosen, seconds=options.seconds, pair_seconds=options.seconds) if options.seconds else chosen


def rows(text: str) -> frozenset[str]:
    """Names of cells; `requests` and `events` stand for all of theirs."""
    wanted = [[cell for cell in CELLS if cell == name or cell.startswith(f"{name}-")] for name in text.split(",")]
    if not all(wanted):
        raise argparse.ArgumentTypeError(f"one or more of {', '.join(CELLS)}")
    return frozenset(cell for cells in wanted for cell in cells)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench", description="What Outrider costs, beside its neighbours.")
    parser.add_argument("--quick", action="store_true", help="less of everything: about two minutes, and noisy")
    parser.add_argument("--seconds", type=float, help="how long each cell is measured")
    parser.add_argument("--rows", type=rows, metavar="NAME,...", help=f"only these: {', '.join(CELLS)}")
    parser.add_argument(
        "--log", default="warning", metavar="LEVEL", help="Outrider's log level; at info it writes a line a call"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number of every round")
    parser.add_argument("--write", type=Path, metavar="FILE", help=f"put the table between {BEGIN} and {END}")
    return parser.parse_args(argv)


def cores() -> tuple[int, int]:
    """The core of the proxies and the core of everything else."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        raise BenchError("two cores are needed: one for the proxy, one for the load and the upstream")
    return available[0], available[1]


def raise_descriptors() -> None:
    """A thousand streams take two thousand descriptors of the proxy, which inherits this limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        raise BenchError(f"{DESCRIPTORS} file descriptors are needed and {hard} allowed (ulimit -Hn)")
    if soft != resource.RLIM_INFINITY and soft < DESCRIPTORS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))


async def measure(chosen: Plan) -> Results:
    """Run the plan; what was started is stopped when this returns, raises or is cancelled by a signal."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    pair = cores()
    os.sched_setaffinity(0, {pair[1]})
    with tempfile.TemporaryDirectory(prefix="outrider-bench-") as folder, Processes() as processes:
        bench = Bench(chosen, processes, Path(folder), pair, partial(print, file=sys.stderr, flush=True))
        await bench.run()
        return bench.results


def notes(chosen: Plan) -> list[str]:
    now = datetime.now(UTC)
    return [
        f"{now:%Y-%m-%d %H:%M} UTC, {processor()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}",
        f"{chosen.rounds} rounds, {chosen.seconds:g} s a cell, {chosen.pair_seconds:g} s for a pair's; the tables hold "
        "medians of the rounds; a ratio is taken within each round, and the median of the ratios is judged",
        f"Outrider's log level: {chosen.log_level}" + (" (a line for each call)" if chosen.log_level == "info" else ""),
    ]


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def insert(page: Path, text: str) -> None:
    """Replace what stands between the marks of the page."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchError(f"{page} has no {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n```text\n{text}```\n{END}{after}")


def as_json(chosen: Plan, results: Results) -> str:
    return json.dumps({"notes": notes(chosen), "absent": results.absent, "rounds": results.values}, indent=1) + "\n"


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    chosen = plan(options)
    try:
        raise_descriptors()
        gc.disable()
        results = uvloop.run(measure(chosen))
        page = render(results, notes(chosen))
        print(page)
        if options.json:
            options.json.write_text(as_json(chosen, results))
        if options.write:
            insert(options.write, page)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("bench: stopped", file=sys.stderr)
        return 130
    return 1 if missed(results) else 0


if __name__ == "__main__":
    raise SystemExit(main())
