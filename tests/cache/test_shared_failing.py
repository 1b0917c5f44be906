"""A store that is slow, gone, full, read-only or none at all: a miss, soon, and said once."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from proxy.cache.shared import AT_ONCE, AWAY, WRITES, SharedCache, Standing
from tests.cache.recordings import Clock
from tests.cache.together import KEY, TIMEOUT, body_of, made, opened, put
from tests.upstream.redis import Redis, free_port, needs_redis

pytestmark = needs_redis


async def took(cache: SharedCache, seconds: float = TIMEOUT + 0.5) -> float:
    """How long it takes to find nothing."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        assert await body_of(cache) is None
    return time.monotonic() - began


async def test_a_slow_store_is_waited_for_once_and_then_left_alone(redis: Redis) -> None:
    async with opened(redis.url) as cache:
        await put(cache, KEY, made())
        redis.freeze()
        assert await took(cache) >= TIMEOUT * 0.9
        for _ in range(50):
            assert await took(cache) < TIMEOUT / 2
        await put(cache, KEY, made())
        assert (cache.reachable, cache.counted["slow"], cache.counted["left_out"]) == (False, 1, 1)
        redis.thaw()
        await asyncio.sleep(AWAY[0])
        assert await body_of(cache) == b"hello"
        assert cache.reachable


async def test_all_who_wait_at_once_wait_no_longer(redis: Redis) -> None:
    async with opened(redis.url) as cache:
        redis.freeze()
        began = time.monotonic()
        found = await asyncio.gather(*(body_of(cache, key=f"{number}") for number in range(10 * AT_ONCE)))
        assert found == [None] * len(found)
        assert time.monotonic() - began < TIMEOUT + 0.5
        redis.thaw()


async def test_many_at_once_are_no_failure_and_few_connections(redis: Redis) -> None:
    async with opened(redis.url, within=10.0) as cache:
        for number in range(20):
            await put(cache, f"{number}", made(b"%d" % number))
        found = await asyncio.gather(*(body_of(cache, key=f"{number % 20}") for number in range(600)))
        assert found == [b"%d" % (number % 20) for number in range(600)]
        assert (cache.reachable, cache.counted["errors"], cache.counted["slow"]) == (True, 0, 0)
        clients = redis.say("CLIENT LIST").count(b"cmd=get")
        assert 1 <= clients <= AT_ONCE


async def test_too_many_writes_are_left_out(redis: Redis) -> None:
    async with opened(redis.url) as cache:
        for number in range(WRITES + 10):
            cache.put(f"{number}", "m", made())
        assert cache.writing == (WRITES, WRITES)
        await put(cache, "last", made())
        assert (cache.counted["stored"], cache.counted["left_out"]) == (WRITES, 11)


async def test_a_store_that_was_killed_and_is_there_again(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(redis.url) as cache:
        await put(cache, KEY, made())
        redis.kill()
        with caplog.at_level(logging.INFO, "outrider"):
            for _ in range(5):
                assert await body_of(cache) is None
            redis.start()
            await asyncio.sleep(AWAY[0])
            assert await body_of(cache) is None
            await put(cache, KEY, made())
            assert await body_of(cache) == b"hello"
        assert [record.message for record in caplog.records] == [
            "the shared cache is gone: this pod keeps its own answers",
            "the shared cache is there again",
        ]


async def test_nobody_at_the_address() -> None:
    async with opened(f"redis://127.0.0.1:{free_port()}/0") as cache:
        assert await took(cache) < TIMEOUT
        await put(cache, KEY, made())
        assert (await cache.forget("all", ""), await cache.forget("model", "m")) == (0, 0)
        assert not cache.reachable


async def test_somebody_else_at_the_address() -> None:
    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(chatter, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, opened(f"redis://127.0.0.1:{port}/0") as cache:
        assert await took(cache) <= TIMEOUT + 0.2
        assert (cache.counted["errors"] + cache.counted["slow"], cache.reachable) == (1, False)


async def test_a_wrong_password_is_told_and_nothing_else(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    redis.say("CONFIG SET requirepass right")
    for password in (None, "wrong-canary"):
        async with opened(redis.url, password) as cache:
            assert await took(cache) < TIMEOUT
            assert not cache.reachable
    async with opened(redis.url, "right") as cache:
        await put(cache, KEY, made())
        assert await body_of(cache) == b"hello"
    assert len(caplog.records) == 2
    assert "canary" not in str([vars(record) for record in caplog.records])


@pytest.mark.parametrize("setting", ["REPLICAOF 127.0.0.1 1", "CONFIG SET maxmemory 1"])
async def test_a_store_that_takes_nothing_is_still_read(
    redis: Redis, setting: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(redis.url) as cache:
        await put(cache, KEY, made())
        redis.say("CONFIG SET replica-serve-stale-data yes")
        assert redis.say(setting) == b"+OK\r\n"
        for number in range(5):
            await put(cache, f"{number}", made())
            assert await body_of(cache) == b"hello"
        assert (cache.reachable, cache.counted["errors"], cache.counted["left_out"]) == (True, 1, 4)
        assert [record.message for record in caplog.records] == [
            "the shared cache takes nothing: what it has is still told"
        ]


async def test_what_the_store_lets_go_of_is_a_miss(redis: Redis) -> None:
    redis.say("CONFIG SET maxmemory-policy allkeys-lru")
    assert redis.say("CONFIG SET maxmemory 3mb") == b"+OK\r\n"
    async with opened(redis.url) as cache:
        for number in range(60):
            await put(cache, f"{number}", made(b"%d " % number * 20_000))
        found = [await body_of(cache, f"{number}") for number in range(60)]
        assert cache.counted["errors"] == 0
        assert 0 < sum(body is None for body in found) < 60
        assert all(body is None or body == b"%d " % number * 20_000 for number, body in enumerate(found))


async def test_closing_waits_for_nobody(redis: Redis) -> None:
    cache = SharedCache(redis.url, "test", TIMEOUT, None, None, time.monotonic)
    await put(cache, KEY, made())
    redis.freeze()
    for number in range(5):
        cache.put(f"{number}", "m", made())
    await asyncio.sleep(0.01)
    async with asyncio.timeout(TIMEOUT + 0.5):
        await cache.close()
    assert cache.writing[0] == 0
    redis.thaw()


def test_it_is_left_alone_for_longer_each_time(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock(0.0)
    standing = Standing(clock, "gone", "back")
    pauses = []
    for _ in range(8):
        standing.failed("no\r\nanswer" + "x" * 1000)
        began = clock.now
        while standing.away:
            clock.now += 0.25
        pauses.append(clock.now - began)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]
    assert (standing.good, len(caplog.records)) == (False, 1)
    assert vars(caplog.records[0])["fault"] == ("noanswer" + "x" * 1000)[:200]
    standing.answered()
    standing.failed("again")
    began = clock.now
    while standing.away:
        clock.now += 0.25
    assert clock.now - began == AWAY[0]
