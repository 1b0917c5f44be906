"""What can be done to the data port without a token: not much, and not for long."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.server.guarded import TOLD_AT_ONCE, Pace
from proxy.server.newcomers import Newcomers
from tests.promises.caller import Caller, chat, http, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider
from tests.promises.wires import openai_reply

TOKEN = "token-of-shop-0123456789"
BEARER = {"authorization": f"Bearer {TOKEN}"}
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
FIELD = b"x-a: " + b"y" * 8000 + b"\r\n"


@asynccontextmanager
async def guarded(folder: Path, seconds: float = 30.0, most: int = 1024, url: str = "") -> AsyncIterator[InLoop]:
    (folder / "tokens").mkdir()
    (folder / "tokens" / "shop").write_text(TOKEN, "latin-1")
    up = {"up": openai_like(url)} if url else {}
    async with sidecar(folder, up, listen={"tokens": "tokens"}) as running:
        newcomers = newcomers_of(running)
        newcomers.seconds, newcomers._most = seconds, most
        yield running


def newcomers_of(running: InLoop) -> Newcomers:
    found = running.sidecar.entrance.newcomers
    assert found is not None
    return found


async def ended(caller: Caller) -> bytes:
    """What is heard until the connection goes; an abort is an end like another."""
    try:
        return await asyncio.wait_for(caller.everything(), 5)
    except ConnectionError:
        return b""


async def test_who_says_nothing_is_not_kept(tmp_path: Path) -> None:
    async with guarded(tmp_path, seconds=0.05) as running:
        silent, slow, refused = [await running.caller() for _ in range(3)]
        slow.send(HEAD)
        assert (await refused.ask(chat())).status == 401
        for caller in (silent, slow, refused):
            assert await ended(caller) == b""
        assert newcomers_of(running).fill[0] == 0


async def test_who_is_let_in_may_stay_and_take_its_time(tmp_path: Path) -> None:
    async with Provider() as provider, guarded(tmp_path, seconds=0.2, url=provider.url) as running:
        caller = await running.caller()
        caller.post(chat(), BEARER)
        asked = await provider.asked()
        await asyncio.sleep(0.3)
        asked.link.whole(openai_reply())
        assert (await caller.answer()).status == 200
        provider.answer = lambda asked: asked.link.whole(openai_reply())
        assert (await caller.ask(chat(), BEARER)).status == 200


async def test_of_a_crowd_the_longest_there_goes(tmp_path: Path) -> None:
    async with guarded(tmp_path, most=3) as running:
        known = await running.caller()
        assert (await known.ask(chat("mock"), BEARER)).status == 200
        crowd = [await running.caller() for _ in range(5)]
        assert [await ended(caller) for caller in crowd[:2]] == [b"", b""]
        assert await running.counted("outrider_bound_fill", bound="newcomers") == 3
        assert await running.counted("outrider_bound_limit", bound="newcomers") == 3
        assert (await known.ask(chat("mock"), BEARER)).status == 200
        assert (await crowd[-1].ask(chat("mock"), BEARER)).status == 200


async def test_a_head_without_end_is_not_taken_in(tmp_path: Path) -> None:
    """The bound of a line is not that of the head."""
    async with guarded(tmp_path) as running:
        caller = await running.caller()
        caller.send(HEAD + FIELD * 3)
        await asyncio.sleep(0.05)
        caller.send(FIELD * 3)
        assert (await ended(caller)).startswith(b"HTTP/1.1 431 ")
        caller = await running.caller()
        caller.send(http(chat("mock"), BEARER).replace(b"\r\n", b"\r\n" + FIELD * 3, 1))
        assert (await caller.answer()).status == 200


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_the_body_of_who_is_refused_is_not_unpacked(encoding: str, tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([packer.compress(bytes(1 << 20)) for _ in range(300)]) + packer.flush()
    head = HEAD + b"content-encoding: %b\r\ncontent-length: %d\r\n\r\n" % (encoding.encode(), len(bomb))
    async with guarded(tmp_path) as running:
        caller = await running.caller()
        caller.send(head)
        assert (await caller.answer()).status == 401
        before = time.process_time()
        caller.send(bomb)
        assert await ended(caller) == b""
        assert time.process_time() - before < 0.1
        caller.hang_up()
        await until(lambda: newcomers_of(running).fill[0] == 0)


async def test_who_is_refused_over_and_over_fills_no_log(tmp_path: Path) -> None:
    """What an operator looks at is not washed away; all of them are counted."""
    async with guarded(tmp_path) as running:
        caller, before = await running.caller(), running.sidecar.feed.last
        for _ in range(200):
            assert (await caller.ask(chat())).status == 401
        assert (await caller.ask(chat("mock"), BEARER)).status == 200
        assert await running.counted("outrider_callers_refused_total", reason="no_token") == 200
        assert await running.counted("llm_requests_failure", kind="unauthenticated") == 200
        await until(lambda: '"model":"mock"' in running.log())
        told = running.log().count('"kind":"unauthenticated"')
        assert TOLD_AT_ONCE <= told <= TOLD_AT_ONCE + 20
        assert running.sidecar.feed.last - before == told + 1


def test_how_many_are_told_and_how_many_are_not() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    assert [pace.takes() for _ in range(TOLD_AT_ONCE + 2)] == [True] * TOLD_AT_ONCE + [False] * 2
    now = 0.5
    assert pace.takes()
    assert pace.left_out() == 2
    assert pace.left_out() == 0
    now = 1000.0
    assert sum(pace.takes() for _ in range(1000)) == TOLD_AT_ONCE
