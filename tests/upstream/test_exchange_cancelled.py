"""The application hangs up: in every phase the provider's connection is closed, nothing is drained, pooled or left."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from proxy.upstream.connection import Connection
from proxy.upstream.pool import Limits
from tests.upstream.lane import Lane, Recorder
from tests.upstream.raw import LAST, STREAM_HEAD, RawUpstream, Script, Visit, always, chunk, head, plain, stream, turns
from tests.upstream.streams import BLOCK, OPENAI, ROLE, START, anthropic_text, openai_chunk
from tests.upstream.test_exchange import REPLY

FEW = 12
#: phase -> (kind, streamed, what the provider sends, whether the client has heard of it)
PHASES = {
    "waiting": ("openai", False, b"", False),
    "waiting for a stream": ("openai", True, b"", False),
    "after an interim answer": ("openai", True, head(102), False),
    "in the headers": ("openai", True, STREAM_HEAD[:20], False),
    "opening, nothing yet": ("openai", True, STREAM_HEAD, False),
    "opening": ("openai", True, STREAM_HEAD + chunk(ROLE), False),
    "opening of a translation": ("anthropic", True, STREAM_HEAD + chunk(START + BLOCK), False),
    "streaming": ("openai", True, STREAM_HEAD + chunk(ROLE + openai_chunk(content="a")), True),
    "translating": ("anthropic", True, STREAM_HEAD + chunk(START + BLOCK + anthropic_text("a")), True),
    "streaming, mid-chunk": ("openai", True, STREAM_HEAD + chunk(ROLE + openai_chunk(content="a")) + b"ff\r\nda", True),
    "reading a reply": ("openai", False, plain(orjson.dumps(REPLY))[:-1], False),
    "reading a reply to translate": ("anthropic", False, plain(orjson.dumps(REPLY))[:-1], False),
    "reading an error": ("openai", False, plain(b"x" * 1000, 500)[:-1], False),
    "relaying a large reply": ("openai", False, plain(bytes(4_000_000))[:-1], True),
}  # fmt: skip


async def settled(lane: Lane, visit: Visit) -> None:
    """At once, not when the provider or a timer gets round to it."""
    await turns(FEW)
    assert visit.left, "the provider's connection is still open"
    assert lane.numbers == (0, 0, 0)


@pytest.mark.parametrize("phase", PHASES)
async def test_hanging_up_closes_the_provider_s_connection(phase: str) -> None:
    kind, streamed, sent, heard = PHASES[phase]
    async with RawUpstream(always(sent)) as raw:
        lane = Lane(raw, kind)
        asking = lane.begin(streamed)
        visit = await raw.visit()
        await visit.until(lambda: len(visit.received) > 0)
        await turns(FEW)
        if heard:
            await lane.client.until(lambda: bool(lane.client.body))
        assert lane.client.started is heard
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await settled(lane, visit)
        assert (lane.client.finished, lane.client.source) == (False, None)


@pytest.mark.parametrize(("kind", "sent"), [PHASES[name][::2] for name in ("streaming", "translating")])
async def test_what_was_received_is_billed(kind: str, sent: bytes) -> None:
    async with RawUpstream(always(sent)) as raw:
        lane = Lane(raw, kind)
        call = lane.call(stream=True)
        asking = asyncio.ensure_future(lane.run(call))
        client = lane.client
        await client.until(lambda: bool(client.body))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert call.usage is not None
        assert call.usage.total > 0
        await settled(lane, raw.visits[0])


async def test_hanging_up_while_the_request_is_being_sent() -> None:
    async def script(visit: Visit) -> None:
        visit.stop_reading()
        await asyncio.Event().wait()

    async with RawUpstream(script) as raw:
        lane = Lane(raw)
        asking = lane.begin(messages=[{"role": "user", "content": "x" * 30_000_000}])
        visit = await raw.visit()
        await turns(FEW)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        visit.transport.resume_reading()
        await visit.gone()
        assert lane.numbers == (0, 0, 0)
        assert len(visit.received) < 30_000_000


async def test_hanging_up_while_the_application_takes_the_last_bytes() -> None:
    async with RawUpstream(always(stream(*OPENAI))) as raw:
        lane = Lane(raw)
        call = lane.call(stream=True)
        lane.client.stuck = asyncio.Event()
        client = lane.client
        asking = asyncio.ensure_future(lane.run(call))
        await client.until(lambda: b"[DONE]" in client.body)
        await turns(FEW)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert lane.numbers[::2] == (0, 0)


async def test_hanging_up_in_the_queue() -> None:
    async with RawUpstream(always(STREAM_HEAD + chunk(ROLE + openai_chunk(content="a")))) as raw:
        lane = Lane(raw, limits=Limits(connections=1))
        first = lane.begin(stream=True)
        client = lane.client
        await client.until(lambda: client.started)
        second = lane.begin(stream=True)
        await turns(FEW)
        assert lane.numbers == (1, 0, 1)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert (lane.numbers, lane.dials, raw.visits[0].left) == ((1, 0, 0), 1, "")
        first.cancel()
        await settled(lane, raw.visits[0])


class Gated(Lane):
    """Its connections are made, but not handed over until the gate opens."""

    gate: asyncio.Event

    async def _dial(self) -> Connection:
        connection = await super()._dial()
        try:
            await self.gate.wait()
        except BaseException:
            connection.abort()
            raise
        return connection


async def test_hanging_up_while_connecting() -> None:
    async with RawUpstream(always()) as raw:
        lane = Gated(raw)
        lane.gate = asyncio.Event()
        asking = lane.begin()
        visit = await raw.visit()
        assert lane.numbers == (1, 0, 0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await settled(lane, visit)


@pytest.mark.parametrize("turn", range(20))
@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_hanging_up_in_any_turn_of_the_loop_leaves_nothing(kind: str, turn: int) -> None:
    """Over a kept connection too; whoever comes next is served."""
    wire = plain(orjson.dumps(REPLY)) if kind == "openai" else stream(START, BLOCK, anthropic_text("a"))
    async with RawUpstream(always(wire)) as raw:
        lane = Lane(raw, kind, limits=Limits(connections=1))
        for _ in range(2):
            asking = lane.begin(kind == "anthropic")
            await turns(turn)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await turns(FEW)
            active, idle, waiting = lane.numbers
            assert (active, waiting) == (0, 0)
            assert idle == sum(not visit.left for visit in raw.visits)


async def test_a_call_that_waits_gets_the_place_of_one_that_hung_up() -> None:
    silent: Script = always(b"")
    async with RawUpstream(silent, always(plain(orjson.dumps(REPLY)))) as raw:
        lane = Lane(raw, limits=Limits(connections=1))
        first, second = lane.begin(), lane.begin()
        await raw.visit()
        await turns(FEW)
        first.cancel()
        assert (await second).status == 200
        assert lane.numbers == (0, 1, 0)


async def test_a_slow_application_that_hangs_up() -> None:
    async with RawUpstream(
        always(STREAM_HEAD + chunk(ROLE + openai_chunk(content="a")) + chunk(bytes(5_000_000)) + LAST)
    ) as raw:
        lane = Lane(raw)
        call = lane.call(stream=True)
        call.client = client = Recorder(slow=True)
        asking = asyncio.ensure_future(lane.run(call))
        await client.until(lambda: bool(client.body))
        await turns(FEW)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await settled(lane, raw.visits[0])
