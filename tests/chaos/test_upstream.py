"""The provider that misbehaves does what it is told: a suite whose faults do not happen proves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.chaos import acts, oddities, welcomes
from tests.chaos.upstream import Upstream
from tests.chaos.visit import Asked, Visit
from tests.chaos.words import say
from tests.promises.caller import Caller, Cut, until

BODY = b'{"model":"m"}'


@asynccontextmanager
async def calling(upstream: Upstream) -> AsyncIterator[Caller]:
    """One bare connection to it, without a sidecar."""
    async with upstream:
        await upstream.open()
        async with another(upstream) as caller:
            yield caller


@asynccontextmanager
async def another(upstream: Upstream) -> AsyncIterator[Caller]:
    caller = await Caller.connect(upstream.port)
    try:
        yield caller
    finally:
        caller.hang_up()


async def knock(upstream: Upstream) -> None:
    """Connect, and no more."""
    _, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
    writer.close()
    await writer.wait_closed()


async def test_requests_play_their_acts_in_order_on_any_connection() -> None:
    upstream = Upstream(acts.sends(b"first"), acts.closing(acts.sends(b"second")), acts.closing(acts.sends(b"third")))
    async with calling(upstream) as caller:
        caller.post(BODY)
        caller.post(BODY)
        assert await caller.everything() == b"firstsecond"
        for _ in range(2):
            async with another(upstream) as second:
                second.post(BODY)
                assert await second.everything() == b"third"
        assert [len(visit.asked) for visit in upstream.visits] == [2, 1, 1]
        assert [asked.body for asked in upstream.requests] == [BODY] * 4


@pytest.mark.parametrize("stream", [False, True])
async def test_a_good_answer_is_one(stream: bool) -> None:
    async with calling(Upstream(acts.good, text="hi")) as caller:
        answer = await caller.ask(BODY, {"accept": "text/event-stream"} if stream else None)
        assert (answer.status, answer.complete, answer.body) == (200, True, say("hi", stream).body)


async def test_a_reset_is_one_and_a_close_is_none() -> None:
    """Told apart by the kernel's own words to a bare socket."""
    for act, raised in ((acts.resetting(acts.nothing), ConnectionResetError), (acts.closing(acts.nothing), None)):
        async with Upstream(act) as upstream:
            await upstream.open()
            reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
            writer.write(b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
            error = None
            try:
                assert await reader.read() == b""
            except ConnectionResetError as caught:
                error = caught
            assert type(error) is (raised or type(None))
            writer.close()


async def test_who_leaves_first_is_known() -> None:
    upstream = Upstream(acts.stalling(acts.nothing), acts.closing(acts.nothing))
    async with calling(upstream) as caller:
        caller.post(BODY)
        await until(lambda: len(upstream.requests) == 1 and bool(upstream.requests[0].body))
        caller.hang_up()
        await until(lambda: upstream.requests[0].cancelled is not None)
        async with another(upstream) as second:
            second.post(BODY)
            assert await second.is_closed()
        assert upstream.requests[1].cancelled is None


async def test_a_port_refuses_until_it_is_opened_and_once_it_is_shut() -> None:
    async with Upstream(acts.good) as upstream:
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                await knock(upstream)
            await upstream.open()
            async with another(upstream) as caller:
                assert (await caller.ask(BODY)).status == 200
            await upstream.shut()


async def test_a_deaf_port_accepts_nobody() -> None:
    async with Upstream(deaf=True) as upstream:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(knock(upstream), 0.2)


async def test_a_drip_is_slow_and_whole() -> None:
    loop = asyncio.get_running_loop()
    async with calling(Upstream(oddities.dripping(4), text="hi")) as caller:
        began = loop.time()
        answer = await caller.ask(BODY)
        assert (answer.complete, answer.body) == (True, say("hi", False).body)
        assert 0.14 < loop.time() - began < 2


async def test_a_welcome_comes_before_the_first_request_and_only_so_often() -> None:
    upstream = Upstream(acts.good, welcome=welcomes.close_at_once)
    upstream.welcomed_at_most = 1
    async with calling(upstream) as caller:
        assert await caller.is_closed()
        async with another(upstream) as second:
            assert (await second.ask(BODY)).status == 200


async def test_an_early_answer_does_not_wait_for_the_body() -> None:
    async with calling(Upstream(oddities.early(acts.good, acts.stalling(acts.at_once)))) as caller:
        caller.send(b"POST / HTTP/1.1\r\ncontent-length: 1000000\r\n\r\n{")
        assert (await caller.answer()).status == 200


async def test_half_an_answer_is_half() -> None:
    async with calling(Upstream(acts.closing(acts.the_half), text="hi")) as caller:
        answer = await caller.ask(BODY)
        assert not answer.complete
        assert answer.body == say("hi", False).first
    async with calling(Upstream(acts.closing(acts.half_the_head))) as caller:
        with pytest.raises(Cut):
            await caller.ask(BODY)


async def test_a_script_that_fails_fails_its_test() -> None:
    async def broken(visit: Visit, asked: Asked) -> None:
        raise KeyError("a mistake")

    upstream = Upstream(broken)
    async with upstream:
        await upstream.open()
        async with another(upstream) as caller:
            caller.post(BODY)
            await until(lambda: bool(upstream.requests))
        with pytest.raises(KeyError, match="a mistake"):
            await upstream.hang_up()
