"""Answers that were recorded, for tests of where they are kept."""

from __future__ import annotations

import random
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from proxy.cache.recording import Recording
from proxy.call import Call, Client, Target, Usage


class Clock:
    """`now` is moved by the test."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def call_to(provider: str = "up", model: str = "m", stream: bool = False, asked: str = "alias") -> Call:
    call = Call("call-1", "openai", "chat", b"{}", {}, asked, stream, {}, cast(Client, None))
    call.target = Target(provider, model, SimpleNamespace(kind="openai"))
    return call


def words(dialect: str = "openai", dropped: Sequence[str] = (), translated: Sequence[str] = ()) -> Any:
    return SimpleNamespace(theirs=SimpleNamespace(name=dialect), dropped=dropped, translated=translated)


def recorded(
    *pieces: bytes,
    now: float = 1_700_000_000.0,
    ttl: float = 300.0,
    limit: int = 1 << 20,
    clock: Clock | None = None,
    **of: Any,
) -> Recording:
    """A whole answer, or with more than one piece a stream, kept at `now`."""
    made = Recording(limit, clock or Clock(0.0))
    made.begin(call_to(stream=len(pieces) > 1, **of), words(), 7)
    for piece in pieces:
        made.keep(piece)
        if clock is not None:
            clock.now += 0.25
    made.end(None, Usage(input=3, output=5, cache_write_1h=2))
    made.kept_at, made.ttl = now, ttl
    return made


def sizes(seed: int, count: int, most: int) -> list[int]:
    """Mostly small, and some as large as can be."""
    dice = random.Random(seed)
    return [int(most ** dice.random()) for _ in range(count)]
