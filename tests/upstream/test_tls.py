"""TLS is verified, and a session that the server gave is used for the next connection."""

from __future__ import annotations

import asyncio
import ssl
from weakref import WeakSet

import pytest
from yarl import URL

from proxy.call import Failure
from proxy.upstream.connection import Connection
from proxy.upstream.dial import Dialer
from proxy.upstream.tls import SESSIONS, ResumingContext
from tests.upstream.asking import ask
from tests.upstream.certificates import Authority
from tests.upstream.raw import RawUpstream, Visit, always, plain, silent

pytestmark = pytest.mark.usefixtures("no_proxies")
VERSIONS = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2)


async def dial(origin: URL) -> None:
    """Dial and close; what is wrong is raised."""
    dialer = Dialer(asyncio.get_running_loop())
    try:
        (await dialer.dial(origin)).abort()
    finally:
        await asyncio.wait_for(dialer.close(), 2)


async def test_a_trusted_authority(trusted: Authority) -> None:
    async with RawUpstream(always(plain(b'{"a":1}')), tls=trusted.server()) as raw:
        dialer = Dialer(asyncio.get_running_loop())
        connection = await dialer.dial(raw.origin)
        for _ in range(2):
            answer = await ask(connection)
            assert (answer.body, answer.reusable) == (b'{"a":1}', True)
        connection.abort()
        await asyncio.wait_for(dialer.close(), 2)


async def test_an_authority_that_is_not_trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    await refused(authority.server(), "certificate verify failed")


async def test_a_certificate_that_nobody_signed(trusted: Authority) -> None:
    await refused(trusted.self_signed(), "self-signed certificate")


async def test_a_certificate_for_another_host(trusted: Authority) -> None:
    await refused(trusted.server("DNS:elsewhere.example"), "not valid for")


async def test_a_certificate_that_has_expired(trusted: Authority) -> None:
    await refused(trusted.server(days=-1), "certificate has expired")


async def refused(tls: ssl.SSLContext, words: str) -> None:
    async with RawUpstream(silent, tls=tls) as raw:
        with pytest.raises(Failure) as caught:
            await dial(raw.origin)
        assert caught.value.kind == "network_error"
        assert words in caught.value.detail
        assert "127.0.0.1" in caught.value.detail


async def test_a_server_that_does_not_speak_tls(trusted: Authority) -> None:
    async def script(visit: Visit) -> None:
        await visit.until(lambda: len(visit.received) > 0)
        visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with RawUpstream(script) as raw:
        with pytest.raises(Failure) as caught:
            await asyncio.wait_for(dial(URL(f"https://127.0.0.1:{raw.port}")), 5)
        assert caught.value.kind == "network_error"


async def test_tls_1_1_is_not_spoken() -> None:
    assert ResumingContext.verifying().minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_second_connection_resumes_the_session_of_the_first(
    trusted: Authority, version: ssl.TLSVersion
) -> None:
    async with RawUpstream(always(plain(b"{}")), tls=trusted.server(newest=version)) as raw:
        dialer = Dialer(asyncio.get_running_loop())
        for _ in range(3):
            connection = await dialer.dial(raw.origin)
            assert (await ask(connection)).reusable
            connection.abort()
        await asyncio.wait_for(dialer.close(), 2)
        assert [resumed(visit.transport) for visit in raw.visits] == [False, True, True]


async def test_sessions_are_kept_for_each_server_name(trusted: Authority) -> None:
    tls = trusted.server()
    async with RawUpstream(always(plain(b"{}")), tls=tls) as raw:
        dialer = Dialer(asyncio.get_running_loop())
        for host in ("127.0.0.1", "localhost", "127.0.0.1", "localhost"):
            connection = await dialer.dial(URL(f"https://{host}:{raw.port}"))
            await ask(connection)
            connection.abort()
        await asyncio.wait_for(dialer.close(), 2)
        assert [resumed(visit.transport) for visit in raw.visits] == [False, False, True, True]


async def test_a_session_the_server_no_longer_knows_is_no_fault(trusted: Authority) -> None:
    """The server was restarted: the handshake is a full one."""
    dialer = Dialer(asyncio.get_running_loop())
    async with RawUpstream(always(plain(b"{}")), tls=trusted.server()) as raw:
        port = raw.port
        connection = await dialer.dial(raw.origin)
        await ask(connection)
        connection.abort()
        for visit in raw.visits:
            await visit.gone()
    async with RawUpstream(always(plain(b"{}")), tls=trusted.server(), port=port) as raw:
        connection = await dialer.dial(raw.origin)
        assert (await ask(connection)).body == b"{}"
        assert [resumed(visit.transport) for visit in raw.visits] == [False]
        connection.abort()
    await asyncio.wait_for(dialer.close(), 2)


def resumed(transport: asyncio.Transport) -> bool:
    """As the server saw the handshake."""
    found: bool = transport.get_extra_info("ssl_object").session_reused
    return found


class Ticket:
    has_ticket = True


class Handshake:
    """What `keep_session` reads of an SSLObject."""

    def __init__(self, name: str) -> None:
        self.server_hostname = name
        self.session = Ticket()


def test_kept_sessions_are_bounded() -> None:
    context = ResumingContext.verifying()
    kept = WeakSet[Ticket]()
    for number in range(SESSIONS * 3):
        handshake = Handshake(f"host-{number}")
        kept.add(handshake.session)
        context.keep_session(handshake)
        assert len(kept) <= SESSIONS + 1
    assert len(kept) > 0


async def test_a_large_answer_over_tls_pauses_and_goes_on(trusted: Authority) -> None:
    size = 8 << 20
    async with RawUpstream(always(plain(bytes(size))), tls=trusted.server()) as raw:
        dialer = Dialer(asyncio.get_running_loop())
        connection: Connection = await dialer.dial(raw.origin)
        answer = await ask(connection)
        assert len(answer.body) == size
        connection.abort()
        await asyncio.wait_for(dialer.close(), 2)
