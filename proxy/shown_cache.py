"""What a running sidecar shows of its cache, and what an operator may do with it: never an answer, only what is known of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from proxy.call import Headers, Source
from proxy.server.ops_cache import CacheState

if TYPE_CHECKING:
    from proxy.app import Sidecar
    from proxy.cache.recording import Recording
    from proxy.caching import Caching

#: The cache of all models that have none of their own.
COMMON = "common"
#: What a cache counts -> what is told of it.
COUNTED = ("hits", "misses", "evicted", "expired", "refused")


class Nobody:
    """The client of a call that is only asked about."""

    started = False

    def follow(self, source: Source | None) -> None: ...
    def start(self, status: int, headers: Headers) -> None: ...
    def write(self, data: bytes) -> None: ...
    async def finish(self) -> None: ...


def cache_state(sidecar: Sidecar) -> CacheState:
    return CacheState(
        stats=partial(stats, sidecar),
        find=lambda key: find(sidecar.current.caching, key),
        forget=lambda what, which: forget(sidecar.current.caching, what, which),
        key_of=partial(key_of, sidecar),
    )


def stats(sidecar: Sidecar) -> dict[str, Any]:
    caching = sidecar.current.caching
    found: dict[str, Any] = {"enabled": caching.on, "caches": {}}
    for name, store in caching.stores.items():
        own = store.own
        counts = {word: getattr(own, word) for word in COUNTED}
        bounds = {"entries": [len(own), own.entries], "bytes": [own.bytes, own.most_bytes]}
        found["caches"][name or COMMON] = bounds | counts
    if caching.cache is not None:
        found["in_flight"], found["joined"] = flights(caching)
    if caching.shared is not None:
        found["shared"] = {"reachable": caching.shared.reachable, **caching.shared.counted}
    return found


def find(caching: Caching, key: str) -> Mapping[str, Any] | None:
    for name, store in caching.stores.items():
        recording = store.own.peek(key)
        if recording is not None:
            return {"cache": name or COMMON, **facts(recording)}
    return None


def facts(recording: Recording) -> dict[str, Any]:
    usage = recording.usage
    return {
        "provider": recording.provider,
        "model": recording.model,
        "operation": recording.operation,
        "stream": recording.stream,
        "bytes": recording.size,
        "kept_at": round(recording.kept_at, 3),
        "ttl": recording.ttl,
        "tokens": None if usage is None else usage.total,
    }


async def forget(caching: Caching, what: str, which: str) -> int:
    """How many answers that were, here and in what pods have together."""
    if not caching.stores:
        return 0
    from proxy.cache.bounded import BoundedCache

    ways = {"key": BoundedCache.drop, "model": BoundedCache.drop_model, "all": BoundedCache.drop_all}
    count = sum(int(ways[what](store.own, which)) for store in caching.stores.values())
    if caching.shared is not None:
        count += await caching.shared.forget(what, which)
    return count


async def key_of(sidecar: Sidecar, path: str, headers: Mapping[str, str], body: bytes) -> str | None:
    call = sidecar.gateway.as_call(path, headers, body, Nobody())
    return await sidecar.current.key_of(call)


def add_cache_gauges(sidecar: Sidecar) -> None:
    gauge, count = sidecar.metrics.gauge, sidecar.metrics.count

    def each(read: Any) -> dict[tuple[str, ...], float]:
        return {(name or COMMON,): float(read(store.own)) for name, store in sidecar.current.caching.stores.items()}

    gauge("outrider_cache_entries", "Answers kept.", lambda: each(len), ("cache",))
    gauge("outrider_cache_bytes", "Bytes that they take.", lambda: each(lambda own: own.bytes), ("cache",))
    gauge(
        "outrider_cache_bytes_limit", "Bytes that they may take.", lambda: each(lambda own: own.most_bytes), ("cache",)
    )
    evicted = "Answers that had to go for others, or were too old."
    count("outrider_cache_evicted_total", evicted, lambda: gone(sidecar.current.caching), ("cache", "reason"))
    joined = "Calls that joined one that was in flight."
    count("outrider_single_flight_joined_total", joined, lambda: flights(sidecar.current.caching)[1])
    in_flight = "Calls in flight that others may join."
    gauge("outrider_single_flight_open", in_flight, lambda: flights(sidecar.current.caching)[0])
    shared = "What happened at the cache that pods share."
    count("outrider_cache_shared_total", shared, lambda: of_shared(sidecar.current.caching), ("what",))


def gone(caching: Caching) -> dict[tuple[str, ...], float]:
    return {
        (name or COMMON, word): float(getattr(store.own, word))
        for name, store in caching.stores.items()
        for word in ("evicted", "expired", "refused")
    }


def flights(caching: Caching) -> tuple[int, int]:
    cache = caching.cache
    return (0, 0) if cache is None else (len(cache.flights), cache.joined)


def of_shared(caching: Caching) -> dict[tuple[str, ...], float]:
    counted: Counter[str] = Counter() if caching.shared is None else caching.shared.counted
    return {(word,): float(count) for word, count in counted.items()}
