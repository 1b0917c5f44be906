"""The ways through and around the proxies that the environment names."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable

import pytest
from yarl import URL

from proxy.call import Failure
from proxy.providers import Endpoint, all_providers
from proxy.upstream.dial import Dialer, proxy_for
from proxy.upstream.pool import Limits, Pool
from proxy.upstream.road import Road, Timeouts
from tests.upstream.asking import FAR, ask
from tests.upstream.certificates import Authority
from tests.upstream.lane import asked, make_call
from tests.upstream.raw import RawUpstream, RequestHead, Script, Visit, always, head, plain
from tests.upstream.test_dial import drop, failure_of, unused_port, with_dialer

pytestmark = pytest.mark.usefixtures("no_proxies")


async def test_a_plain_request_goes_through_the_proxy_whole(no_proxies: pytest.MonkeyPatch) -> None:
    async with RawUpstream(always(plain(b'{"a":1}'))) as raw:
        no_proxies.setenv("http_proxy", f"http://user:p%40ss@127.0.0.1:{raw.port}")
        base = "http://provider.example:8080/v1"

        async def act(dialer: Dialer) -> None:
            loop = asyncio.get_running_loop()
            origin = URL(base).origin()
            pool = Pool("up", lambda: dialer.dial(origin), Limits(), loop)
            endpoint = Endpoint("up", "openai", all_providers()["openai"], base, "sk-1")
            road = Road(endpoint, pool, Timeouts(), proxy_for(origin))
            connection = await pool.acquire(FAR)
            answer = await ask(connection, asked(road, make_call(), b"{}"))
            assert answer.body == b'{"a":1}'
            pool.release(connection, False)

        await with_dialer(act)
        request = RequestHead(bytes(raw.visits[0].received))
    assert (request.method, request.url) == ("POST", "http://provider.example:8080/v1/chat/completions")
    assert request.all("host") == ["provider.example:8080"]
    assert request.all("proxy-authorization") == [f"Basic {b64encode(b'user:p@ss').decode()}"]


def tunnel(seen: list[RequestHead], answer: bytes, port: Callable[[], int]) -> Script:
    """A CONNECT proxy to a port of this machine, whatever name is asked for."""

    async def script(visit: Visit) -> None:
        seen.append(RequestHead(await visit.request()))
        handed = len(visit.received)
        visit.send(answer)
        if b" 200 " in answer:
            await splice(visit, handed, port())
        visit.close()

    return script


async def splice(visit: Visit, handed: int, port: int) -> None:
    """Both ways, from byte `handed` of what the visitor sends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def back() -> None:
        while data := await reader.read(65_536):
            visit.send(data)

    returning = asyncio.ensure_future(back())
    try:
        while not visit.left:
            news = visit.received[handed:]
            writer.write(bytes(news))
            handed += len(news)
            await visit.more_than(handed)
    finally:
        returning.cancel()
        writer.close()


async def test_tls_goes_through_a_tunnel_and_is_verified_at_its_far_end(
    trusted: Authority, no_proxies: pytest.MonkeyPatch
) -> None:
    seen: list[RequestHead] = []
    async with RawUpstream(always(plain(b'{"a":1}')), tls=trusted.server("DNS:provider.example")) as raw:
        async with RawUpstream(tunnel(seen, b"HTTP/1.1 200 Connected\r\n\r\n", lambda: raw.port)) as proxy:
            no_proxies.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{proxy.port}")

            async def act(dialer: Dialer) -> None:
                for _ in range(2):
                    connection = await dialer.dial(URL("https://provider.example"))
                    assert (await ask(connection)).body == b'{"a":1}'
                    connection.abort()

            await with_dialer(act)
            with pytest.raises(Failure, match="not valid for"):
                await with_dialer(lambda dialer: drop(dialer, URL("https://other.example")))
        reused = [visit.transport.get_extra_info("ssl_object").session_reused for visit in raw.visits]
    assert (seen[0].method, seen[0].url) == ("CONNECT", "provider.example:443")
    assert seen[0].all("proxy-authorization") == [f"Basic {b64encode(b'user:pass').decode()}"]
    assert b"proxy-authorization" not in bytes(raw.visits[0].received).lower()
    assert reused[:2] == [False, True]


@pytest.mark.parametrize("status", [403, 407, 502])
async def test_a_proxy_that_refuses_the_tunnel(trusted: Authority, no_proxies: pytest.MonkeyPatch, status: int) -> None:
    async with RawUpstream(tunnel([], head(status, "content-length: 0"), int)) as proxy:
        no_proxies.setenv("https_proxy", f"http://user:secret-word@127.0.0.1:{proxy.port}")
        failure = await failure_of("https://provider.example")
        assert str(status) in failure.detail
        assert "secret-word" not in failure.detail


async def test_a_proxy_that_is_not_there(no_proxies: pytest.MonkeyPatch) -> None:
    no_proxies.setenv("http_proxy", f"http://user:secret-word@127.0.0.1:{unused_port()}")
    assert "secret-word" not in (await failure_of("http://provider.example")).detail


async def test_a_proxy_of_a_kind_we_do_not_speak(no_proxies: pytest.MonkeyPatch) -> None:
    no_proxies.setenv("all_proxy", "socks5://user:secret-word@127.0.0.1:1080")
    failure = await failure_of("http://provider.example")
    assert "socks5" in failure.detail
    assert "secret-word" not in failure.detail


@pytest.mark.parametrize(
    ("variables", "origin", "proxy"),
    [
        ({}, "http://a.example", None),
        ({"http_proxy": "http://p:1"}, "http://a.example", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "http://a.example", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://a.example", "http://p:1"),
        ({"all_proxy": "http://p:1"}, "https://a.example", "http://p:1"),
        ({"http_proxy": "p.example:3128"}, "http://a.example", "http://p.example:3128"),
        ({"http_proxy": "http://p:1", "no_proxy": "a.example"}, "http://a.example", None),
        ({"http_proxy": "http://p:1", "NO_PROXY": "b.example, .example"}, "http://a.example", None),
        ({"http_proxy": "http://p:1", "no_proxy": "*"}, "http://a.example", None),
        ({"http_proxy": "http://p:1", "no_proxy": "b.example"}, "http://a.example", "http://p:1"),
        ({"http_proxy": "http://p:1", "no_proxy": "a.example:8080"}, "http://a.example:8080", None),
        ({"http_proxy": "http://p:1", "no_proxy": "a.example:8080"}, "http://a.example:9090", "http://p:1"),
        ({"http_proxy": "http://p:1", "no_proxy": "localhost,127.0.0.1,::1"}, "http://[::1]:8080", None),
        ({"http_proxy": "http://p:1", "no_proxy": "localhost,127.0.0.1,::1"}, "http://127.0.0.1:8080", None),
        ({"http_proxy": ""}, "http://a.example", None),
    ],
)
def test_which_proxy(no_proxies: pytest.MonkeyPatch, variables: dict[str, str], origin: str, proxy: str | None) -> None:
    for name, value in variables.items():
        no_proxies.setenv(name, value)
    found = proxy_for(URL(origin))
    assert found == (URL(proxy) if proxy else None)


async def test_the_dialer_takes_the_way_around_the_proxy(no_proxies: pytest.MonkeyPatch) -> None:
    async with RawUpstream(always(plain(b"{}"))) as raw:
        no_proxies.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
        no_proxies.setenv("no_proxy", "127.0.0.1")
        await with_dialer(lambda dialer: drop(dialer, raw.origin))
