"""What a process costs, read from the kernel: CPU time in nanoseconds, waiting for a core, resident memory.

Linux only. What is measured is a process with its children and all their threads.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")


def tree(pid: int) -> Iterator[int]:
    """The process and its descendants (proc(5): task/TID/children)."""
    yield pid
    for children in PROC.glob(f"{pid}/task/*/children"):
        for child in children.read_text().split():
            yield from tree(int(child))


def cpu(pid: int) -> int:
    """CPU time of one process in ns, user and system, ended threads included, its children not.

    The number is the clock that clock_getcpuclockid(3) gives for a process on Linux; reading /proc/PID/stat instead
    would round to hundredths of a second.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


def waited(pid: int) -> int:
    """Time in ns that threads were ready to run and had no core (sched-stats.rst: second field of schedstat)."""
    paths = [path for member in tree(pid) for path in PROC.glob(f"{member}/task/*/schedstat")]
    return sum(int(path.read_text().split()[1]) for path in paths)


class Memory(NamedTuple):
    """Megabytes (10^6 bytes): resident, the same with shared pages divided among their users, highest so far."""

    rss: float
    pss: float
    peak: float


def memory(pid: int) -> Memory:
    def total(file: str, key: str) -> float:
        return sum(_kilobytes(PROC / str(member) / file, key) for member in tree(pid)) * 1024 / 1e6

    return Memory(total("status", "VmRSS"), total("smaps_rollup", "Pss"), total("status", "VmHWM"))


def _kilobytes(path: Path, key: str) -> int:
    return next(int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(f"{key}:"))


class Meter:
    """CPU of what is measured and of what measures it (`around`: the load generator and the upstream)."""

    def __init__(self, pid: int | None, around: tuple[int, ...]) -> None:
        self.pid = pid
        self._around = around

    def read(self) -> Reading:
        mine, wait = (0, 0) if self.pid is None else (sum(map(cpu, tree(self.pid))), waited(self.pid))
        return Reading(time.monotonic_ns(), mine, wait, sum(map(cpu, self._around)))


class Reading(NamedTuple):
    """Nanoseconds since some start; only differences mean something."""

    at: int
    cpu: int
    waited: int
    around: int

    def since(self, earlier: Reading) -> Reading:
        return Reading(*(new - old for new, old in zip(self, earlier, strict=True)))
