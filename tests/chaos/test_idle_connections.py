"""What happens to a connection while nobody uses it, or in the moment in which somebody wants to: no call may suffer for it.

A call that meets a dead connection is sent again on a fresh one, once, and that is no attempt of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.chaos import acts, oddities
from tests.chaos.stage import PATIENT
from tests.chaos.upstream import Upstream
from tests.chaos.visit import Act, Asked, Visit
from tests.chaos.words import say
from tests.promises.caller import Answer, chat, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.upstream.raw import head

TEXT = "hello"
MANY = 10


class Scene(NamedTuple):
    upstream: Upstream
    running: InLoop

    async def ask(self, stream: bool = False) -> Answer:
        return await self.running.ask(chat("up:m", stream=stream))

    async def idle(self) -> int:
        found: int = (await self.running.status())["providers"]["up"]["idle"]
        return found

    async def has_idle(self, number: int) -> None:
        async def as_many() -> bool:
            return await self.idle() == number

        await until(as_many)


@asynccontextmanager
async def scene(directory: Path, *scripts: Act, **timeouts: float) -> AsyncIterator[Scene]:
    upstream = Upstream(*(scripts or (acts.good,)), text=TEXT)
    async with upstream:
        await upstream.open()
        provider = openai_like(upstream.url, timeouts={**PATIENT, **timeouts})
        async with sidecar(directory, {"up": provider}) as running:
            yield Scene(upstream, running)


def is_good(answer: Answer, stream: bool = False) -> bool:
    """Answered well, in one attempt."""
    whole = (answer.status, answer.complete, answer.body) == (200, True, say(TEXT, stream).body)
    return whole and answer.headers["x-outrider-attempts"] == "1"


def unasked(data: bytes) -> Callable[[Visit], None]:
    return lambda visit: visit.send(data)


#: What becomes of an idle connection.
DEATHS: dict[str, Callable[[Visit], None]] = {
    "reset": Visit.reset,
    "closed": Visit.close,
    "half closed": Visit.half_close,
    "a 408 that nobody waited for": unasked(head(408, "content-length: 0", "connection: close")),
    "an answer that nobody waited for": unasked(say("poison", False).all),
    "garbage": unasked(b"\0\0\0"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("death", DEATHS)
async def test_a_connection_that_dies_while_it_is_idle(death: str, stream: bool, tmp_path: Path) -> None:
    async with scene(tmp_path) as (upstream, running):
        there = Scene(upstream, running)
        assert is_good(await there.ask(stream), stream)
        assert await there.idle() == 1
        DEATHS[death](upstream.visits[0])
        await there.has_idle(0)
        assert is_good(await there.ask(stream), stream)
        assert (len(upstream.requests), len(upstream.visits)) == (2, 2)
        assert await running.counted("outrider_attempts_total") == 2
        assert await running.counted("llm_requests_failure") == 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("death", ["reset", "closed"])
async def test_a_connection_that_dies_unnoticed(death: str, stream: bool, tmp_path: Path) -> None:
    """The call is already on its way: the loop learns of the end only with the next thing that it reads."""
    async with scene(tmp_path) as there:
        assert is_good(await there.ask(), False)
        caller = await there.running.caller()
        DEATHS[death](there.upstream.visits[0])
        assert is_good(await caller.ask(chat("up:m", stream=stream)), stream)
        assert len(there.upstream.visits) == 2
        assert await there.running.counted("outrider_attempts_total") == 2


ENDINGS: dict[str, Act] = {"reset": acts.resetting(acts.nothing), "closed": acts.closing(acts.nothing)}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_kept_connection_that_ends_in_answer_to_a_request(ending: str, stream: bool, tmp_path: Path) -> None:
    """As a server does that has just closed it: the request goes out again on a fresh connection, the same bytes."""
    async with scene(tmp_path, acts.good, ENDINGS[ending], acts.good) as there:
        for _ in range(2):
            assert is_good(await there.ask(stream), stream)
        assert [len(visit.asked) for visit in there.upstream.visits] == [2, 1]
        assert len({asked.body for asked in there.upstream.requests}) == 1
        assert await there.running.counted("llm_requests_failure") == 0


@pytest.mark.parametrize("ending", ENDINGS)
async def test_it_goes_out_again_only_once(ending: str, tmp_path: Path) -> None:
    async with scene(tmp_path, acts.good, ENDINGS[ending]) as there:
        assert is_good(await there.ask())
        answer = await there.ask()
        assert (answer.status, answer.error["type"], answer.headers["x-outrider-attempts"]) == (
            502,
            "network_error",
            "1",
        )
        assert len(there.upstream.requests) == 3
        assert await there.idle() == 0


async def test_a_kept_connection_that_has_begun_to_answer_is_not_asked_again(tmp_path: Path) -> None:
    """The provider has the request, and has said so: another one would be paid for twice."""
    async with scene(tmp_path, acts.good, acts.closing(acts.half_the_head)) as there:
        assert is_good(await there.ask())
        assert (await there.ask()).error["type"] == "network_error"
        assert len(there.upstream.requests) == 2


async def test_a_kept_connection_whose_other_end_has_vanished(tmp_path: Path) -> None:
    """Nobody says that it is dead: the call runs into its time, the connection is closed, the next call is well."""
    async with scene(tmp_path, acts.good, acts.stalling(acts.nothing), acts.good, first_byte=0.2) as there:
        assert is_good(await there.ask(True), True)
        assert (await there.ask(True)).status == 504
        assert await there.idle() == 0
        assert is_good(await there.ask(True), True)
        assert [len(visit.asked) for visit in there.upstream.visits] == [2, 1]


async def test_all_kept_connections_die_at_once(tmp_path: Path) -> None:
    """A provider that restarts: as many calls as there were connections find every one of them dead."""
    together = asyncio.Barrier(MANY)

    async def at_once(visit: Visit, asked: Asked) -> None:
        await visit.whole(asked)
        await together.wait()
        visit.send(say(TEXT, False).all)

    async with scene(tmp_path, *[at_once] * MANY, *[ENDINGS["reset"]] * MANY, acts.good) as there:
        for _ in range(2):
            answers = await asyncio.gather(*(there.ask() for _ in range(MANY)))
            assert all(map(is_good, answers))
        assert len(there.upstream.visits) == 2 * MANY
        assert len(there.upstream.requests) == 3 * MANY
        assert await there.running.counted("outrider_attempts_total") == 2 * MANY
        assert await there.running.counted("llm_requests_failure") == 0


@pytest.mark.parametrize("stream", [False, True])
async def test_an_announced_end_is_believed(stream: bool, tmp_path: Path) -> None:
    """`connection: close`, and then the provider leaves it open: it is not used again."""
    said = acts.either(
        oddities.framed(("connection: close", "content-length: {length}")),
        oddities.framed(("connection: close", "content-length: {length}")),
    )
    async with scene(tmp_path, said) as there:
        for _ in range(2):
            assert is_good(await there.ask(stream), stream)
        assert [len(visit.asked) for visit in there.upstream.visits] == [1, 1]
        assert await there.idle() == 0


async def test_a_connection_is_given_up_when_it_was_idle_too_long(tmp_path: Path) -> None:
    upstream = Upstream(acts.good, text=TEXT)
    async with upstream:
        await upstream.open()
        provider = openai_like(upstream.url, pool={"idle_seconds": 0.2})
        async with sidecar(tmp_path, {"up": provider}) as running:
            there = Scene(upstream, running)
            assert is_good(await there.ask())
            async with asyncio.timeout(2):
                await upstream.visits[0].lost.wait()
            assert await there.idle() == 0
