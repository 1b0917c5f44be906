"""One errand: what is said on its way up, and what is left of the connection. Its answers are test_raw_answers's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]

from proxy.call import Failure
from proxy.providers import all_providers
from proxy.upstream import raw as subject
from proxy.upstream.upload import Upload
from tests.upstream.lane import KEY
from tests.upstream.raw import RawUpstream, RequestHead, Visit, always, plain
from tests.upstream.relays import SECRET_KEY, Relay, aws_keys, coming

OK = plain(b"{}")


async def said(method: str, upload: bytes | Upload = b"") -> RequestHead:
    async with RawUpstream(always(OK)) as raw:
        await Relay(raw).ask(method, "/files?x=1", upload)
        return RequestHead(bytes(raw.visits[0].received))


# ---- up


async def test_a_request_without_a_body() -> None:
    request = await said("GET")
    assert (request.method, request.url) == ("GET", "/v1/files?x=1")
    assert request.all("content-length") == request.all("transfer-encoding") == []
    assert (request.all("authorization"), request.all("accept")) == ([f"Bearer {KEY}"], ["*/*"])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_one_that_could_have_a_body_says_that_it_has_none(method: str) -> None:
    assert (await said(method)).all("content-length") == ["0"]


async def test_a_body_that_is_there_goes_with_its_length() -> None:
    request = await said("DELETE", b"abc")
    assert (request.all("content-length"), request.body) == (["3"], b"abc")


async def test_a_body_that_comes_goes_with_its_length_or_in_chunks() -> None:
    with_length = await said("POST", Upload(coming(b"ab", b"c"), 3))
    assert (with_length.all("content-length"), with_length.all("transfer-encoding")) == (["3"], [])
    assert with_length.body == b"abc"


async def test_of_unknown_length_it_goes_in_chunks() -> None:
    async def script(visit: Visit) -> None:
        await visit.until(lambda: visit.received.endswith(b"0\r\n\r\n"))
        visit.send(OK)

    async with RawUpstream(script) as raw:
        await Relay(raw).ask("POST", upload=Upload(coming(b"ab", b"c"), None))
        request = RequestHead(bytes(raw.visits[0].received))
    assert (request.all("content-length"), request.all("transfer-encoding")) == ([], ["chunked"])
    assert request.body == b"abc"


async def test_a_path_of_a_provider_file_is_filled() -> None:
    async with RawUpstream(always(OK)) as raw:
        relay = Relay(raw)
        call = relay.call("POST", "/m/{model}/run", b"{}", "images", "a/b", {"content-type": "text/plain"})
        await relay.handler(call)
        request = RequestHead(bytes(raw.visits[0].received))
    assert request.url == "/v1/m/a%2Fb/run"
    assert request.all("content-type") == ["application/json"]


async def test_a_path_of_the_application_s_is_not_filled() -> None:
    async with RawUpstream(always(OK)) as raw:
        await Relay(raw).ask("GET", "/m/{model}")
        assert RequestHead(bytes(raw.visits[0].received)).url == "/v1/m/{model}"


@pytest.mark.parametrize("kind", sorted(kind for kind, known in all_providers().items() if not known.mock))
async def test_no_provider_is_told_anything_twice(kind: str) -> None:
    passes = all_providers()[kind].passes
    caller = dict.fromkeys((*passes, "accept", "content-type", "idempotency-key", "prefer", "range"), "x")
    async with RawUpstream(always(OK)) as raw:
        relay = Relay(raw, kind)
        await relay.handler(relay.call("POST", "/x", b"{}", caller=caller))
        names = [name for name, _ in RequestHead(bytes(raw.visits[0].received)).headers]
    assert sorted(set(names)) == sorted(names)


# ---- signatures that cover the body


async def test_a_body_is_gathered_for_its_signature() -> None:
    async with RawUpstream(always(OK)) as raw:
        relay = Relay(raw, "bedrock", aws_keys())
        await relay.ask("POST", "/model/a%3A0/invoke?x=b&a=1", Upload(coming(b'{"a"', b":1}"), None))
        request = RequestHead(bytes(raw.visits[0].received))
        theirs = AWSRequest("POST", f"{raw.origin}{request.url}", data=b'{"a":1}')
    theirs.headers["host"] = request.all("host")[0]
    theirs.context["timestamp"] = request.all("x-amz-date")[0]
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", SECRET_KEY), "bedrock", "eu-west-1")
    theirs.headers["x-amz-date"] = request.all("x-amz-date")[0]
    signature = signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)
    assert request.all("authorization")[0].endswith(f"Signature={signature}")
    assert (request.all("content-length"), request.body) == (["7"], b'{"a":1}')


@pytest.mark.parametrize("length", [101, None])
async def test_one_that_is_too_long_to_be_signed_is_refused_and_nobody_is_asked(
    length: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "LONGEST_SIGNED", 100)
    async with RawUpstream(always(OK)) as raw:
        relay = Relay(raw, "bedrock", aws_keys())
        with pytest.raises(Failure, match="at most 100 bytes") as caught:
            await relay.ask("POST", "/model/m/invoke", Upload(coming(b"x" * 101), length))
        assert (caught.value.kind, raw.visits) == ("request_too_large", [])


# ---- what is left of a connection


async def test_a_body_that_is_not_over_spoils_the_connection_even_where_the_answer_is_whole() -> None:
    """What the provider takes for the rest of that body would be the next request."""

    async def script(visit: Visit) -> None:
        await visit.until(lambda: b"abc" in visit.received)
        visit.send(OK)
        await visit.gone()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"abc"
        await asyncio.Event().wait()

    async with RawUpstream(script) as raw:
        relay = Relay(raw)
        await relay.ask("POST", upload=Upload(pieces(), 9))
        assert relay.client.headers["connection"] == "close"
        assert relay.numbers == (0, 0)
        await (await raw.visit()).gone()


@pytest.mark.parametrize(("method", "dials"), [("GET", 2), ("PUT", 2), ("DELETE", 2), ("POST", 1), ("PATCH", 1)])
async def test_only_what_may_be_said_twice_is_said_twice(method: str, dials: int) -> None:
    async def dying(visit: Visit) -> None:
        await visit.answer(OK)
        await visit.request()
        visit.close()

    async with RawUpstream(dying, always(OK)) as raw:
        relay = Relay(raw)
        await relay.ask()
        if dials == 2:
            await relay.ask(method, upload=b"x")
        else:
            with pytest.raises(Failure, match="may have done what was asked") as caught:
                await relay.ask(method, upload=b"x")
            assert caught.value.kind == "network_error"
        assert len(raw.visits) == dials


async def test_an_upload_goes_on_a_connection_of_its_own_which_is_then_kept() -> None:
    async with RawUpstream(always(OK)) as raw:
        relay = Relay(raw)
        await relay.ask()
        await relay.ask("POST", upload=Upload(coming(b"abc"), 3))
        assert (len(raw.visits), relay.numbers) == (2, (0, 2))
