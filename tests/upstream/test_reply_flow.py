"""How an answer flows: pieces held, pumped and paused, too many of them, too early; and the next exchange after it."""

from __future__ import annotations

import asyncio

import pytest

from proxy.call import Failure
from proxy.upstream.connection import Stale
from proxy.upstream.reply import HOLD
from tests.upstream.asking import FAR, REQUEST, Answer, ask, connect, read_all, wired
from tests.upstream.raw import LAST, RawUpstream, Visit, always, chunk, head, plain, turns

# ---- who sends too much


async def test_of_two_answers_the_first_counts_and_the_connection_is_not_used_again() -> None:
    connection, wire = wired()
    connection.data_received(plain(b"first") + plain(b"second", 500))
    await connection.head()
    assert (connection.status, await read_all(connection)) == (200, b"first")
    assert not connection.done()
    assert wire.aborted


async def test_bytes_after_the_answer_close_the_connection() -> None:
    connection, wire = wired()
    connection.data_received(plain(b"first") + b"garbage that is no answer")
    await connection.head()
    assert await read_all(connection) == b"first"
    assert not connection.done()
    assert wire.aborted


async def test_an_answer_nobody_asked_for_ends_an_idle_connection() -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(plain(b"{}"))
        await turns(5)
        visit.send(plain(b"unasked"))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        lost = asyncio.Event()
        connection.on_lost = lambda _: lost.set()
        assert (await ask(connection)).reusable
        await asyncio.wait_for(lost.wait(), 5)
        with pytest.raises(Stale):
            connection.send(REQUEST, 5, 5, FAR)


async def test_a_greeting_before_the_request_ends_the_connection() -> None:
    async def script(visit: Visit) -> None:
        visit.send(plain(b"hello"))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        await (await raw.visit()).gone()
        with pytest.raises(Stale):
            connection.send(REQUEST, 5, 5, FAR)


# ---- answers before the request is over


async def test_an_answer_before_the_body_was_sent_is_heard_and_the_connection_not_reused() -> None:
    async def script(visit: Visit) -> None:
        await visit.until(lambda: len(visit.received) > 0)
        visit.stop_reading()
        visit.send(plain(b'{"error":"too large"}', 413))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 32000000\r\n\r\n" + bytes(32_000_000)
        answer = await ask(connection, request)
        assert (answer.status, answer.body, answer.reusable) == (413, b'{"error":"too large"}', False)
        connection.abort()


async def test_an_answer_and_a_close_before_the_body_was_sent() -> None:
    """The provider closes with bytes of ours unread, so its kernel resets: its answer must be read all the same."""

    async def script(visit: Visit) -> None:
        await visit.until(lambda: len(visit.received) > 0)
        visit.stop_reading()
        visit.send(plain(b"no", 413, "connection: close"))
        await turns(5)
        visit.transport.abort()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 32000000\r\n\r\n" + bytes(32_000_000)
        answer = await ask(connection, request)
        assert (answer.status, answer.body, answer.reusable) == (413, b"no", False)


# ---- reading and pumping


async def test_pump_hands_over_what_was_held_and_then_each_piece_in_its_turn() -> None:
    connection, _ = wired()
    connection.data_received(head(200, "transfer-encoding: chunked") + chunk(b"held"))
    await connection.head()
    heard: list[bytes] = []
    pumping = asyncio.ensure_future(connection.pump(heard.append))
    await turns(1)
    assert heard == [b"held"]
    connection.data_received(chunk(b"now"))
    assert heard == [b"held", b"now"], "a piece is handed on in the call that reads it"
    connection.data_received(LAST)
    await pumping
    assert connection.done()


async def test_a_sink_that_raises_ends_the_exchange_with_its_own_exception() -> None:
    class Odd(Exception):
        pass

    def sink(data: bytes) -> None:
        raise Odd(data)

    async def script(visit: Visit) -> None:
        await visit.answer(head(200, "transfer-encoding: chunked"))
        await turns(5)
        visit.send(chunk(b"one") + chunk(b"two"))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        connection.send(REQUEST, 5, 5, FAR)
        await connection.head()
        with pytest.raises(Odd, match="one"):
            await connection.pump(sink)
        assert not connection.done()
        await (await raw.visit()).gone()


async def test_a_sink_that_raises_on_what_was_held() -> None:
    def sink(data: bytes) -> None:
        raise Failure("provider_error", "odd")

    connection, _ = wired()
    connection.data_received(plain(b"held"))
    await connection.head()
    with pytest.raises(Failure, match="odd"):
        await connection.pump(sink)


async def test_nudge_ends_a_read_with_nothing() -> None:
    connection, _ = wired()
    connection.data_received(head(200, "transfer-encoding: chunked"))
    await connection.head()
    reading = asyncio.ensure_future(connection.read())
    await turns(1)
    connection.nudge()
    assert await reading == b""
    assert not connection.complete


async def test_an_unread_answer_is_held_up_to_the_limit() -> None:
    """Nobody reads: the provider is stopped once HOLD bytes are here, and a read lets it go on."""
    connection, wire = wired()
    connection.data_received(head(200, "transfer-encoding: chunked"))
    sent = 0
    while wire.reading and sent < 10 * HOLD:
        connection.data_received(chunk(bytes(16_384)))
        sent += 16_384
    assert HOLD < sent <= HOLD + 16_384
    assert len(await connection.read()) == sent
    assert wire.reading


async def test_a_paused_reader_stops_the_provider_and_resume_lets_it_go_on() -> None:
    """32 MB for a reader that takes nothing: what is on the way is what the kernel holds, and nothing is lost."""
    size = 32 << 20

    async def script(visit: Visit) -> None:
        await visit.answer(head(200, f"content-length: {size}"), bytes(size))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        connection.send(REQUEST, 30, 30, FAR)
        await connection.head()
        heard = 0

        def sink(data: bytes) -> None:
            nonlocal heard
            heard += len(data)
            connection.pause()

        pumping = asyncio.ensure_future(connection.pump(sink))
        visit = await raw.visit()
        await turns(50)
        before = heard
        await turns(200)
        assert heard == before, "nothing is read while the reader is paused"
        assert visit.transport.get_write_buffer_size() > size // 2, "the provider is left with its bytes"
        async with asyncio.timeout(10):
            while not pumping.done():
                connection.resume()
                await turns(1)
        assert heard == size
        assert connection.done()
        connection.abort()


async def test_a_pause_asked_for_before_pumping_stands() -> None:
    """The application was slow already when its answer began: pumping must not start the provider again."""
    connection, wire = wired()
    connection.data_received(head(200, "transfer-encoding: chunked") + chunk(b"held"))
    await connection.head()
    connection.pause()
    pumping = asyncio.ensure_future(connection.pump(lambda data: None))
    await turns(1)
    assert not wire.reading
    connection.resume()
    assert wire.reading
    connection.data_received(LAST)
    await pumping


async def test_a_hold_that_is_full_does_not_stop_the_pump() -> None:
    connection, wire = wired()
    connection.data_received(head(200, "transfer-encoding: chunked"))
    while wire.reading:
        connection.data_received(chunk(bytes(65_536)))
    heard: list[bytes] = []
    pumping = asyncio.ensure_future(connection.pump(heard.append))
    await turns(1)
    assert wire.reading
    assert len(b"".join(heard)) > HOLD
    connection.data_received(LAST)
    await pumping


# ---- another exchange


async def test_a_kept_connection_carries_many_exchanges() -> None:
    async with RawUpstream(always(plain(b'{"a":1}'))) as raw:
        connection = await connect(raw)
        for _ in range(5):
            answer = await ask(connection)
            assert (answer.body, answer.reusable) == (b'{"a":1}', True)
        assert len(raw.visits) == 1
        connection.abort()
        await raw.visits[0].gone()


async def test_an_exchange_starts_with_a_clean_slate() -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(plain(b"a long first body", 429, "retry-after: 9"))
        await visit.answer(head(200, "transfer-encoding: chunked") + chunk(b"b") + LAST)

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        await ask(connection)
        assert await ask(connection) == Answer(200, [("transfer-encoding", "chunked")], b"b", True)
        connection.abort()


async def test_abort_closes_at_once() -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(head(200, "transfer-encoding: chunked") + chunk(b"one"))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        connection.send(REQUEST, 5, 5, FAR)
        await connection.head()
        connection.abort()
        connection.abort()
        await (await raw.visit()).gone()
        with pytest.raises(Stale):
            connection.send(REQUEST, 5, 5, FAR)


async def test_an_incomplete_exchange_is_not_reusable() -> None:
    connection, _ = wired()
    connection.data_received(head(200, "content-length: 10") + b"12345")
    await connection.head()
    assert not connection.done()
