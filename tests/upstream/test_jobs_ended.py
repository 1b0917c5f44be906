"""Whatever ends a call ends its job at the provider too: an application that hangs up, the time, the sidecar's own end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from proxy.upstream.connection import Connection
from tests.promises.caller import Caller, chat, until
from tests.promises.sidecars import InLoop, sidecar
from tests.promises.upstream import Asked
from tests.upstream.job_answers import STREAM, error_in, is_whole, text_in
from tests.upstream.job_servers import DONE, ID, TEXT, Replicate, RunPod, event, outputs, prediction, refuse

MODEL = "up:meta/meta-llama-3-8b-instruct"
SYNC = f"sync-{ID}-u1"


def silent(link: Any, number: int) -> None:
    """A stream in which nothing comes yet."""


def first_word(link: Any, number: int) -> None:
    link.chunk(event("output", TEXT[0]))


async def in_the_queue(server: Replicate, caller: Caller) -> None:
    server.states = [prediction("starting")]
    caller.post(chat(MODEL))
    await until(lambda: len(server.paths("GET")) > 1)


async def before_the_first_word(server: Replicate, caller: Caller) -> None:
    server.play = silent
    caller.post(chat(MODEL, **STREAM))
    await until(lambda: bool(server.listeners))


async def in_the_middle(server: Replicate, caller: Caller) -> None:
    server.play = first_word
    caller.post(chat(MODEL, **STREAM))
    await caller.head()
    await caller.chunk()


#: phase as it is counted -> how to get there
PHASES: dict[str, tuple[str, Callable[[Replicate, Caller], Awaitable[None]]]] = {
    "in the queue": ("waiting", in_the_queue),
    "before the first word": ("opening", before_the_first_word),
    "in the middle": ("streaming", in_the_middle),
}


async def is_left(running: InLoop, phase: str) -> None:
    await running.is_idle()
    assert await running.counted("outrider_client_gone_total", phase=phase) == 1
    assert await running.counted("llm_requests_failure") == 1
    assert await running.counted("provider_error_total") == 0


@pytest.mark.parametrize("hang_up", [Caller.hang_up, Caller.reset])
@pytest.mark.parametrize("where", PHASES)
async def test_an_application_that_hangs_up_ends_the_job(
    where: str, hang_up: Callable[[Caller], None], tmp_path: Path
) -> None:
    phase, go = PHASES[where]
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        caller = await running.caller()
        await go(server, caller)
        hang_up(caller)
        await server.has_cancelled()
        await is_left(running, phase)
        for link in server.listeners:
            await link.is_closed()
        looks = len(server.paths("GET"))
        await asyncio.sleep(0.3)  # longer than it would rest
        assert (len(server.paths("GET")), len(server.made), server.cancelled) == (looks, 1, [ID])


async def test_an_application_that_hangs_up_while_the_job_is_made_ends_it_as_soon_as_it_has_a_name(
    tmp_path: Path,
) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        held: list[Asked] = []
        server.refusal = keeping(held)
        caller = await running.caller()
        caller.post(chat(MODEL))
        await until(lambda: bool(held))
        caller.hang_up()
        await is_left(running, "waiting")
        assert server.cancelled == []
        held[0].link.whole(server.dressed(prediction("starting")), 201)
        await server.has_cancelled()
    assert server.paths("GET") == []


async def test_runpod_s_job_is_ended(tmp_path: Path) -> None:
    async with RunPod() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.batches = [{"status": "IN_QUEUE", "stream": []}]
        caller = await running.caller()
        caller.post(chat("up:m", **STREAM))
        await until(lambda: len(server.paths("GET")) > 1)
        caller.hang_up()
        await server.has_cancelled()
    assert server.cancelled == [SYNC]
    assert server.asked[-1].line == f"POST /v2/ep1/cancel/{SYNC} HTTP/1.1"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_whose_time_is_up_ends_the_job(stream: bool, tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.play = silent
        server.states = [prediction("starting")]
        said = await running.ask(chat(MODEL, stream=stream, timeout=0.3))
        assert (said.status, said.error["type"]) == (504, "timeout")
        await server.has_cancelled()


async def test_a_job_that_does_not_begin_in_time_is_ended(tmp_path: Path) -> None:
    async with Replicate() as server:
        entry = {**server.entry, "timeouts": {"first_byte": 0.3}}
        async with sidecar(tmp_path, {"up": entry}) as running:
            server.play = silent
            said = await running.ask(chat(MODEL, **STREAM))
            assert (said.status, said.error["message"]) == (504, "the job did not begin to answer in time")
            await server.has_cancelled()
            server.play = dawdles
            assert is_whole(await running.ask(chat(MODEL, **STREAM)))


def dawdles(link: Any, number: int) -> None:
    link.chunk(outputs(TEXT))
    asyncio.get_running_loop().call_later(0.5, link.chunk, DONE)


def is_unheard(asked: Asked) -> bool:
    """No answer to whoever ends a job."""
    return "/cancel" in asked.line


def is_logged(running: InLoop, words: str) -> bool:
    return words in running.log()


def keeping(held: list[Asked]) -> Callable[[Asked], bool]:
    """Keeps the first request for the test to answer."""

    def keep(asked: Asked) -> bool:
        held.append(asked)
        return len(held) == 1

    return keep


async def test_a_stream_whose_time_is_up_is_cut_and_ended(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.play = first_word
        said = await running.ask(chat(MODEL, **STREAM, timeout=0.4))
        assert (text_in(said.body), error_in(said)["type"]) == (TEXT[0], "timeout")
        await server.has_cancelled()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_sidecar_that_must_go_ends_its_jobs_first(stream: bool, tmp_path: Path) -> None:
    async with Replicate() as server:
        async with sidecar(tmp_path, {"up": server.entry}, drain={"grace": 0.1}) as running:
            server.play, server.states = first_word, [prediction("processing")]
            caller = await running.caller()
            caller.post(chat(MODEL, stream=stream))
            await until(lambda: len(server.asked) > 1)
            await running.sidecar.drain()
            said = await caller.answer()
            assert (error_in(said) if stream else said.error)["type"] == "draining"
        assert server.cancelled == [ID]


async def test_a_sidecar_that_is_closed_leaves_no_job_behind(tmp_path: Path) -> None:
    async with Replicate() as server:
        async with sidecar(tmp_path, {"up": server.entry}) as running:
            server.states = [prediction("processing")]
            for _ in range(5):
                (await running.caller()).post(chat(MODEL))
            await server.has_made(5)
        assert len(server.cancelled) == 5


async def test_a_job_that_will_not_end_is_logged_and_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream.jobs.CANCEL_SECONDS", 0.2)
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        refusals = {"no": refuse("/cancel", (500, {"detail": "no"})), "ending it took too long": is_unheard}
        for words, server.refusal in refusals.items():
            caller = await running.caller()
            await in_the_queue(server, caller)
            caller.hang_up()
            await until(partial(is_logged, running, f"a job may go on: {words}"))
        jobs = running.sidecar.current.jobs
        assert jobs is not None
        await until(lambda: jobs.fill[0] == 0)


async def test_the_connection_of_a_stream_is_closed_within_a_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0
    closed: list[int] = []
    abort = Connection.abort

    def note(self: Connection) -> None:
        closed.append(turns)
        abort(self)

    def tick() -> None:
        nonlocal turns
        turns += 1
        ticking.append(asyncio.get_running_loop().call_soon(tick))

    ticking: list[asyncio.Handle] = []
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        caller = await running.caller()
        await in_the_middle(server, caller)
        monkeypatch.setattr(Connection, "abort", note)
        [call] = running.sidecar.gateway.calls
        tick()
        call.client.interrupt()  # type: ignore[attr-defined]
        begun = turns
        await server.listeners[0].is_closed()
        ticking[-1].cancel()
        assert closed[0] - begun <= 1
