"""What is sent again and what is not, what is hidden, and how long an attempt may take."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from proxy.upstream.pool import Limits
from proxy.upstream.road import Timeouts
from tests.upstream.lane import KEY, Lane
from tests.upstream.raw import (
    LAST,
    STREAM_HEAD,
    RawUpstream,
    Script,
    Visit,
    always,
    chunk,
    head,
    plain,
    stream,
)
from tests.upstream.streams import OPENAI, OPENAI_ERROR, ROLE, event
from tests.upstream.test_connection import sends
from tests.upstream.test_exchange import REPLY

# ---- connections that died while idle


def dies_on_second(answer: bytes, heard: bytes = b"") -> Script:
    """Answers once; the second request gets `heard` and the end of the connection."""

    async def script(visit: Visit) -> None:
        await visit.answer(answer)
        await visit.answer(heard)
        visit.close()

    return script


@pytest.mark.parametrize("wire", [plain(orjson.dumps(REPLY)), stream(*OPENAI)])
async def test_a_request_that_nobody_heard_is_sent_again_once(wire: bytes) -> None:
    streamed = wire.startswith(STREAM_HEAD)
    async with RawUpstream(dies_on_second(wire), always(wire)) as raw:
        lane = Lane(raw)
        await lane.ask(streamed)
        outcome = await lane.ask(streamed)
        assert (outcome.status, lane.dials, lane.numbers) == (200, 2, (0, 1, 0))
        first, second = (bytes(visit.received) for visit in raw.visits)
        assert first == second + second


async def test_a_request_that_nobody_heard_twice_is_a_failure() -> None:
    async with RawUpstream(dies_on_second(plain(orjson.dumps(REPLY))), sends(b"", "close")) as raw:
        lane = Lane(raw)
        await lane.ask()
        failure = await lane.fail()
        assert (failure.kind, lane.dials, lane.numbers) == ("network_error", 2, (0, 0, 0))


@pytest.mark.parametrize("heard", [b"H", head(100), head(200, "content-length: 5") + b"{"])
async def test_a_request_that_was_heard_is_not_sent_again(heard: bytes) -> None:
    async with RawUpstream(
        dies_on_second(plain(orjson.dumps(REPLY)), heard), always(plain(orjson.dumps(REPLY)))
    ) as raw:
        lane = Lane(raw)
        await lane.ask()
        await lane.fail()
        assert (lane.dials, len(raw.visits), lane.numbers) == (1, 1, (0, 0, 0))


async def test_a_fresh_connection_that_dies_is_not_tried_again() -> None:
    async with RawUpstream(sends(b"", "close")) as raw:
        lane = Lane(raw)
        failure = await lane.fail()
        assert (failure.kind, lane.dials, lane.numbers) == ("network_error", 1, (0, 0, 0))


async def test_of_many_dead_connections_the_second_try_takes_none() -> None:
    wire = plain(orjson.dumps(REPLY))
    async with RawUpstream(*[dies_on_second(wire)] * 5, always(wire)) as raw:
        lane = Lane(raw)
        await asyncio.gather(*(lane.run(lane.call()) for _ in range(5)))
        assert lane.numbers == (0, 5, 0)
        await lane.ask()
        assert lane.dials == 6


# ---- secrets


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["openai", "anthropic"])
@pytest.mark.parametrize(
    "wire",
    [
        plain(b'{"type":"error","error":{"message":"bad key KEY","type":"KEY","code":"KEY","param":"KEY"}}', 401),
        plain(b'{"type":"error","error":{"message":"bad key KEY","type":"x"}}', 400),
        plain(b"you sent KEY", 500),
        plain(b'{"type":"error","error":{"message":"bad key KEY","type":"invalid_request_error"}}'),
        plain(b"you sent KEY"),
        STREAM_HEAD
        + chunk(event({"type": "error", "error": {"message": "bad key KEY", "type": "KEY"}}, "error"))
        + LAST,
    ],
)
async def test_a_key_that_the_provider_quotes_is_not_published(wire: bytes, name: str, stream: bool) -> None:
    async with RawUpstream(sends(resized(wire.replace(b"KEY", KEY.encode())), "close")) as raw:
        lane = Lane(raw, name)
        failure = await lane.fail(stream)
        shown = [failure.detail, failure.param, failure.code, str(failure), failure.provider_body, failure.__dict__]
        assert KEY not in repr(shown)
        assert KEY.encode() not in lane.client.body


def resized(wire: bytes) -> bytes:
    """With the framing that the longer words need."""
    head, _, body = wire.partition(b"\r\n\r\n")
    if b"chunked" in head:
        return STREAM_HEAD + chunk(body.partition(b"\r\n")[2].removesuffix(b"\r\n" + LAST)) + LAST
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"content-length")]
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", body])


async def test_a_header_that_quotes_the_key_is_not_published() -> None:
    async with RawUpstream(always(plain(orjson.dumps(REPLY), 200, f"openai-organization: {KEY}"))) as raw:
        lane = Lane(raw)
        await lane.ask()
        assert KEY not in repr(lane.client.headers)


# ---- time


async def test_the_call_s_own_deadline_ends_it() -> None:
    async with RawUpstream(always()) as raw:
        lane = Lane(raw)
        call = lane.call()
        call.deadline = lane.loop.time() + 0.05
        began = lane.loop.time()
        with pytest.raises(Exception, match="timeout"):
            await lane.run(call)
        assert 0.04 < lane.loop.time() - began < 1
        await raw.visits[0].gone()
        assert lane.numbers == (0, 0, 0)


@pytest.mark.parametrize(
    ("stream", "sent"), [(True, b""), (True, STREAM_HEAD + chunk(ROLE)), (False, head(200, "content-length: 9"))]
)
async def test_a_silent_provider_is_left(stream: bool, sent: bytes) -> None:
    async with RawUpstream(always(sent)) as raw:
        lane = Lane(raw, timeouts=Timeouts(first_byte=0.05, idle=0.05, total=60, opening=5))
        failure = await lane.fail(stream)
        assert (failure.kind, failure.retryable, lane.client.started) == ("timeout", True, False)
        await raw.visits[0].gone()
        assert lane.numbers == (0, 0, 0)


# ---- many at once


async def test_many_calls_over_few_connections() -> None:
    async with RawUpstream(always(plain(orjson.dumps(REPLY)))) as raw:
        lane = Lane(raw, limits=Limits(connections=4))
        outcomes = await asyncio.gather(*(lane.run(lane.call()) for _ in range(100)))
        assert {outcome.status for outcome in outcomes} == {200}
        assert (lane.dials, len(raw.visits)) == (4, 4)
        assert lane.numbers == (0, 4, 0)


async def test_a_stream_error_event_is_no_reply() -> None:
    async with RawUpstream(always(stream(OPENAI_ERROR))) as raw:
        lane = Lane(raw)
        assert (await lane.fail(stream=True)).kind == "provider_error"
        assert lane.numbers == (0, 0, 0)
