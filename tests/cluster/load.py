"""Pods created by several threads at once, and what became of each."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.cluster.client import Client, Json

THREADS = 4


@dataclass
class Told:
    """`seconds` that each creation took; `failures` in words: a refusal, or a pod without what it must have."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(len(self.seconds) * share))] * 1000


@contextmanager
def creating(
    client: Client, namespace: str, make: Callable[[str], Json], good: Callable[[Json], bool], most: int | None = None
) -> Iterator[Told]:
    """Creates pods until the block ends; with `most`, the end of the block waits until there are so many."""
    told, over = Told(), threading.Event()
    numbers = iter(range(most)) if most is not None else itertools.count()
    numbered = threading.Lock()

    def work() -> None:
        while not over.is_set():
            with numbered:
                number = next(numbers, None)
            if number is None:
                return
            began = time.perf_counter()
            answer = client.create("Pod", make(f"load-{number}"), namespace)
            told.seconds.append(time.perf_counter() - began)
            if not (answer.accepted and good(answer.body)):
                told.failures.append(f"{answer.status} {answer.message}")

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        if most is None:
            over.set()
        for thread in threads:
            thread.join()
