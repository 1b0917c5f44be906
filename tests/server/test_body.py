"""Bodies of requests: read whole up to a limit, or as they come, with leave to send them exactly where somebody reads."""

from __future__ import annotations

import pytest
from aiohttp import web

from proxy.call import Failure
from proxy.server.body import length_of, read_body, stream_body
from tests.server.requests import answering, requested


async def test_a_body_is_read_whole() -> None:
    request = requested("POST", "/", b"ab", b"c")
    assert await read_body(request, answering(request)[0], 3) == b"abc"


async def test_nothing_is_an_empty_body() -> None:
    request = requested("GET", "/")
    assert await read_body(request, answering(request)[0], 0) == b""


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_long_ends_the_connection(chunked: bool) -> None:
    request = requested("POST", "/", b"abcd", chunked=chunked)
    client, side = answering(request)
    with pytest.raises(Failure, match="longer than 3 bytes") as caught:
        await read_body(request, client, 3)
    assert (caught.value.kind, caught.value.status) == ("request_too_large", 413)
    assert not side.keep_alive


async def test_one_that_says_it_is_too_long_is_given_no_leave() -> None:
    request = requested("POST", "/", b"abcd", coming=True, expect="100-continue")
    client, side = answering(request)
    with pytest.raises(Failure):
        await read_body(request, client, 3)
    assert side.leave == 0


async def test_a_broken_body_is_the_caller_s_mistake_and_ends_the_connection() -> None:
    request = requested("POST", "/", b"ab")
    request.body.set_exception(web.RequestPayloadError("it ends too early"))
    client, side = answering(request)
    with pytest.raises(Failure, match="it ends too early") as caught:
        await read_body(request, client, 9)
    assert caught.value.kind == "invalid_request"
    assert not side.keep_alive


@pytest.mark.parametrize("expect", ["100-continue", "100-Continue"])
async def test_leave_is_given_once_and_only_when_somebody_reads(expect: str) -> None:
    request = requested("POST", "/", b"ab", coming=True, expect=expect)
    client, side = answering(request)
    pieces = stream_body(request, client)
    assert side.leave == 0
    assert [piece async for piece in pieces] == [b"ab"]
    assert side.leave == 1


async def test_no_leave_is_given_where_nothing_is_awaited() -> None:
    for request in (requested("POST", "/", b"ab"), requested("POST", "/", b"ab", expect="100-continue")):
        client, side = answering(request)
        assert [piece async for piece in stream_body(request, client)] == [b"ab"]
        assert side.leave == 0


async def test_how_long_a_body_is() -> None:
    assert length_of(requested("POST", "/", b"abc")) == 3
    assert length_of(requested("GET", "/")) == 0
    assert length_of(requested("POST", "/", b"abc", chunked=True)) is None
    assert length_of(requested("POST", "/", b"abc", packed="gzip")) is None
