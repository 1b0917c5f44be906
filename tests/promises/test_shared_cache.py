"""Pods that have their answers together: found by all, and whatever becomes of the store, calls go on and no answer is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis as Client

from tests.promises.caching import FIXED, Counting, joined, read
from tests.promises.caller import Answer, chat, until
from tests.promises.sidecars import InLoop, openai_like, process, sidecar
from tests.promises.upstream import Provider
from tests.upstream.redis import Redis, free_port, needs_redis

TIMEOUT = 0.3
CACHE = {"enabled": True, "shared": True, "streams": "store"}
pytestmark = needs_redis


@asynccontextmanager
async def pods(
    path: Path, redis: Redis, provider: Provider, count: int = 2, **more: Any
) -> AsyncIterator[list[InLoop]]:
    """Sidecars that share."""
    if not count:
        yield []
        return
    own = path / str(count)
    own.mkdir()
    sharing = {"redis": redis.url, "timeout": TIMEOUT}
    async with (
        sidecar(own, {"up": openai_like(provider.url)}, **{"cache": CACHE, "sharing": sharing, **more}) as one,
        pods(path, redis, provider, count - 1, **more) as others,
    ):
        yield [one, *others]


def shared(pod: InLoop) -> Any:
    return pod.sidecar.current.caching.shared


async def ask(pod: InLoop, text: str = "hello", **more: Any) -> Answer:
    """One call, and all that is written because of it."""
    found = await pod.ask(chat(text=text, **FIXED, **more))
    assert found.status == 200, (found, pod.log())
    await read(pod)
    await until(lambda: not shared(pod).writing[0])
    return found


async def logged(pod: InLoop, words: str) -> None:
    """Lines are written a little later, and each of these once."""
    await until(lambda: words in pod.log())


def word(answer: Answer) -> str:
    return answer.headers["x-outrider-cache"]


@pytest.mark.parametrize("stream", [False, True])
async def test_what_one_pod_was_told_another_tells_to_the_byte(tmp_path: Path, redis: Redis, stream: bool) -> None:
    answer = Counting()
    async with Provider(answer) as provider, pods(tmp_path, redis, provider) as [one, other]:
        first, second = await ask(one, stream=stream), await ask(other, stream=stream)
        assert (word(first), word(second), answer.asked) == ("miss", "hit", 1)
        assert first.body == second.body
        assert second.headers["x-outrider-cost"] == "0"
        assert await other.counted("outrider_cache_saved_tokens_total") == 150
        third = await ask(other, stream=stream)
        assert (word(third), third.body) == ("hit", first.body)
        assert shared(other).counted["hits"] == 1, "for a moment it is told from memory"


async def test_other_pods_and_others_namespaces_have_their_own(tmp_path: Path, redis: Redis) -> None:
    answer = Counting()
    async with Provider(answer) as provider:
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        async with (
            pods(tmp_path / "a", redis, provider, 1) as [one],
            pods(tmp_path / "b", redis, provider, 1, cache=CACHE | {"namespace": "theirs"}) as [other],
        ):
            assert [word(await ask(pod)) for pod in (one, other)] == ["miss", "miss"]


async def test_it_is_gone_in_time_in_all_pods(tmp_path: Path, redis: Redis) -> None:
    answer = Counting()
    async with Provider(answer) as provider, pods(tmp_path, redis, provider) as [one, other]:
        await ask(one, cache={"ttl": 0.4})
        assert word(await ask(other)) == "hit"
        await asyncio.sleep(0.45)
        assert redis.say("KEYS *:cache:*") == b"*0\r\n"
        assert word(await ask(other)) == "miss"


async def test_many_who_ask_two_pods_at_once_look_there_once_each(tmp_path: Path, redis: Redis) -> None:
    answer = Counting()
    async with Provider(answer) as provider, pods(tmp_path, redis, provider) as [one, other]:
        await ask(one)
        callers = [await other.caller() for _ in range(30)]
        for caller in callers:
            caller.post(chat(**FIXED))
        heard = [await caller.answer() for caller in callers]
        assert len({each.body for each in heard}) == 1
        assert (answer.asked, shared(other).counted["hits"]) == (1, 1)


JUNK = {"nothing": b"", "random": bytes(range(256)), "foreign": b'{"choices":[]}', "half": None, "another's": None}


@pytest.mark.parametrize("junk", JUNK)
async def test_what_does_not_hold_there_is_never_told(tmp_path: Path, redis: Redis, junk: str) -> None:
    answer = Counting()
    async with (
        Provider(answer) as provider,
        pods(tmp_path, redis, provider) as [one, other],
        Client.from_url(redis.url) as client,
    ):
        await ask(one, "right")
        await ask(one, "wrong")
        names = sorted(await client.keys("*:cache:*"))
        assert len(names) == 2
        values: list[Any] = [await client.get(name) for name in names]
        data = {"half": values[0][: len(values[0]) // 2], "another's": None}.get(junk, JUNK[junk])
        for name, value in zip(names, reversed(values), strict=True):
            await client.set(name, value if data is None else data)
        found = await ask(other, "right")
        assert (word(found), found.json["choices"][0]["message"]["content"]) == ("miss", "answer 3")
        assert shared(other).counted["unreadable"] == 1


async def test_killed_and_started_again_in_the_midst_of_traffic(tmp_path: Path, redis: Redis) -> None:
    answer, asked = Counting(), dict[str, bytes]()
    async with Provider(answer) as provider, pods(tmp_path, redis, provider) as both:
        stop = False

        async def traffic(pod: InLoop, number: int) -> int:
            count = 0
            while not stop:
                text = f"{number} {count}"
                for again in both:
                    began = time.monotonic()
                    found = await again.ask(chat(text=text, **FIXED))
                    assert time.monotonic() - began < TIMEOUT + 3
                    assert found.status == 200
                    if word(found) == "hit":
                        assert found.body == asked[text]
                    asked[text] = found.body
                count += 1
                await asyncio.sleep(0.01)
            return count

        tasks = [asyncio.ensure_future(traffic(pod, number)) for number, pod in enumerate(both * 2)]
        for _ in range(2):
            await asyncio.sleep(0.3)
            redis.kill()
            await asyncio.sleep(0.3)
            redis.start()
        await until(lambda: all(shared(pod).reachable for pod in both))
        stop = True
        assert min(await asyncio.gather(*tasks)) > 1
        # A process has one log, which is the last one's.
        await logged(both[1], "the shared cache is gone")
        await logged(both[1], "the shared cache is there again")


async def test_a_frozen_store_delays_one_call_and_no_more(tmp_path: Path, redis: Redis) -> None:
    answer = Counting()
    async with Provider(answer) as provider, pods(tmp_path, redis, provider) as [one, other]:
        await ask(one, "kept")
        redis.freeze()
        try:
            began = time.monotonic()
            assert word(await ask(other, "kept")) == "miss"
            assert TIMEOUT * 0.9 <= time.monotonic() - began < TIMEOUT + 0.5
            began = time.monotonic()
            for number in range(10):
                assert word(await ask(other, f"new {number}")) == "miss"
            assert time.monotonic() - began < TIMEOUT + 0.5, "it is left alone for a while"
            assert word(await ask(other, "kept")) == "hit"
        finally:
            redis.thaw()
        await asyncio.sleep(0.6)
        await ask(other, "new again")
        assert shared(other).reachable
        await logged(other, "the shared cache is there again")


async def test_who_joins_while_the_store_is_slow_waits_for_it_no_second_time(tmp_path: Path, redis: Redis) -> None:
    async with Provider(Counting()) as provider, pods(tmp_path, redis, provider, 1) as [pod]:
        redis.freeze()
        try:
            callers = [await pod.caller() for _ in range(20)]
            began = time.monotonic()
            for caller in callers:
                caller.post(chat(**FIXED))
            await joined(pod, 19)
            heard = [await caller.answer() for caller in callers]
            assert time.monotonic() - began < TIMEOUT + 0.7
            assert sorted(map(word, heard)) == ["miss"] + ["shared"] * 19
        finally:
            redis.thaw()


async def test_a_read_only_store_is_read(tmp_path: Path, redis: Redis) -> None:
    async with Provider(Counting()) as provider, pods(tmp_path, redis, provider) as [one, other]:
        await ask(one, "kept")
        redis.say("CONFIG SET replica-serve-stale-data yes")
        redis.say("REPLICAOF 127.0.0.1 1")
        assert word(await ask(other, "new")) == "miss"
        assert word(await ask(other, "kept")) == "hit"
        await logged(other, "the shared cache takes nothing")
        assert shared(other).reachable


async def test_a_wrong_password_is_said_without_it(tmp_path: Path, redis: Redis) -> None:
    redis.say("CONFIG SET requirepass right")
    sharing = {"redis": redis.url, "timeout": TIMEOUT, "password": "wrong-canary-password"}
    async with Provider(Counting()) as provider, pods(tmp_path, redis, provider, 1, sharing=sharing) as [pod]:
        assert [word(await ask(pod)) for _ in range(2)] == ["miss", "hit"]
        await logged(pod, "the shared cache is gone")
        assert "canary" not in pod.log()


async def test_a_store_that_does_not_answer_at_the_start(tmp_path: Path) -> None:
    """The sidecar starts, says so once somebody asks, runs on its own memory, and ends as ever."""
    answer = Counting()
    sharing = {"redis": f"redis://127.0.0.1:{free_port()}/0", "timeout": TIMEOUT}
    async with Provider(answer) as provider:
        up = {"up": openai_like(provider.url)}
        async with process(tmp_path, up, cache=CACHE, sharing=sharing) as running:
            found = [word(await running.ask(chat(**FIXED))) for _ in range(3)]
            assert (found, answer.asked) == (["miss", "hit", "hit"], 1)
            running.stop()
            assert await running.ended() == 0
            assert running.log().count("the shared cache is gone") == 1
