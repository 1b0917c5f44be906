"""What is made of the answer to a relayed request: it comes down as it is, our secrets left out, and may be a failure."""

from __future__ import annotations

import gzip

import pytest

from proxy.call import Failure, Usage
from proxy.upstream import raw as subject
from tests.upstream.lane import KEY
from tests.upstream.raw import RawUpstream, Visit, always, head, plain
from tests.upstream.relays import Relay


async def test_an_answer_comes_down_with_a_receipt() -> None:
    async with RawUpstream(always(plain(b"abc", 206, "content-range: bytes 0-2/9", "x-other: 1"))) as raw:
        relay = Relay(raw)
        outcome = await relay.ask()
    client = relay.client
    assert (outcome.status, outcome.attempts, client.status, client.body) == (206, 1, 206, b"abc")
    assert client.headers["content-range"] == "bytes 0-2/9"
    assert client.headers["x-outrider-provider"] == "up"
    assert "x-other" not in client.headers
    assert relay.numbers == (0, 1)


async def test_usage_is_read_where_the_path_says_how() -> None:
    async with RawUpstream(always(plain(b'{"usage":{"prompt_tokens":7,"total_tokens":7}}'))) as raw:
        relay = Relay(raw)
        assert (await relay.ask("POST", "/embeddings", b"{}")).usage == Usage(7)
        assert (await relay.ask("POST", "/other", b"{}")).usage is None


async def test_a_key_in_an_answer_is_overwritten() -> None:
    async with RawUpstream(always(plain(f"it is {KEY}".encode()))) as raw:
        relay = Relay(raw)
        await relay.ask()
        assert relay.client.body == b"it is " + b"*" * len(KEY)


REFUSALS = {400: "invalid_request", 403: "authentication_failed", 404: "invalid_request", 429: "provider_rate_limited"}


@pytest.mark.parametrize("status", REFUSALS)
async def test_a_refusal_is_told_in_the_provider_s_words_and_is_a_failure(status: int) -> None:
    body = f'{{"error":{{"message":"not with {KEY}"}}}}'.encode()
    async with RawUpstream(always(plain(body, status))) as raw:
        relay = Relay(raw)
        with pytest.raises(Failure) as caught:
            await relay.ask()
        assert (caught.value.kind, caught.value.told) == (REFUSALS[status], True)
        assert (relay.client.status, relay.client.body) == (status, body.replace(KEY.encode(), b"[redacted]"))
        assert KEY not in str(caught.value)
        assert relay.numbers == (0, 1)


async def test_a_refused_key_is_not_the_application_s_to_see() -> None:
    async with RawUpstream(always(plain(b"{}", 401))) as raw:
        relay = Relay(raw)
        with pytest.raises(Failure) as caught:
            await relay.ask()
        assert (caught.value.kind, caught.value.told, relay.client.started) == ("authentication_failed", False, False)


async def test_of_an_operation_by_model_a_refusal_is_for_others_to_tell() -> None:
    async with RawUpstream(always(plain(b'{"error":{"message":"no such model"}}', 404))) as raw:
        relay = Relay(raw)
        with pytest.raises(Failure) as caught:
            await relay.handler(relay.call("POST", "/images", b"{}", "images", "m"))
        assert (caught.value.kind, caught.value.told, relay.client.started) == ("model_not_found", False, False)


async def test_an_error_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LONGEST_ERROR", 1000)
    async with RawUpstream(always(head(500, "content-length: 100000") + b"x" * 2000)) as raw:
        relay = Relay(raw)
        with pytest.raises(Failure) as caught:
            await relay.ask()
        assert (caught.value.kind, relay.client.started, relay.numbers) == ("provider_error", False, (0, 0))


async def test_an_error_that_nobody_can_read_is_not_shown() -> None:
    packed = gzip.compress(f"your key {KEY}".encode())
    async with RawUpstream(always(plain(packed, 500, "content-encoding: gzip"))) as raw:
        relay = Relay(raw)
        with pytest.raises(Failure):
            await relay.ask()
        assert (relay.client.status, relay.client.body) == (500, b"")
        assert "content-encoding" not in relay.client.headers


@pytest.mark.parametrize("status", [200, 404])
async def test_an_answer_to_head_has_no_body(status: int) -> None:
    async with RawUpstream(always(head(status, "content-length: 9"))) as raw:
        relay = Relay(raw)
        if status == 200:
            await relay.ask("HEAD")
        else:
            with pytest.raises(Failure) as caught:
                await relay.ask("HEAD")
            assert caught.value.told
        assert (relay.client.status, relay.client.headers["content-length"], relay.client.body) == (status, "9", b"")


async def test_a_cut_is_a_failure_and_nothing_is_finished() -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(head(200, "content-length: 9"), b"abc")
        visit.close()

    async with RawUpstream(script) as raw:
        relay = Relay(raw)
        with pytest.raises(Failure) as caught:
            await relay.ask()
        assert (caught.value.kind, relay.client.body, relay.client.finished) == ("provider_stream_cut", b"abc", False)
        assert relay.numbers == (0, 0)
