"""How connections come about: plain, by name; how they do not; and that everything closes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import closing

import pytest
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from proxy.call import Failure
from proxy.upstream.dial import Dialer
from proxy.upstream.pool import Limits, Pool
from tests.upstream.asking import FAR, REQUEST, ask
from tests.upstream.certificates import Authority
from tests.upstream.raw import RawUpstream, Visit, always, chunk, head, plain

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
async def test_a_name_of_both_families_is_reached_by_either(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other family refuses: the connection is made all the same, and without waiting."""

    async def resolve(self: object, name: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        found = {"::1": socket.AF_INET6, "127.0.0.1": socket.AF_INET}
        shared = {"hostname": name, "port": port, "proto": 0, "flags": socket.AI_NUMERICHOST}
        return [{**shared, "host": address, "family": family} for address, family in found.items()]

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    async with RawUpstream(always(plain(b"{}")), host=host) as raw:

        async def act(dialer: Dialer) -> None:
            connection = await dialer.dial(URL(f"http://both.test:{raw.port}"))
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


# ---- names that move


@pytest.mark.parametrize("lost", ["refused", "cancelled"])
async def test_a_name_that_led_nowhere_is_asked_for_again(lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its addresses are remembered, but not those that did not work: the provider may have moved."""
    asked: list[str] = []

    async def resolve(self: object, name: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        asked.append(name)
        address = "127.0.0.1" if len(asked) > 1 else "127.0.0.9"
        return [{"hostname": name, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    async def act(dialer: Dialer) -> None:
        origin = URL(f"http://moving.test:{raw.port}")
        if lost == "cancelled":
            dialling = asyncio.ensure_future(dialer.dial(origin))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            dialling.cancel()
        with pytest.raises(Failure if lost == "refused" else asyncio.CancelledError):
            await (dialer.dial(origin) if lost == "refused" else dialling)
        for _ in range(2):
            await drop(dialer, origin)

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    async with RawUpstream(always(plain(b"{}"))) as raw:
        await with_dialer(act)
    assert asked == ["moving.test"] * 2
