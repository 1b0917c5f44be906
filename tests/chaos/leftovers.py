"""What calls leave behind in a process: tasks, file descriptors, connections, and objects of the sidecar's own classes."""

from __future__ import annotations

import asyncio
import gc
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import NamedTuple

from proxy.dialects.by_name import BY_NAME
from tests.promises.caller import until
from tests.promises.sidecars import InLoop

#: Classes of which there may be more afterwards: what is counted, made once, or remembered by name, which is bounded elsewhere,
#: and what the thread of the log is just writing.
REMEMBERED = frozenset(
    {
        *("Series", "Distribution", "Usage", "Target", "Model", "Course", "Steps", "ResumingContext", "CallLine"),
        *("Standing", "Counts", "Breaker"),
    }
)


class Held(NamedTuple):
    tasks: int
    descriptors: int
    objects: Counter[str]


@dataclass
class Leftovers:
    """The difference; `connections` are those that the sidecar's pools still count, in whatever state."""

    tasks: int = 0
    descriptors: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    connections: dict[str, list[int]] = field(default_factory=dict)


@asynccontextmanager
async def left_by(sidecars: Sequence[InLoop], hang_up: Callable[[], Awaitable[None]]) -> AsyncIterator[Leftovers]:
    """Filled in at the end, after `hang_up` has ended every connection of the providers and everything has had its time."""
    left = Leftovers()
    load_all()
    before = held()
    yield left
    for running in sidecars:
        await running.is_idle()
    await hang_up()
    await settles(lambda: len(asyncio.all_tasks()) <= before.tasks)
    await settles(lambda: len(os.listdir("/proc/self/fd")) <= before.descriptors)
    after = held()
    left.tasks, left.descriptors = after.tasks - before.tasks, after.descriptors - before.descriptors
    left.objects = after.objects - before.objects
    for running in sidecars:
        for name, pool in (await running.status())["providers"].items():
            if any(open_ones := {state: pool[state] for state in ("active", "idle", "waiting")}.values()):
                left.connections[name] = list(open_ones)


def load_all() -> None:
    """Tables of modules that are loaded when they are first needed are nothing that calls leave behind."""
    import_module("proxy.estimate.prompt")
    import_module("proxy.prices.notation")
    assert all(dialect.name for dialect in BY_NAME.values())


async def settles(condition: Callable[[], bool]) -> None:
    """Some ends come by themselves a few turns later; whether they came is judged by the numbers."""
    try:
        await until(condition, 3)
    except TimeoutError:
        return


def held() -> Held:
    gc.collect()
    ours = Counter(found.__name__ for found in map(type, gc.get_objects()) if found.__module__.startswith("proxy."))
    for name in REMEMBERED:
        ours.pop(name, None)
    return Held(len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd")), ours)
