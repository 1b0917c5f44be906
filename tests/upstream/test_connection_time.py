"""How long a connection waits: for the first byte, between bytes, in all; by a clock that the tests move."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from proxy.call import Failure
from proxy.upstream.connection import Connection
from tests.upstream.asking import REQUEST, Wire, read_all
from tests.upstream.clock import Clock
from tests.upstream.raw import LAST, RawUpstream, always, chunk, head, plain, turns

CHUNKED = head(200, "transfer-encoding: chunked")


def timed(first_byte: float = 20, idle: float = 10, total: float = 60) -> tuple[Clock, Connection]:
    clock = Clock()
    connection = Connection(clock.loop)
    connection.connection_made(cast(Any, Wire()))
    connection.send(REQUEST, first_byte, idle, clock.now + total)
    return clock, connection


async def timeout_of(connection: Connection) -> str:
    with pytest.raises(Failure) as caught:
        await heard(connection)
    assert caught.value.kind == "timeout"
    return caught.value.detail


async def heard(connection: Connection) -> bytes:
    await connection.head()
    return await read_all(connection)


async def test_first_byte() -> None:
    clock, connection = timed(first_byte=20)
    assert clock.watch(connection, 100) == 1020
    assert "did not begin to answer" in await timeout_of(connection)


async def test_an_answer_in_time_is_no_timeout() -> None:
    clock, connection = timed(first_byte=20)
    assert clock.watch(connection, 19.9) is None
    connection.data_received(plain(b"{}"))
    assert clock.watch(connection, 100) is None
    await connection.head()
    assert await read_all(connection) == b"{}"


@pytest.mark.parametrize(("first_byte", "at"), [(20, 0.5), (20, 19.5), (5, 1.0), (60, 3.0), (60, 11.0)])
async def test_idle_counts_from_the_last_byte_however_long_the_first_may_take(first_byte: float, at: float) -> None:
    clock, connection = timed(first_byte, idle=10, total=200)
    assert clock.watch(connection, at) is None
    connection.data_received(CHUNKED + chunk(b"a"))
    assert clock.watch(connection, 100) == 1000 + at + 10
    assert "nothing for 10 seconds" in await timeout_of(connection)


async def test_every_byte_starts_the_idle_time_anew() -> None:
    clock, connection = timed(first_byte=20, idle=10, total=500)
    connection.data_received(CHUNKED)
    for _ in range(30):
        assert clock.watch(connection, 9.5) is None
        connection.data_received(chunk(b"a"))
    assert clock.watch(connection, 100) == 1000 + 30 * 9.5 + 10


async def test_total() -> None:
    clock, connection = timed(first_byte=20, idle=10, total=60)
    connection.data_received(CHUNKED)
    for _ in range(11):
        assert clock.watch(connection, 5) is None
        connection.data_received(chunk(b"a"))
    assert clock.watch(connection, 100) == 1060
    assert "in the time the call was given" in await timeout_of(connection)


async def test_a_total_shorter_than_the_rest() -> None:
    clock, connection = timed(first_byte=20, idle=10, total=3)
    assert clock.watch(connection, 100) == 1003
    await timeout_of(connection)


async def test_an_interim_answer_is_a_byte() -> None:
    """A provider that sends 102 while it works is alive; from then on silence is what counts."""
    clock, connection = timed(first_byte=20, idle=10, total=500)
    for _ in range(5):
        assert clock.watch(connection, 9) is None
        connection.data_received(head(102))
    assert clock.watch(connection, 100) == 1000 + 45 + 10


async def test_a_slow_reader_is_not_the_provider_s_silence() -> None:
    clock, connection = timed(first_byte=20, idle=10, total=500)
    connection.data_received(CHUNKED + chunk(b"a"))
    connection.pause()
    assert clock.watch(connection, 300) is None
    connection.resume()
    assert clock.watch(connection, 9.9) is None, "after a pause the provider has its whole idle time again"
    assert clock.watch(connection, 0.2) == 1310
    assert "nothing for 10 seconds" in await timeout_of(connection)


async def test_a_reader_that_takes_all_the_time_has_gone() -> None:
    clock, connection = timed(first_byte=20, idle=10, total=60)
    connection.data_received(CHUNKED + chunk(b"a"))
    await connection.head()
    assert await connection.read() == b"a"
    connection.pause()
    assert clock.watch(connection, 100) == 1060
    with pytest.raises(Failure) as caught:
        await connection.read()
    assert caught.value.kind == "client_gone"


async def test_a_timeout_closes_the_connection_and_wakes_who_waits() -> None:
    async with RawUpstream(always(CHUNKED)) as raw:
        clock = Clock()
        running = asyncio.get_running_loop()
        _, connection = await running.create_connection(lambda: Connection(clock.loop), "127.0.0.1", raw.port)
        connection.send(REQUEST, 20, 10, clock.now + 60)
        await connection.head()
        reading = asyncio.ensure_future(connection.read())
        await turns(2)
        assert clock.watch(connection, 100) is not None
        with pytest.raises(Failure, match="timeout"):
            await reading
        await (await raw.visit()).gone()


async def test_a_second_exchange_has_its_own_times() -> None:
    clock, connection = timed(first_byte=20, idle=10, total=60)
    connection.data_received(plain(b"{}"))
    await connection.head()
    assert await read_all(connection) == b"{}"
    assert connection.done()
    clock.now += 500
    connection.send(REQUEST, 20, 10, clock.now + 60)
    assert clock.watch(connection, 100) == 1520
    assert "did not begin" in await timeout_of(connection)


async def test_no_time_runs_once_the_answer_is_complete() -> None:
    clock, connection = timed()
    connection.data_received(CHUNKED + chunk(b"a") + LAST)
    assert clock.watch(connection, 15) is None or connection.complete
    await connection.head()
    assert await read_all(connection) == b"a"
