"""Small questions: whatever the other side does, there is an answer or a reason within the time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from proxy.upstream.credentials.ask import LARGEST, Asker
from proxy.upstream.credentials.fresh import Unavailable


async def echo(request: web.Request) -> web.Response:
    body = await request.read()
    return web.Response(body=body, status=int(request.query.get("status", "200")), headers={"X-Method": request.method})


async def silent(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(LARGEST // 65536 + 2):
        await response.write(b"x" * 65536)
    return response


async def elsewhere(request: web.Request) -> web.Response:
    raise web.HTTPFound("/echo")


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    app = web.Application()
    for path, answer in (("/echo", echo), ("/silent", silent), ("/endless", endless), ("/elsewhere", elsewhere)):
        app.router.add_route("*", path, answer)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def asker() -> AsyncIterator[Asker]:
    asker = Asker()
    yield asker
    await asker.close()


async def test_an_answer_comes_whole_whatever_its_status(asker: Asker, server: TestServer) -> None:
    body = b"z" * 300_000
    answer = await asker.ask("PUT", str(server.make_url("/echo?status=403")), body=body, headers={"a": "b"})
    assert (answer.status, answer.headers["x-method"], answer.body) == (403, "PUT", body)


async def test_nothing_is_redirected(asker: Asker, server: TestServer) -> None:
    assert (await asker.ask("GET", str(server.make_url("/elsewhere")))).status == 302


@pytest.mark.parametrize(
    ("path", "reason"), [("/silent", "did not answer within 0.05"), ("/endless", "more than 1048576")]
)
async def test_what_does_not_come_to_an_end_is_given_up(
    asker: Asker, server: TestServer, path: str, reason: str
) -> None:
    with pytest.raises(Unavailable, match=reason):
        await asker.ask("GET", str(server.make_url(path)), seconds=0.05 if path == "/silent" else 5)


async def test_the_reason_names_the_host_and_no_secret(asker: Asker, unused_tcp_port: int) -> None:
    with pytest.raises(Unavailable) as raised:
        await asker.ask("GET", f"http://127.0.0.1:{unused_tcp_port}/token?secret=canary", headers={"x": "canary"})
    assert str(raised.value) == f"127.0.0.1:{unused_tcp_port} cannot be asked (ClientConnectorError)"


async def test_a_proxy_of_the_environment_is_used_only_where_it_may(
    asker: Asker, server: TestServer, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_tcp_port}")
    url = str(server.make_url("/echo"))
    assert (await asker.ask("GET", url, proxied=False)).status == 200
    with pytest.raises(Unavailable, match="cannot be asked"):
        await asker.ask("GET", url)


@pytest.mark.parametrize(
    "url", ["http://[", "http://a..b/", "ftp://x/", "", "no url", "http://x:99999/", "http://é\x00/"]
)
async def test_what_is_no_address_is_a_reason_too(asker: Asker, url: str) -> None:
    with pytest.raises(Unavailable, match="cannot be asked"):
        await asker.ask("GET", url, seconds=2.0)
