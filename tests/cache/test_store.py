"""A pod looks in its own memory first, and keeps what it finds elsewhere, but not for long."""

from __future__ import annotations

from typing import Any, cast

from proxy.cache.bounded import BoundedCache
from proxy.cache.recording import Recording
from proxy.cache.shared import SharedCache
from proxy.cache.store import LOCAL, Store
from tests.cache.recordings import Clock, call_to, recorded


class Elsewhere:
    """What pods have together."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Recording] = {}
        self.asked = 0

    async def find(self, key: str, model: str, max_age: float | None, now: float) -> Recording | None:
        self.asked += 1
        return self.kept.get((key, model))

    def put(self, key: str, model: str, recording: Recording) -> None:
        self.kept[key, model] = recording


def store_of(elsewhere: Elsewhere | None, clock: Clock) -> Store:
    return Store(BoundedCache(10, 1 << 20, clock), cast("SharedCache | None", cast(Any, elsewhere)), clock)


async def test_without_others_it_is_the_pods_own_memory() -> None:
    clock = Clock()
    store, call, made = store_of(None, clock), call_to(), recorded(b"x")
    store.keep("key", "alias", made)
    assert not store.fetches
    assert store.find("key", call, None) is made
    assert await store.fetch("key", call, None) is None
    clock.now += made.ttl - 1
    assert store.find("key", call, None) is made
    assert store.find("key", call, 10.0) is None
    clock.now += 1
    assert store.find("key", call, None) is None


async def test_with_others_it_is_told_here_for_a_moment_and_then_asked_for_again() -> None:
    clock, elsewhere = Clock(), Elsewhere()
    store, call, made = store_of(elsewhere, clock), call_to(), recorded(b"x")
    store.keep("key", "alias", made)
    assert store.fetches
    assert elsewhere.kept == {("key", "alias"): made}
    clock.now += LOCAL - 0.1
    assert store.find("key", call, None) is made
    clock.now += 0.1
    assert store.find("key", call, None) is None
    assert await store.fetch("key", call, None) is made
    assert store.find("key", call, None) is made
    clock.now += LOCAL
    assert store.find("key", call, None) is None


async def test_what_another_pod_has_kept_does_not_last_longer_here_than_there() -> None:
    clock, elsewhere = Clock(), Elsewhere()
    store, call, made = store_of(elsewhere, clock), call_to(), recorded(b"x", ttl=60.0)
    elsewhere.kept["key", "alias"] = made
    clock.now += 58.0
    assert await store.fetch("key", call, None) is made
    assert store.find("key", call, None) is made
    clock.now += 2.0
    assert store.find("key", call, None) is None


async def test_what_is_asked_for_by_another_name_lies_elsewhere() -> None:
    store = store_of(elsewhere := Elsewhere(), Clock())
    elsewhere.kept["key", "other"] = recorded(b"x")
    assert await store.fetch("key", call_to(), None) is None
    assert elsewhere.asked == 1
