"""SIGTERM where the application ends at the same time: it is served on, until it has asked for the last time."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import orjson
import pytest

from tests.promises.caller import chat, get
from tests.promises.sidecars import openai_like, process
from tests.promises.test_drain import begin, drains
from tests.promises.upstream import Provider
from tests.promises.wires import openai_end, openai_word

CLASSIC = {"OUTRIDER_DRAIN": "classic"}


async def test_it_is_unready_at_once_and_serves_on_until_nobody_asks(tmp_path: Path) -> None:
    drain = {"minimum": 0.6, "idle": 0.3}
    async with process(tmp_path, environ=CLASSIC, drain=drain) as running:
        kept = await running.caller()
        began = time.monotonic()
        running.stop()
        await drains(running)
        while time.monotonic() - began < 1.0:
            assert (await running.ask(chat("mock"))).status == 200
            assert (await kept.ask(chat("mock"))).status == 200
        last = time.monotonic()
        assert await running.ended() == 0
        assert time.monotonic() - began >= 1.0 + drain["idle"]
        assert time.monotonic() - last < 3
    assert [line["kind"] for line in map(orjson.loads, running.log().splitlines()) if line["event"] == "call"].count(
        None
    ) > 4


async def test_a_stream_that_began_after_the_signal_finishes(tmp_path: Path) -> None:
    drain = {"minimum": 0.1, "idle": 0.1}
    async with (
        Provider() as provider,
        process(tmp_path, {"up": openai_like(provider.url)}, CLASSIC, drain=drain) as running,
    ):
        early, first = await begin(running, provider)
        running.stop()
        await drains(running)
        late, second = await begin(running, provider)
        for caller, link in ((early, first), (late, second)):
            link.chunk(openai_word("more") + openai_end())
            link.finish()
            assert (await caller.rest())[1]
        assert await running.ended() == 0
    assert "calls are cut" not in running.log()


async def test_what_outlasts_the_pod_is_told_so_before_it_is_killed(tmp_path: Path) -> None:
    """Of the grace the last two seconds are for that."""
    async with Provider() as provider:
        environ = CLASSIC | {"OUTRIDER_GRACE": "2.5"}
        async with process(tmp_path, {"up": openai_like(provider.url)}, environ) as running:
            caller, link = await begin(running, provider)
            began = time.monotonic()
            running.stop()
            body, complete = await caller.rest()
            assert not complete
            assert orjson.loads(body.rstrip().rpartition(b"data: ")[2])["error"]["type"] == "draining"
            await link.is_closed()
            assert await running.ended() == 0
            assert 0.4 < time.monotonic() - began < 2.5


@pytest.mark.parametrize("environ", [{}, CLASSIC], ids=["native", "classic"])
async def test_an_application_that_says_it_is_done_is_not_waited_for(environ: dict[str, str], tmp_path: Path) -> None:
    """As a Job does, whose pod ends only when the last container has."""
    async with Provider() as provider:
        up, drain = {"up": openai_like(provider.url)}, {"minimum": 60, "idle": 60}
        async with process(tmp_path, up, environ, drain=drain) as running:
            caller, link = await begin(running, provider)
            assert (await get(running.ops, "/quitquitquit", "POST")).status == 202
            await drains(running)
            assert (await running.ask(chat("mock"))).status == 503
            link.chunk(openai_end())
            link.finish()
            assert (await caller.rest())[1]
            async with asyncio.timeout(5):
                assert await running.ended() == 0


async def test_a_variable_that_says_nothing_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="OUTRIDER_DRAIN is 'slow'; allowed: native, classic"):
        async with process(tmp_path, environ={"OUTRIDER_DRAIN": "slow"}):
            pass
