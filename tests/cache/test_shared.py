"""What pods have together, in a real Redis: found again, gone in time, and a miss where it is not an answer of ours."""

from __future__ import annotations

import asyncio
import time

import pytest
from redis.asyncio import Redis as Client

from proxy.cache.recording import written
from proxy.cache.shared import escaped, label
from tests.cache.together import KEY, body_of, made, opened, put
from tests.upstream.redis import Redis, needs_redis

pytestmark = needs_redis


async def test_what_one_pod_has_kept_another_finds(redis: Redis) -> None:
    async with opened(redis.url) as one, opened(redis.url) as other:
        assert await body_of(other) is None
        await put(one, KEY, made())
        assert await body_of(other) == b"hello"
        assert await body_of(other, model="n") is None
        assert await body_of(other, key="another") is None
        assert (one.counted["stored"], other.counted["hits"], other.counted["misses"]) == (1, 1, 3)


async def test_it_is_gone_when_its_time_is_over(redis: Redis) -> None:
    async with opened(redis.url) as cache:
        await put(cache, KEY, made(ttl=0.3))
        assert await body_of(cache) == b"hello"
        await asyncio.sleep(0.35)
        assert redis.say("KEYS *") == b"*0\r\n"
        assert await body_of(cache) is None


async def test_a_store_that_keeps_it_longer_is_not_believed(redis: Redis) -> None:
    async with opened(redis.url) as cache:
        await put(cache, KEY, made(ttl=60))
        now = time.time()
        assert await cache.find(KEY, "m", None, now + 61) is None
        assert await cache.find(KEY, "m", None, now - 3600) is None, "kept in an hour from now"
        assert await cache.find(KEY, "m", 5.0, now + 10) is None
        assert await cache.find(KEY, "m", 15.0, now + 10) is not None


async def test_an_operator_takes_out_one_or_a_models_or_all(redis: Redis) -> None:
    async with opened(redis.url) as cache, opened(redis.url) as other:
        for model in ("m", "n", "*"):
            for key in ("a", "b"):
                await put(cache, key, made(), model)
        redis.say("SET {test}:lease:x 1")
        assert await other.forget("key", "*") == 0
        assert await other.forget("key", "a") == 3
        assert await other.forget("model", "*") == 1
        assert await other.forget("model", "m") == 1
        assert await other.forget("all", "") == 1
        assert redis.say("KEYS *") == b"*1\r\n$14\r\n{test}:lease:x\r\n"


@pytest.mark.parametrize("text", ["a*", "a?c", "[ab]", "\\a", "abc"])
def test_a_pattern_means_nothing_but_itself(text: str) -> None:
    assert escaped(text).replace("[", "").replace("]", "").replace("\\", "") in text + text.replace("[", "").replace(
        "]", ""
    )
    assert "*" not in escaped(text).replace("[*]", "")
    assert label(text) != label(text + "x")


# ---- what lies under our keys


JUNK = {
    "nothing": b"",
    "random": bytes(range(256)) * 10,
    "another's": b'{"choices": []}',
    "cut": written(made(), KEY)[:-1],
    "another key's": written(made(), "another"),
    "a newer format's": written(made(), KEY).replace(b"recording-2", b"recording-9"),
    "turned over": written(made(), KEY)[::-1],
}


@pytest.mark.parametrize("words", JUNK)
async def test_what_is_not_an_answer_of_ours_is_a_miss(redis: Redis, words: str) -> None:
    async with opened(redis.url) as cache, Client.from_url(redis.url) as client:
        await client.set(cache._name(KEY, "m"), JUNK[words])
        assert await body_of(cache) is None
        assert (cache.counted["unreadable"], cache.reachable) == (1, True)
        await put(cache, KEY, made())
        assert await body_of(cache) == b"hello"


async def test_what_is_of_another_kind_is_a_miss_too(redis: Redis) -> None:
    async with opened(redis.url) as cache, Client.from_url(redis.url) as client:
        await client.lpush(cache._name(KEY, "m"), "x")
        assert await body_of(cache) is None
