"""How fast a relayed request goes: as fast as the slower side, and not for ever where one side does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.promises.relaying import BIG, DOWNLOAD, UPLOAD, Visit, asking, deaf, endless, scene, silent, stuck

# ---- somebody says nothing


async def test_an_application_that_stops_sending_is_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path, silent, timeouts={"idle": 0.3}) as at:
        at.caller.send(UPLOAD + b"abc")
        answer = await at.caller.answer()
        assert (answer.status, answer.error["type"]) == (408, "invalid_request")
        await at.there.visits[0].is_left()


async def test_a_provider_that_stops_taking_is_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path, deaf, timeouts={"idle": 0.3}) as at:

        async def send() -> None:
            at.caller.send(UPLOAD)
            while True:
                at.caller.send(BIG)
                await at.caller.sent()

        sending = asyncio.create_task(send())
        answer = await at.caller.answer()
        sending.cancel()
        assert (answer.status, answer.error["type"]) == (504, "timeout")
        assert "took nothing" in answer.error["message"]
        await asyncio.gather(sending, return_exceptions=True)


async def test_a_provider_that_never_answers_is_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path, silent, timeouts={"total": 0.3, "idle": 0.3}) as at:
        at.caller.send(asking("POST", "/providers/up/files", b"abc"))
        assert (await at.caller.answer()).status == 504


async def test_a_provider_that_falls_silent_is_given_up_and_the_answer_cut(tmp_path: Path) -> None:
    async with scene(tmp_path, stuck, timeouts={"idle": 0.3}) as at:
        at.caller.send(DOWNLOAD)
        answer = await at.caller.answer()
        assert (answer.status, answer.body, answer.complete) == (200, b"abc", False)
        await at.there.visits[0].is_left()


async def test_progress_is_what_counts_not_the_time_in_all(tmp_path: Path) -> None:
    async def slowly(visit: Visit) -> None:
        await visit.head()
        await visit.body()
        visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n")
        for _ in range(6):
            await asyncio.sleep(0.15)
            visit.send(b"y")

    async with scene(tmp_path, slowly, timeouts={"total": 0.5, "idle": 0.5}) as at:
        at.caller.send(asking("POST", "/providers/up/files", content_length="6"))
        for _ in range(6):
            await asyncio.sleep(0.15)
            at.caller.send(b"x")
        answer = await at.caller.answer()
        assert (answer.body, answer.complete) == (b"yyyyyy", True)


async def test_an_application_that_does_not_read_is_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path, endless, receive_buffer=4096, timeouts={"total": 0.5, "idle": 0.2}) as at:
        at.caller.send(DOWNLOAD)
        await at.caller.head()
        await at.there.visits[0].is_left()
        await at.running.is_idle()
        assert await at.running.counted("llm_requests_failure", kind="client_gone") == 1


# ---- nobody is hurried


async def test_a_slow_reader_pauses_the_provider(tmp_path: Path) -> None:
    sent = 0

    async def counting(visit: Visit) -> None:
        nonlocal sent
        await visit.head()
        visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 67108864\r\n\r\n")
        for _ in range(64):
            visit.send(BIG)
            await visit.writer.drain()
            sent += len(BIG)

    async with scene(tmp_path, counting, receive_buffer=4096) as at:
        at.caller.send(DOWNLOAD)
        await at.caller.head()
        await settled(lambda: sent)
        assert sent < 32 << 20
        body, complete = await at.caller.rest()
        assert (len(body), complete) == (64 << 20, True)


async def test_a_slow_provider_pauses_the_application(tmp_path: Path) -> None:
    go, sent = asyncio.Event(), 0

    async def later(visit: Visit) -> None:
        await visit.head()
        await go.wait()
        visit.answer(200, str(len(await visit.body())).encode())

    async with scene(tmp_path, later) as at:

        async def send() -> None:
            nonlocal sent
            at.caller.send(asking("POST", "/providers/up/files", content_length=str(64 << 20)))
            for _ in range(64):
                at.caller.send(BIG)
                await at.caller.sent()
                sent += len(BIG)

        sending = asyncio.create_task(send())
        await settled(lambda: sent)
        assert sent < 32 << 20
        go.set()
        assert (await at.caller.answer()).body == str(64 << 20).encode()
        await sending


async def settled(read: Callable[[], int]) -> None:
    """Wait until a number has not changed for a while."""
    before = -1
    while before != (now := read()) or not now:
        before = now
        await asyncio.sleep(0.1)
