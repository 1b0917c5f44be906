"""How an answer ends when it does not end well: cut, reset, stale, gone between two turns of the loop."""

from __future__ import annotations

import asyncio

import pytest

from proxy.call import Failure
from proxy.upstream.connection import Connection, Stale
from tests.upstream.asking import FAR, REQUEST, ask, connect, failure_of
from tests.upstream.raw import RawUpstream, Script, Visit, chunk, head, plain, turns

CHUNKED = head(200, "transfer-encoding: chunked")


def sends(wire: bytes, how: str) -> Script:
    """Answer with `wire`, let the peer read it, and end the connection by that method of the visit."""

    async def script(visit: Visit) -> None:
        await visit.answer(wire)
        await turns(5)
        getattr(visit, how)()
        await turns(5)
        visit.close()

    return script


# ---- cut

CUTS = {
    "nothing": (b"", "network_error"),
    "mid status line": (b"HTTP/1.", "network_error"),
    "mid header": (b"HTTP/1.1 200 OK\r\ncontent-le", "network_error"),
    "after an interim answer": (head(100), "network_error"),
    "before the body": (head(200, "content-length: 10"), "provider_stream_cut"),
    "mid content-length": (head(200, "content-length: 10") + b"12345", "provider_stream_cut"),
    "mid chunk size": (CHUNKED + chunk(b"abc") + b"1", "provider_stream_cut"),
    "mid chunk": (CHUNKED + b"a\r\n12345", "provider_stream_cut"),
    "between chunks": (CHUNKED + chunk(b"abc"), "provider_stream_cut"),
    "before the last line": (CHUNKED + chunk(b"abc") + b"0\r\n", "provider_stream_cut"),
    "mid trailer": (CHUNKED + chunk(b"abc") + b"0\r\nx-check", "provider_stream_cut"),
}


@pytest.mark.parametrize("how", ["close", "half_close", "reset"])
@pytest.mark.parametrize("where", CUTS)
async def test_a_cut_answer_is_never_complete(where: str, how: str) -> None:
    wire, kind = CUTS[where]
    assert (await failure_of(sends(wire, how))).kind == kind


@pytest.mark.parametrize("how", ["close", "half_close"])
async def test_an_answer_without_length_ends_with_the_connection(how: str) -> None:
    async with RawUpstream(sends(head(200) + b"all of it", how)) as raw:
        answer = await ask(await connect(raw))
        assert (answer.body, answer.reusable) == (b"all of it", False)


async def test_an_answer_without_length_that_is_reset_was_cut() -> None:
    assert (await failure_of(sends(head(200) + b"part of it", "reset"))).kind == "provider_stream_cut"


async def test_what_came_before_the_cut_is_read_first() -> None:
    async with RawUpstream(sends(CHUNKED + chunk(b"abc") + b"5\r\nde", "close")) as raw:
        connection = await connect(raw)
        connection.send(REQUEST, 5, 5, FAR)
        await connection.head()
        heard: list[bytes] = []
        with pytest.raises(Failure, match="in the middle of its answer"):
            await connection.pump(heard.append)
        assert b"".join(heard) == b"abcde"
        assert not connection.done()


# ---- stale


async def test_a_reused_connection_that_says_nothing_is_stale() -> None:
    async with RawUpstream(sends(plain(b"{}"), "close")) as raw:
        connection = await connect(raw)
        await ask(connection)
        connection.reused = True
        with pytest.raises(Stale):
            await ask(connection)


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_request_into_a_closing_connection_is_stale_only_when_reused(how: str) -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(plain(b"{}"))
        await visit.request()
        getattr(visit, how)()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        await ask(connection)
        connection.reused = True
        with pytest.raises(Stale):
            await ask(connection)
    assert (await failure_of(sends(b"", how))).kind == "network_error"


@pytest.mark.parametrize("heard", [b"H", b"HTTP/1.1 200 OK\r\n", head(100)])
async def test_a_reused_connection_that_began_to_answer_is_not_stale(heard: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(plain(b"{}"))
        await visit.answer(heard)
        await turns(5)
        visit.close()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        await ask(connection)
        connection.reused = True
        with pytest.raises(Failure) as caught:
            await ask(connection)
        assert caught.value.kind == "network_error"


# ---- the loop turn between the provider's end and our hearing of it


class Between(Connection):
    """Does what it is told after the transport has seen the end of the connection and before `connection_lost` is called."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.told: list[str] = []
        self.raised: list[BaseException] = []
        self.kept = True

    def eof_received(self) -> None:
        asyncio.get_running_loop().call_soon(self._do)

    def _do(self) -> None:
        for name in self.told:
            try:
                getattr(self, name)()
            except BaseException as error:  # noqa: BLE001  whatever it is, the test shows it
                self.raised.append(error)

    def send_again(self) -> None:
        self.send(REQUEST, 5, 5, FAR)

    def finish(self) -> None:
        self.kept = self.done()


async def between(raw: RawUpstream) -> Between:
    loop = asyncio.get_running_loop()
    return (await loop.create_connection(lambda: Between(loop), "127.0.0.1", raw.port))[1]


async def test_a_request_in_the_turn_in_which_the_provider_closes_is_stale() -> None:
    async with RawUpstream(sends(plain(b"{}"), "close")) as raw:
        connection = await between(raw)
        lost = asyncio.Event()
        connection.on_lost = lambda _: lost.set()
        assert (await ask(connection)).reusable
        connection.reused = True
        connection.told = ["send_again"]
        await asyncio.wait_for(lost.wait(), 5)
        if not connection.raised:
            with pytest.raises(Stale):
                await connection.head()
        else:
            assert [type(error) for error in connection.raised] == [Stale]


async def test_a_slow_reader_in_the_turn_in_which_the_provider_closes() -> None:
    async with RawUpstream(sends(head(200) + b"all of it", "close")) as raw:
        connection = await between(raw)
        connection.told = ["pause", "resume"]
        answer = await ask(connection)
        assert (answer.body, connection.raised) == (b"all of it", [])


async def test_a_connection_that_ends_as_its_answer_does_is_not_kept() -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(plain(b"{}"))
        visit.close()

    async with RawUpstream(script) as raw:
        connection = await between(raw)
        connection.told = ["finish"]
        lost = asyncio.Event()
        connection.on_lost = lambda _: lost.set()
        connection.send(REQUEST, 5, 5, FAR)
        await asyncio.wait_for(lost.wait(), 5)
        assert (connection.complete, connection.kept) == (True, False)
