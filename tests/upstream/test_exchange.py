"""One attempt and its answer: whole replies, the provider's errors, what is retried, what is hidden."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from proxy.call import Usage
from proxy.upstream import exchange
from proxy.upstream.pool import Limits
from proxy.upstream.road import Timeouts
from tests.upstream.lane import CREATED, KEY, Lane, Recorder
from tests.upstream.raw import (
    LAST,
    STREAM_HEAD,
    RawUpstream,
    RequestHead,
    Script,
    Visit,
    always,
    chunk,
    head,
    plain,
    stream,
    turns,
)
from tests.upstream.streams import OPENAI, OPENAI_ERROR, ROLE, event
from tests.upstream.test_connection_ends import sends

REPLY: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
}
MESSAGE = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 9, "output_tokens": 2},
}
#: Spelled as no JSON library would.
ODD_REPLY = orjson.dumps(REPLY).replace(b'"id":"c1"', b'\n "id" :\t"c\\u0031", "x": 1.50e+1').replace(b"}]", b" } ]")
ODD_BODY = b'{ "messages":[{"content":"\\u0068i", "role":"user"}],\n\t"model" : "m","temperature":1.0e0, "seed":007 }'.replace(b"007", b"7")


# ---- byte identity


async def test_a_whole_exchange_changes_no_byte() -> None:
    async with RawUpstream(always(plain(ODD_REPLY))) as raw:
        lane = Lane(raw)
        outcome = await lane.ask(body=ODD_BODY)
        assert RequestHead(bytes(raw.visits[0].received)).body == ODD_BODY
        assert (lane.client.status, lane.client.body) == (200, ODD_REPLY)
        assert lane.client.headers["content-length"] == str(len(ODD_REPLY))
        assert lane.client.finished
        assert (outcome.usage, outcome.attempts, lane.numbers) == (Usage(9, output=2), 1, (0, 1, 0))


async def test_an_alias_changes_the_model_and_nothing_else() -> None:
    async with RawUpstream(always(plain(ODD_REPLY))) as raw:
        lane = Lane(raw)
        await lane.ask(body=ODD_BODY, model='gpt-"4"')
        assert RequestHead(bytes(raw.visits[0].received)).body == ODD_BODY.replace(b'"model" : "m"', b'"model" : "gpt-\\"4\\""')


async def test_a_translated_reply_is_ours() -> None:
    async with RawUpstream(always(plain(orjson.dumps(MESSAGE)))) as raw:
        lane = Lane(raw, "anthropic")
        outcome = await lane.ask()
        reply = orjson.loads(lane.client.body)
        assert (reply["object"], reply["created"]) == ("chat.completion", CREATED)
        assert reply["choices"][0]["message"]["content"] == "Hello"
        assert (outcome.usage, lane.numbers) == (Usage(9, output=2), (0, 1, 0))


@pytest.mark.parametrize("framing", ["chunked", "until close", "byte by byte"])
async def test_a_reply_in_any_framing_has_its_length_for_the_client(framing: str) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        if framing == "chunked":
            visit.send(head(200, "transfer-encoding: chunked"), *(chunk(ODD_REPLY[at : at + 50]) for at in range(0, len(ODD_REPLY), 50)), LAST)
        elif framing == "until close":
            visit.send(head(200), ODD_REPLY)
            visit.close()
        else:
            await visit.drip(*(bytes([byte]) for byte in plain(ODD_REPLY)))

    async with RawUpstream(script) as raw:
        lane = Lane(raw)
        await lane.ask()
        assert lane.client.body == ODD_REPLY
        assert lane.client.headers["content-length"] == str(len(ODD_REPLY))


# ---- whole replies that are none


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (plain(b""), "it is empty"),
        (head(204), "it is empty"),
        (plain(b"<html>Bad gateway</html>"), "not a JSON object: <html>Bad gateway"),
        (plain(b"[1]"), "not a JSON object"),
        (plain(b"null"), "not a JSON object"),
        (plain(b'{"a":'), "not a JSON object"),
        (plain(b"\xff\xfe\x00"), "not a JSON object"),
        (plain(b"{}"), ""),
        (plain(b'{"choices":7,"content":7}'), ""),
    ],
)
async def test_what_is_no_reply_is_the_provider_s_failure(kind: str, wire: bytes, words: str) -> None:
    async with RawUpstream(always(wire)) as raw:
        lane = Lane(raw, kind)
        failure = await lane.fail()
        assert (failure.kind, failure.retryable, lane.client.started) == ("provider_error", True, False)
        assert words in failure.detail
        assert lane.numbers[::2] == (0, 0)


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_a_cut_reply_is_never_delivered(kind: str, how: str) -> None:
    wire = plain(orjson.dumps(REPLY if kind == "openai" else MESSAGE))
    async with RawUpstream(sends(wire[:-5], how)) as raw:
        lane = Lane(raw, kind)
        failure = await lane.fail()
        assert failure.kind == "provider_stream_cut"
        assert (lane.client.started, lane.numbers) == (False, (0, 0, 0))


@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_in_a_200(stream: bool) -> None:
    wire = plain(orjson.dumps({"error": {"message": "slow down", "type": "rate_limit_error", "code": None}}))
    async with RawUpstream(always(wire)) as raw:
        lane = Lane(raw)
        failure = await lane.fail(stream)
        assert (failure.kind, failure.detail) == ("provider_rate_limited", "slow down")
        assert not lane.client.started


async def test_a_whole_reply_to_a_request_for_a_stream() -> None:
    async with RawUpstream(always(plain(orjson.dumps(REPLY)))) as raw:
        lane = Lane(raw)
        assert "with a whole reply" in (await lane.fail(stream=True)).detail
        assert not lane.client.started


async def test_a_reply_too_long_to_be_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "LARGEST", 100_000)
    async with RawUpstream(always(plain(bytes(10_000_000)))) as raw:
        lane = Lane(raw, "anthropic")
        assert "longer than 100000 bytes" in (await lane.fail()).detail
        assert (lane.client.started, lane.numbers) == (False, (0, 0, 0))
        await raw.visits[0].gone()


# ---- replies too large to hold


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_reply_is_relayed_as_it_comes(chunked: bool) -> None:
    body = b'{"choices":[' + b"x" * 3_000_000 + b"]}"
    wire = head(200, "transfer-encoding: chunked") + chunk(body) + LAST if chunked else plain(body)
    async with RawUpstream(always(wire)) as raw:
        lane = Lane(raw)
        outcome = await lane.ask()
        assert lane.client.body == body
        assert len(lane.client.writes) > 1
        assert ("content-length" in lane.client.headers) is not chunked
        assert (outcome.usage, lane.client.finished, lane.numbers) == (None, True, (0, 1, 0))


async def test_a_large_reply_that_is_cut_says_so() -> None:
    async with RawUpstream(sends(plain(bytes(3_000_000))[:-10], "close")) as raw:
        lane = Lane(raw)
        failure = await lane.fail()
        assert (failure.kind, lane.client.started, lane.client.finished) == ("provider_stream_cut", True, False)
        assert lane.numbers == (0, 0, 0)


async def test_a_large_reply_waits_for_a_slow_application() -> None:
    """The application is full from the first write on: the provider must be left with the rest."""
    size = 32 << 20
    async with RawUpstream(always(plain(bytes(size)))) as raw:
        lane = Lane(raw)
        call = lane.call()
        call.client = client = Recorder(slow=True)
        asking = asyncio.ensure_future(lane.run(call))
        await client.until(lambda: bool(client.writes))
        await turns(100)
        taken = len(client.body)
        await turns(100)
        assert len(client.body) == taken < size // 2
        async with asyncio.timeout(10):
            while not asking.done():
                if client.source is not None:
                    client.source.resume()
                await turns(1)
        assert len(client.body) == size
        assert lane.numbers == (0, 1, 0)


# ---- the provider's errors


@pytest.mark.parametrize(
    ("status", "kind", "shown"),
    [
        (400, "invalid_request", 400),
        (401, "authentication_failed", 500),
        (403, "authentication_failed", 500),
        (404, "model_not_found", 404),
        (413, "request_too_large", 413),
        (422, "invalid_request", 422),
        (429, "provider_rate_limited", 429),
        (500, "provider_error", 502),
        (502, "provider_error", 502),
        (503, "provider_overloaded", 502),
        (529, "provider_overloaded", 502),
        (302, "provider_error", 502),
    ],
)
@pytest.mark.parametrize("name", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [False, True])
async def test_error_answers(name: str, status: int, kind: str, shown: int, stream: bool) -> None:
    error = {"message": "because", "type": None} if name == "openai" else {"type": "x", "message": "because"}
    wire = plain(orjson.dumps({"type": "error", "error": error}), status, "retry-after: 7")
    async with RawUpstream(always(wire)) as raw:
        lane = Lane(raw, name)
        failure = await lane.fail(stream)
        assert (failure.kind, failure.status, failure.detail) == (kind, shown, "because")
        assert (failure.provider_status, failure.retry_after) == (status, 7.0)
        assert (lane.client.started, lane.numbers[::2]) == (False, (0, 0))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[", b"\xff", b'"text"', b'{"error":null}', b"x" * 300_000])
@pytest.mark.parametrize("name", ["openai", "anthropic"])
async def test_error_answers_that_say_nothing_sensible(name: str, body: bytes) -> None:
    async with RawUpstream(always(plain(body, 500))) as raw:
        lane = Lane(raw, name)
        failure = await lane.fail()
        assert (failure.kind, failure.provider_status) == ("provider_error", 500)
        assert len(failure.provider_body) <= 64 * 1024
        assert len(failure.detail) < 1000


async def test_an_error_answer_that_is_cut_is_told_by_its_status() -> None:
    async with RawUpstream(sends(plain(b'{"error":{"message":"because"}}', 429, "retry-after: 3")[:-9], "close")) as raw:
        failure = await Lane(raw).fail()
        assert (failure.kind, failure.retry_after) == ("provider_rate_limited", 3.0)


async def test_an_answer_before_the_request_was_sent() -> None:
    async def script(visit: Visit) -> None:
        await visit.until(lambda: len(visit.received) > 0)
        visit.stop_reading()
        visit.send(plain(b'{"error":{"message":"too long"}}', 413))
        await visit.gone()

    async with RawUpstream(script) as raw:
        lane = Lane(raw)
        failure = await lane.fail(messages=[{"role": "user", "content": "x" * 20_000_000}])
        assert (failure.kind, failure.detail, lane.numbers) == ("request_too_large", "too long", (0, 0, 0))


# ---- connections that died while idle


def dies_on_second(answer: bytes, heard: bytes = b"") -> Script:
    """Answers once; the second request gets `heard` and the end of the connection."""

    async def script(visit: Visit) -> None:
        await visit.answer(answer)
        await visit.answer(heard)
        visit.close()

    return script


@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_that_nobody_heard_is_sent_again_once(stream: bool) -> None:
    wire = globals()["stream"](*OPENAI) if stream else plain(orjson.dumps(REPLY))
    async with RawUpstream(dies_on_second(wire), always(wire)) as raw:
        lane = Lane(raw)
        await lane.ask(stream)
        outcome = await lane.ask(stream)
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
    async with RawUpstream(dies_on_second(plain(orjson.dumps(REPLY)), heard), always(plain(orjson.dumps(REPLY)))) as raw:
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
        STREAM_HEAD + chunk(event({"type": "error", "error": {"message": "bad key KEY", "type": "KEY"}}, "error")) + LAST,
    ],
)
async def test_a_key_that_the_provider_quotes_is_not_published(wire: bytes, name: str, stream: bool) -> None:
    wire = wire.replace(b"KEY", KEY.encode()).replace(b"content-length: ", b"content-length: ")
    async with RawUpstream(sends(resized(wire), "close")) as raw:
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


@pytest.mark.parametrize(("stream", "sent"), [(True, b""), (True, STREAM_HEAD + chunk(ROLE)), (False, head(200, "content-length: 9"))])
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
