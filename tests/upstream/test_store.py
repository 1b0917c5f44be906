"""The store's scripts in a real Redis, and everything that is no Redis at all: one exception, and soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from proxy.upstream.store import SLOTS, Ask, Granted, RedisStore, StoreError, slot_ms
from tests.upstream.redis import Redis, needs_redis

PERIOD = 60.0


def ask(
    asked: int, spent: int = 0, back: dict[int, int] | None = None, limit: int = 100, period: float = PERIOD
) -> Ask:
    return Ask("tokens", limit, period, asked, spent, back or {})


@pytest.fixture
async def store(redis: Redis) -> AsyncIterator[RedisStore]:
    store = RedisStore(redis.url, "test", 0.5)
    yield store
    await store.close()


@needs_redis
async def test_no_more_is_granted_than_there_is(store: RedisStore) -> None:
    first = await store.lease(ask(60))
    assert (first.amount, first.left, first.wait > 0) == (60, 40, True)
    second = await store.lease(ask(60))
    assert second.amount == 40
    assert PERIOD < second.wait <= PERIOD + 2 * PERIOD / SLOTS
    assert (await store.lease(ask(1))).amount == 0
    assert (await store.lease(ask(0))).amount == 0


@needs_redis
async def test_what_comes_back_is_granted_again_and_never_more(store: RedisStore) -> None:
    slot = (await store.lease(ask(100))).slot
    assert (await store.lease(ask(50, back={slot: 30}))).amount == 30
    assert (await store.lease(ask(50, back={slot + 1: 30, slot - 9: 30}))).amount == 0
    assert (await store.lease(ask(500, back={slot: 10**12}))).amount == 100


@needs_redis
async def test_what_was_spent_counts_even_beyond_the_limit(store: RedisStore) -> None:
    assert (await store.lease(ask(10, spent=95))).amount == 5
    assert (await store.lease(ask(10, spent=50))).amount == 0
    slot = (await store.lease(ask(0))).slot
    assert (await store.lease(ask(10, back={slot: 50}))).amount == 0
    assert (await store.lease(ask(10, back={slot: 50}))).amount == 10


@needs_redis
async def test_it_comes_back_after_the_period_and_leaves_nothing(store: RedisStore, redis: Redis) -> None:
    period, began = 0.3, time.monotonic()
    assert (await store.lease(ask(100, period=period))).amount == 100
    granted = Granted(0, 0, 0.0, 0, 1)
    while not granted.amount:
        granted = await store.lease(ask(1, period=period))
        assert granted.amount or granted.wait < 0.5
        await asyncio.sleep(granted.wait)
    assert period + slot_ms(period) / 1000 <= time.monotonic() - began < 3
    await asyncio.sleep(0.7)
    assert redis.say("KEYS *") == b"*0\r\n"


@needs_redis
async def test_large_amounts_are_exact(store: RedisStore) -> None:
    most = 10**15
    first = await store.lease(ask(most - 1, limit=most))
    assert first.amount == most - 1
    assert (await store.lease(ask(5, limit=most))).amount == 1


@needs_redis
async def test_pods_are_counted_and_one_that_was_forgotten_is_told(store: RedisStore, redis: Redis) -> None:
    assert [await store.beat(pod) for pod in ("a", "b", "a")] == [(True, 1), (True, 2), (False, 2)]
    redis.say("FLUSHALL")
    assert await store.beat("a") == (True, 1)


@needs_redis
async def test_a_password_is_asked_for_and_never_told(redis: Redis) -> None:
    redis.say("CONFIG SET requirepass hunter2")
    for password, error in ((None, "Authentication required"), ("wrong-secret", "WRONGPASS|invalid|Auth")):
        store = RedisStore(redis.url, "test", 0.5, password=password)
        with pytest.raises(StoreError, match=error) as raised:
            await store.beat("a")
        assert "secret" not in str(raised.value)
        await store.close()
    store = RedisStore(redis.url, "test", 0.5, password="hunter2")
    assert await store.beat("a") == (True, 1)
    await store.close()


@needs_redis
async def test_a_store_that_stands_still_is_given_up_and_taken_up_again(store: RedisStore, redis: Redis) -> None:
    assert await store.beat("a") == (True, 1)
    redis.freeze()
    began = time.monotonic()
    with pytest.raises(StoreError, match="Timeout"):
        await store.beat("a")
    assert time.monotonic() - began < 2
    redis.thaw()
    assert await store.beat("a") == (False, 1)


NONSENSE = {
    "not redis": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "a number that is none": b":abc\r\n",
    "another type": b"+OK\r\n",
    "moved": b"-MOVED 3999 127.0.0.1:6381\r\n",
    "no password": b"-NOAUTH Authentication required.\r\n",
    "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "too many": b"*5\r\n:1000\r\n:1\r\n:0\r\n:0\r\n:1\r\n",
    "less than none": b"*5\r\n:-5\r\n:1\r\n:0\r\n:0\r\n:1\r\n",
    "too few": b"*2\r\n:1\r\n:0\r\n",
    "nothing": b"$-1\r\n",
    "null bytes": b"\0\0\0\0\r\n",
    "endless": b"$99999999999\r\nxxxx",
    "gone": b"",
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
async def test_a_store_that_lies_is_no_store(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(answer)
            if not answer:
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    store = RedisStore(f"redis://127.0.0.1:{port}", "test", 0.2)
    with pytest.raises(StoreError):
        await store.lease(ask(10))
    if answer != NONSENSE["too few"]:
        with pytest.raises(StoreError):
            await store.beat("a")
    await store.close()
    server.close()
    await server.wait_closed()


async def test_a_store_that_is_not_there() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    store = RedisStore(f"redis://127.0.0.1:{port}", "test", 0.5)
    with pytest.raises(StoreError, match="ConnectionError"):
        await store.beat("a")
    await store.close()
