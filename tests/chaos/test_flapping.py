"""Faults that come and go: names, ports, addresses that move. When one is over, calls are answered at once, not after a while."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import acts
from tests.chaos.modes import Mode
from tests.chaos.names import HERE, NOBODY, Names, flapping
from tests.chaos.upstream import Upstream
from tests.promises.caller import Answer, chat
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.upstream.raw import plain

WELL, REFUSED = (200, "1"), (502, "1")


@asynccontextmanager
async def before(
    upstream: Upstream, host: str, directory: Path, attempts: int = 1, **more: Any
) -> AsyncIterator[InLoop]:
    provider = openai_like(f"http://{host}:{upstream.port}", **more)
    async with sidecar(directory, {"up": provider}, **Mode("", attempts).sections()) as running:
        yield running


async def ends(running: InLoop, calls: int) -> list[tuple[int, str]]:
    """Status and attempts of calls, one after the other."""
    answers: list[Answer] = [await running.ask(chat("up:m")) for _ in range(calls)]
    return [(answer.status, answer.headers["x-outrider-attempts"]) for answer in answers]


#: Answers, and never the connection again, so that every call has to find its way anew.
ONE_EACH = acts.closing(acts.good)


async def test_a_name_that_comes_and_goes(around: Names, tmp_path: Path) -> None:
    """A failure is not remembered; a success is, for half a minute, and calls go on while the name is away."""
    around.known["flapping.test"] = flapping(good=lambda number: number == 3)
    async with Upstream(ONE_EACH) as upstream:
        await upstream.open()
        async with before(upstream, "flapping.test", tmp_path) as running:
            assert await ends(running, 5) == [REFUSED, REFUSED, WELL, WELL, WELL]
            assert (around.asked["flapping.test"], len(upstream.requests)) == (3, 3)
            assert await running.counted("llm_requests_failure", kind="network_error") == 2


async def test_an_address_that_moves(around: Names, tmp_path: Path) -> None:
    """The address that a name had does not answer any more: the next call asks for the name again."""

    async def moved(number: int) -> list[str]:
        return [NOBODY if number == 1 else HERE]

    around.known["moving.test"] = moved
    async with Upstream(ONE_EACH) as upstream:
        await upstream.open()
        async with before(upstream, "moving.test", tmp_path) as running:
            assert await ends(running, 3) == [REFUSED, WELL, WELL]
            assert around.asked["moving.test"] == 2


async def test_an_address_that_moves_and_leaves_silence(around: Names, tmp_path: Path) -> None:
    """Nobody refuses: the call runs into its time, and then too the name is asked for again."""

    async def moved(number: int) -> list[str]:
        return [NOBODY if number == 1 else HERE]

    around.known["moving.test"] = moved
    async with Upstream(ONE_EACH) as upstream, Upstream(deaf=True, host=NOBODY, port=upstream.port):
        await upstream.open()
        async with before(upstream, "moving.test", tmp_path, timeouts={"connect": 0.2}) as running:
            assert await ends(running, 3) == [(504, "1"), WELL, WELL]


async def test_a_port_that_comes_and_goes(tmp_path: Path) -> None:
    async with Upstream(acts.good) as upstream, before(upstream, "127.0.0.1", tmp_path) as running:
        for _ in range(3):
            assert await ends(running, 2) == [REFUSED, REFUSED]
            await upstream.open()
            assert await ends(running, 2) == [WELL, WELL]
            await upstream.shut()
        assert await running.counted("llm_requests_success") == 6


async def test_a_provider_that_works_every_other_time(tmp_path: Path) -> None:
    async with Upstream(*(acts.sends(plain(b"{}", 503)), acts.good) * 3) as upstream:
        await upstream.open()
        async with before(upstream, "127.0.0.1", tmp_path) as running:
            assert await ends(running, 6) == [REFUSED, WELL] * 3
            # A refusal that was read to its end leaves the connection as good as an answer does.
            assert len(upstream.visits) == 1


# ---- with attempts that are made again, and without


async def a_name(upstream: Upstream, around: Names) -> str:
    around.known["coming.test"] = flapping(good=lambda number: number % 2 == 0)
    await upstream.open()
    return "coming.test"


async def a_provider(upstream: Upstream, around: Names) -> str:
    upstream.script(*(acts.resetting(acts.nothing), ONE_EACH) * 3)
    await upstream.open()
    return "127.0.0.1"


Arrange = Callable[[Upstream, Names], Awaitable[str]]
#: What flaps -> how three calls end, by the attempts that each may have.
AGAIN: dict[str, tuple[Arrange, dict[int, list[tuple[int, str]]]]] = {
    "a name": (a_name, {1: [REFUSED, WELL, WELL], 3: [(200, "2"), WELL, WELL]}),
    "a provider": (a_provider, {1: [REFUSED, WELL, REFUSED], 3: [(200, "2")] * 3}),
}


@pytest.mark.parametrize("attempts", [1, 3])
@pytest.mark.parametrize("what", AGAIN)
async def test_attempts_that_are_made_again_hide_it(what: str, attempts: int, around: Names, tmp_path: Path) -> None:
    arrange, expected = AGAIN[what]
    async with Upstream(ONE_EACH) as upstream:
        host = await arrange(upstream, around)
        async with before(upstream, host, tmp_path, attempts) as running:
            assert await ends(running, 3) == expected[attempts]
