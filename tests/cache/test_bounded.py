"""What is kept in memory stays inside both its bounds, and what goes is what was used longest ago; nothing too old is told."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.cache.bounded import BoundedCache
from proxy.cache.recording import BESIDES
from tests.cache.recordings import Clock, recorded, sizes

MIB = 1 << 20


def keys_of(cache: BoundedCache) -> list[str]:
    return [key for key, _ in cache.all()]


def weighed(cache: BoundedCache) -> int:
    return sum(recording.weight for _, recording in cache.all())


def put(cache: BoundedCache, clock: Clock, *keys: str, size: int = 10, ttl: float = 60.0) -> None:
    for key in keys:
        assert cache.put(key, recorded(b"x" * size, now=clock.now), ttl)


def test_ten_thousand_answers_never_pass_either_bound() -> None:
    for entries, most in ((1000, MIB), (50, 64 * MIB), (10_000, 300_000)):
        clock = Clock()
        cache = BoundedCache(entries, most, clock)
        for number, size in enumerate(sizes(number_of(entries), 10_000, 60_000)):
            cache.put(f"key {number}", recorded(bytes(size), now=clock.now), 60.0)
            assert len(cache) <= entries
            assert cache.bytes <= most
        assert cache.bytes == weighed(cache) > 0
        assert cache.evicted + len(cache) == 10_000


def number_of(seed: int) -> int:
    return seed * 7 + 1


def test_nor_does_their_memory() -> None:
    """The weight of an answer is what it takes, and nothing of those that went is left."""
    clock, most = Clock(), 4 * MIB
    cache = BoundedCache(10_000, most, clock)
    rounds = sizes(5, 6000, 20_000)
    tracemalloc.start()
    try:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for number, size in enumerate(rounds):
            text = f"answer {number} ".encode()
            cache.put(f"key {number}", recorded(text * (size // len(text) + 1), b"end", now=clock.now), 60.0)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert cache.evicted > 1000
    assert 0.7 * cache.bytes < taken < 1.25 * most


def test_what_was_used_longest_ago_goes_first() -> None:
    clock = Clock()
    cache = BoundedCache(3, MIB, clock)
    put(cache, clock, "a", "b", "c")
    assert cache.find("a") is not None
    assert cache.peek("b") is not None
    put(cache, clock, "d")
    assert keys_of(cache) == ["c", "a", "d"]
    put(cache, clock, "c", "e")
    assert keys_of(cache) == ["d", "c", "e"]
    assert (cache.hits, cache.misses, cache.evicted) == (1, 0, 2)


def test_a_large_one_sends_as_many_away_as_it_needs_room() -> None:
    clock = Clock()
    cache = BoundedCache(100, 10 * (BESIDES + 108), clock)
    put(cache, clock, *"abcdefghij", size=100)
    assert len(cache) == 10
    put(cache, clock, "large", size=3000)
    assert keys_of(cache) == [*"efghij", "large"]
    assert cache.bytes <= cache.most_bytes


def test_what_is_larger_than_all_is_refused_and_sends_nobody_away() -> None:
    clock = Clock()
    cache = BoundedCache(100, 20_000, clock)
    put(cache, clock, "a", "b")
    assert not cache.put("huge", recorded(b"x" * 20_000, now=clock.now), 60.0)
    assert (keys_of(cache), cache.refused) == (["a", "b"], 1)
    assert not cache.put("a", recorded(b"x" * 20_000, now=clock.now), 60.0)
    assert keys_of(cache) == ["b"], "what it would have taken the place of is out of date"


def test_an_answer_is_told_until_its_time_is_over_and_not_a_moment_longer() -> None:
    clock = Clock()
    cache = BoundedCache(10, MIB, clock)
    put(cache, clock, "a", ttl=60.0)
    clock.now += 59.999
    assert cache.find("a") is not None
    clock.now += 0.001
    assert cache.peek("a") is None
    assert cache.find("a") is None
    assert (len(cache), cache.bytes, cache.expired, cache.misses) == (0, 0, 1, 1)


def test_using_it_does_not_make_it_last_longer() -> None:
    clock = Clock()
    cache = BoundedCache(10, MIB, clock)
    put(cache, clock, "a", ttl=60.0)
    for _ in range(6):
        assert cache.find("a") is not None
        clock.now += 10
    assert cache.find("a") is None


def test_a_caller_may_want_a_younger_one_and_leaves_it_to_others() -> None:
    clock = Clock()
    cache = BoundedCache(10, MIB, clock)
    put(cache, clock, "a")
    clock.now += 30
    assert cache.find("a", 29.0) is None
    assert cache.find("a", 30.0) is not None
    assert cache.find("a") is not None


@pytest.mark.parametrize("step", [-1.5, -3600.0, -1e9])
def test_when_the_clock_is_set_back_nobody_knows_how_old_it_is(step: float) -> None:
    clock = Clock()
    cache = BoundedCache(10, MIB, clock)
    put(cache, clock, "a")
    clock.now += step
    assert cache.find("a") is None
    assert len(cache) == 0
    put(cache, clock, "a")
    assert cache.find("a") is not None


@pytest.mark.parametrize("step", [-0.5, 30.0])
def test_a_small_step_of_the_clock_does_no_harm(step: float) -> None:
    clock = Clock()
    cache = BoundedCache(10, MIB, clock)
    put(cache, clock, "a")
    clock.now += step
    assert cache.find("a") is not None


def test_a_clock_that_is_set_forward_ends_all_at_once() -> None:
    clock = Clock()
    cache = BoundedCache(10, MIB, clock)
    put(cache, clock, "a", "b")
    clock.now += 86400 * 365
    assert cache.find("a") is None
    put(cache, clock, "c")
    assert keys_of(cache) == ["c"], "what is too old makes room although nobody asks for it"


def test_it_can_be_made_smaller_and_larger() -> None:
    clock = Clock()
    cache = BoundedCache(10, MIB, clock)
    put(cache, clock, *"abcdef", size=100)
    cache.resize(4, MIB)
    assert keys_of(cache) == [*"cdef"]
    cache.resize(10, 2 * (BESIDES + 108))
    assert keys_of(cache) == ["e", "f"]
    cache.resize(1000, MIB)
    put(cache, clock, *"ghijklmnop")
    assert len(cache) == 12
    assert cache.bytes == weighed(cache)


def test_an_operator_takes_out_one_or_a_models_or_all() -> None:
    clock = Clock()
    cache = BoundedCache(10, MIB, clock)
    for key, provider, model, asked in (
        ("a", "up", "m", "fast"),
        ("b", "up", "n", "fast"),
        ("c", "other", "m", "slow"),
    ):
        cache.put(key, recorded(b"x", now=clock.now, provider=provider, model=model, asked=asked), 60.0)
    assert (cache.drop("a"), cache.drop("a")) == (True, False)
    assert (cache.drop_model("up:m"), cache.drop_model("other:m")) == (0, 1)
    assert (cache.drop_model("fast"), len(cache), cache.bytes) == (1, 0, 0)
    put(cache, clock, "d", "e")
    assert (cache.drop_all(), len(cache), cache.bytes) == (2, 0, 0)


@settings(max_examples=80, deadline=None, database=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(2, 12))
def test_it_does_what_a_simple_one_does(seed: int, entries: int, kilobytes: int) -> None:
    """Against one that is so simple that it must be right."""
    dice, clock, most = random.Random(seed), Clock(), kilobytes * 1000
    cache, simple = BoundedCache(entries, most, clock), OrderedDict[str, tuple[int, float]]()
    for _ in range(60):
        key, act = dice.choice("abcdefgh"), dice.random()
        if act < 0.4:
            weight = BESIDES + 8 + (size := dice.randrange(3000))
            ttl = dice.choice([5.0, 50.0])
            simple.pop(key, None)
            if cache.put(key, recorded(b"x" * size, now=clock.now), ttl):
                for old in [each for each in list(simple)[:4] if simple[each][1] <= clock.now]:
                    if old == next(iter(simple)):
                        del simple[old]
                while len(simple) >= entries or sum(each for each, _ in simple.values()) + weight > most:
                    simple.popitem(last=False)
                simple[key] = weight, clock.now + ttl
        elif act < 0.9:
            found = simple.get(key)
            fresh = found is not None and clock.now < found[1]
            assert (cache.find(key) is not None) == fresh
            if fresh:
                simple.move_to_end(key)
            else:
                simple.pop(key, None)
        else:
            clock.now += dice.choice([1.0, 4.0, 30.0])
        assert keys_of(cache) == list(simple)
        assert cache.bytes == sum(weight for weight, _ in simple.values())
