"""Sidecars that keep answers, and a provider that numbers what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.promises.caller import Caller, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import OPENAI_OPENING, OPENAI_USAGE, openai_reply, openai_stream, openai_word

FIXED: dict[str, Any] = {"temperature": 0}
ON = {"enabled": True}


class Counting:
    """A provider that numbers its answers."""

    def __init__(self, **more: Any) -> None:
        self.asked = 0
        self.more = more

    def __call__(self, asked: Asked) -> None:
        self.asked += 1
        if asked.json.get("stream"):
            asked.link.stream(openai_stream("answer ", str(self.asked), usage=OPENAI_USAGE))
        else:
            asked.link.whole(openai_reply(f"answer {self.asked}", usage=OPENAI_USAGE, **self.more))


@asynccontextmanager
async def caching(path: Path, answer: Any, cache: dict[str, Any] = ON, **sections: Any) -> AsyncIterator[InLoop]:
    async with (
        Provider(answer) as provider,
        sidecar(path, {"up": openai_like(provider.url)}, cache=cache, **sections) as running,
    ):
        yield running


async def read(running: InLoop) -> None:
    """Wait until it is known of every stream whether it is whole."""
    policy: Any = running.sidecar.current.caching.cache
    await running.is_idle()
    await until(lambda: policy.reading[0] == 0)


@asynccontextmanager
async def flying(path: Path, **cache: Any) -> AsyncIterator[tuple[InLoop, Provider]]:
    async with Provider() as provider:
        up = {"up": openai_like(provider.url)}
        async with sidecar(path, up, cache={"enabled": True} | cache) as running:
            yield running, provider


async def joined(running: InLoop, count: int) -> None:
    """Wait until so many have joined a call."""
    policy: Any = running.sidecar.current.caching.cache
    await until(lambda: policy.joined == count)


async def posted(running: InLoop, count: int, body: Any, headers: dict[str, str] | None = None) -> list[Caller]:
    callers = [await running.caller() for _ in range(count)]
    for caller in callers:
        caller.post(body, headers)
    return callers


def cache_of(running: InLoop) -> Any:
    return running.sidecar.current.caching.cache


async def begun(running: InLoop, provider: Provider, callers: list[Caller]) -> Asked:
    """All have joined, and heard the first word."""
    asked = await provider.asked()
    await until(lambda: sum(flight.joined for flight in cache_of(running).flights.values()) == len(callers) - 1)
    asked.link.start()
    asked.link.chunk(OPENAI_OPENING + openai_word("one"))
    for caller in callers:
        assert (await caller.head()).status == 200
        await caller.chunk()
    return asked
