"""Sidecars whose calls are traced, a collector, and providers with scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.promises.scripts import Act, Script
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider
from tests.tracing.receiver import Receiver

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}-00"


class Scene:
    """`running` asks `up`, and `other` where a test configures it."""

    def __init__(self, running: InLoop, collector: Receiver, up: Provider, other: Provider) -> None:
        self.running = running
        self.collector = collector
        self.up = up
        self.other = other


@asynccontextmanager
async def traced(
    directory: Path,
    up: Act | None = None,
    other: Act | None = None,
    tracing: dict[str, Any] | None = None,
    collector: Receiver | None = None,
    **sections: Any,
) -> AsyncIterator[Scene]:
    """Without an act the test answers itself. Spans go out at once."""
    acts = [act if act is None or isinstance(act, Script) else Script(act) for act in (up, other)]
    async with collector or Receiver() as receiver, Provider(acts[0]) as first, Provider(acts[1]) as second:
        said = {"otlp": receiver.url, "delay": 0.01, **(tracing or {})}
        entries = {"up": openai_like(first.url), "other": openai_like(second.url)}
        async with sidecar(directory, entries, tracing=said, **sections) as running:
            yield Scene(running, receiver, first, second)
