"""One attempt and its answer: whole replies, large ones, and the provider's errors."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from proxy.call import Usage
from proxy.upstream import answer, exchange
from tests.upstream.lane import CREATED, Lane, Recorder
from tests.upstream.raw import (
    LAST,
    RawUpstream,
    RequestHead,
    Visit,
    always,
    chunk,
    head,
    plain,
    turns,
)
from tests.upstream.test_connection import sends

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
ODD_BODY = (
    b'{ "messages":[{"content":"\\u0068i", "role":"user"}],\n\t"model" : "m","temperature":1.0e0, "seed":007 }'.replace(
        b"007", b"7"
    )
)


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
        assert RequestHead(bytes(raw.visits[0].received)).body == ODD_BODY.replace(
            b'"model" : "m"', b'"model" : "gpt-\\"4\\""'
        )


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
            visit.send(
                head(200, "transfer-encoding: chunked"),
                *(chunk(ODD_REPLY[at : at + 50]) for at in range(0, len(ODD_REPLY), 50)),
                LAST,
            )
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
        assert failure.kind == "network_error"
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
    monkeypatch.setattr(answer, "LARGEST", 100_000)
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
        assert outcome.usage is not None
        assert (outcome.usage.estimated, lane.client.finished, lane.numbers) == (True, True, (0, 1, 0))


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
    async with RawUpstream(
        sends(plain(b'{"error":{"message":"because"}}', 429, "retry-after: 3")[:-9], "close")
    ) as raw:
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
