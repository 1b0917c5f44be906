"""How connections come about: plain, through proxies, by name; how they do not; and that everything closes."""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from collections.abc import Callable, Coroutine
from contextlib import closing

import pytest
from yarl import URL

from proxy.call import Failure
from proxy.providers import Endpoint, all_providers
from proxy.upstream.dial import Dialer, proxy_for
from proxy.upstream.pool import Limits, Pool
from proxy.upstream.road import Road, Timeouts
from tests.upstream.certificates import Authority
from tests.upstream.raw import RawUpstream, RequestHead, Script, Visit, always, chunk, head, plain
from tests.upstream.test_connection import FAR, REQUEST, ask
from tests.upstream.test_road import make_call

pytestmark = pytest.mark.usefixtures("no_proxies")


async def with_dialer(act: Callable[[Dialer], Coroutine[None, None, None]]) -> None:
    """Whatever happens with its connections, a dialer closes promptly."""
    dialer = Dialer(asyncio.get_running_loop())
    try:
        await asyncio.wait_for(act(dialer), 5)
    finally:
        await asyncio.wait_for(dialer.close(), 1)


async def failure_of(origin: str | URL) -> Failure:
    with pytest.raises(Failure) as caught:
        await with_dialer(lambda dialer: drop(dialer, URL(origin)))
    assert caught.value.kind == "network_error"
    return caught.value


async def drop(dialer: Dialer, origin: URL) -> None:
    (await dialer.dial(origin)).abort()


# ---- plain


async def test_a_plain_connection_sends_at_once() -> None:
    async def act(dialer: Dialer) -> None:
        connection = await dialer.dial(raw.origin)
        assert connection.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        for _ in range(3):
            assert (await ask(connection)).reusable
        connection.abort()

    async with RawUpstream(always(plain(b"{}"))) as raw:
        await with_dialer(act)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_localhost_is_found_on_either_family(host: str) -> None:
    """The other family refuses: the connection is made all the same, and without waiting."""
    if host not in {found[4][0] for found in socket.getaddrinfo("localhost", 80)}:
        pytest.skip(f"on this machine localhost is not {host}")
    async with RawUpstream(always(plain(b"{}")), host=host) as raw:

        async def act(dialer: Dialer) -> None:
            connection = await dialer.dial(URL(f"http://localhost:{raw.port}"))
            assert (await ask(connection)).body == b"{}"
            connection.abort()

        await with_dialer(act)


async def test_an_address_of_version_6() -> None:
    async with RawUpstream(always(plain(b"{}")), host="::1") as raw:
        await with_dialer(lambda dialer: drop(dialer, raw.origin))


# ---- what cannot be reached


async def test_a_name_that_does_not_exist() -> None:
    assert "nothing.invalid" in (await failure_of("http://nothing.invalid")).detail


@pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".example"])
async def test_a_name_that_cannot_exist(host: str) -> None:
    assert host in (await failure_of(f"http://{host}")).detail


async def test_a_port_where_nobody_listens() -> None:
    assert "cannot connect to 127.0.0.1" in (await failure_of(f"http://127.0.0.1:{unused_port()}")).detail


def unused_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_host_that_does_not_answer() -> None:
    """A full backlog drops our SYN, as a firewall would."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        await times_out(URL(f"http://127.0.0.1:{address[1]}"))
        for filler in fillers:
            filler.close()


async def test_a_server_that_never_shakes_hands(trusted: Authority) -> None:
    async def script(visit: Visit) -> None:
        await visit.gone()

    async with RawUpstream(script) as raw:
        await times_out(URL(f"https://127.0.0.1:{raw.port}"))
        await (await raw.visit()).gone()


async def times_out(origin: URL) -> None:
    async def act(dialer: Dialer) -> None:
        loop = asyncio.get_running_loop()
        pool = Pool("up", lambda: dialer.dial(origin), Limits(connect=0.1), loop)
        began = loop.time()
        with pytest.raises(Failure) as caught:
            await pool.acquire(FAR)
        assert (caught.value.kind, "0.1 seconds" in caught.value.detail) == ("timeout", True)
        assert 0.09 < loop.time() - began < 1
        assert pool.statistics()["active"] == 0

    await with_dialer(act)


# ---- everything closes


async def test_close_ends_connections_in_every_state() -> None:
    """Used, aborted, in the middle of an answer, closed by the provider, and never used at all."""

    async def cut(visit: Visit) -> None:
        await visit.answer(plain(b"{}"))
        visit.close()

    async def halfway(visit: Visit) -> None:
        await visit.answer(head(200, "transfer-encoding: chunked") + chunk(b"half"))
        await visit.gone()

    async def act(dialer: Dialer) -> None:
        used = await dialer.dial(raw.origin)
        await ask(used)
        aborted = await dialer.dial(raw.origin)
        aborted.abort()
        await ask(await dialer.dial(raw.origin))
        middle = await dialer.dial(raw.origin)
        middle.send(REQUEST, 5, 5, FAR)
        await middle.head()
        await dialer.dial(raw.origin)
        await raw.visit(4)

    async with RawUpstream(always(plain(b"{}")), always(), cut, halfway, always()) as raw:
        await with_dialer(act)
        for visit in raw.visits:
            await visit.gone()


async def test_a_cancelled_dial_leaves_nothing(trusted: Authority) -> None:
    async def script(visit: Visit) -> None:
        await visit.gone()

    async def act(dialer: Dialer) -> None:
        dialling = asyncio.ensure_future(dialer.dial(URL(f"https://127.0.0.1:{raw.port}")))
        visit = await raw.visit()
        dialling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialling
        await visit.gone()

    async with RawUpstream(script) as raw:
        await with_dialer(act)


# ---- proxies


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
            answer = await ask(connection, road.request(make_call(), b"{}"))
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
            await visit.until(lambda: len(visit.received) > handed or bool(visit.left))
            writer.write(bytes(visit.received[handed:]))
            handed = len(visit.received)
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
