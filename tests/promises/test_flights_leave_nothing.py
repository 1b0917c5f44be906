"""However a shared call ends, nothing of it waits for the garbage collector, nor for a timer."""

from __future__ import annotations

import asyncio
import gc
import weakref
from functools import partial
from pathlib import Path

import pytest

from proxy.policies.flight import Flight
from proxy.policies.followers import application
from proxy.server.connection import ClientConnection
from tests.promises.caching import FIXED, begun, cache_of, flying, posted
from tests.promises.caller import Caller, chat, until
from tests.promises.sidecars import InLoop
from tests.promises.test_left_to_the_collector import uncollected
from tests.promises.upstream import Provider
from tests.promises.wires import openai_end

STREAM = chat(stream=True, **FIXED)


async def play(running: InLoop, provider: Provider, end: str) -> None:
    """One shared stream that ends in a way."""
    callers = [await Caller.connect(running.port) for _ in range(3)]
    for caller in callers:
        caller.post(STREAM)
    asked = await begun(running, provider, callers)
    [flight] = cache_of(running).flights.values()
    gone = {"the leader goes": callers[:1], "a follower goes": callers[2:], "all go": callers}.get(end, [])
    for caller in gone:
        caller.hang_up()
    if gone:
        await until(partial(is_missed, weakref.ref(flight)))
    del flight
    if end == "cut":
        asked.link.cut()
    elif end != "all go":
        asked.link.chunk(openai_end())
        asked.link.finish()
    for caller in callers:
        if caller not in gone:
            await caller.rest()
        caller.hang_up()
    await running.is_idle()
    await asyncio.sleep(0.02)  # until connections that were aborted have heard of it; nothing tells


def is_missed(flight: weakref.ref[Flight]) -> bool:
    """Whether it has been noticed that somebody has gone."""
    found = flight()
    return found is None or application(found._leader).gone or found.followers == 1


@pytest.mark.parametrize("end", ["well", "cut", "the leader goes", "a follower goes", "all go"])
async def test_nothing_waits_for_the_collector(tmp_path: Path, end: str) -> None:
    async with flying(tmp_path) as (running, provider):
        await play(running, provider, end)
        with uncollected() as found:
            for _ in range(3):
                await play(running, provider, end)
        assert not found


async def test_of_a_leader_that_has_gone_not_even_its_connection_is_left(tmp_path: Path) -> None:
    async with flying(tmp_path) as (running, provider):
        gc.collect()
        before = connections()
        callers = await posted(running, 2, STREAM)
        asked = await begun(running, provider, callers)
        [flight] = cache_of(running).flights.values()
        callers[0].hang_up()
        await until(partial(is_missed, weakref.ref(flight)))
        asked.link.chunk(openai_end())
        asked.link.finish()
        await callers[1].rest()
        del flight
        await running.is_idle()
        gc.disable()
        try:
            await until(lambda: connections() == before + 1)
        finally:
            gc.enable()


def connections() -> int:
    """Of applications, open or not."""
    return sum(type(each) is ClientConnection for each in gc.get_objects())
