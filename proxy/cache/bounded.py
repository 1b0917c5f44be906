"""aiocache's memory with the two bounds that it lacks: so many entries, and so many bytes. What was used longest ago goes first.

No timer for each key: what is too old is found out when it is asked for, or goes as what is used longest ago. Beside aiocache's
own way in there is one that does not wait, `find` and `put`: what is in memory is there, and a task switch costs more than it.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from proxy.cache.recording import Recording

if TYPE_CHECKING:
    from aiocache.backends.memory import SimpleMemoryBackend  # type: ignore[import-untyped]
    from aiocache.serializers import NullSerializer  # type: ignore[import-untyped]
else:
    # aiocache imports redis where that is installed, which takes 20 MB; here nobody needs it.
    hidden = {name: sys.modules.get(name) for name in ("redis", "aiomcache")}
    sys.modules.update(dict.fromkeys(hidden))
    try:
        from aiocache.backends.memory import SimpleMemoryBackend
        from aiocache.serializers import NullSerializer
    finally:
        for name, module in hidden.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module

#: Seconds that an entry without a ttl is kept.
USUAL = 300.0
#: Of those used longest ago, so many are looked at for their age whenever one is put.
SWEPT = 4


class Entry(NamedTuple):
    recording: Recording
    until: float
    weight: int


class BoundedCache(SimpleMemoryBackend):  # type: ignore[misc]
    """`wall` tells seconds since the epoch. Counts: `hits`, `misses`, `evicted` for room, `expired`, `refused` for size."""

    _cache: OrderedDict[str, Entry]

    def __init__(self, entries: int, most_bytes: int, wall: Callable[[], float]) -> None:
        super().__init__(timeout=0, serializer=NullSerializer(encoding=None))
        self._cache = OrderedDict()
        self._wall = wall
        self.entries = entries
        self.most_bytes = most_bytes
        self.bytes = 0
        self.hits = self.misses = self.evicted = self.expired = self.refused = 0

    def __len__(self) -> int:
        return len(self._cache)

    def find(self, key: str, max_age: float | None = None) -> Recording | None:
        """What is kept under a key and is not too old."""
        entry = self._cache.get(key)
        if entry is None:
            self.misses += 1
            return None
        recording, now = entry.recording, self._wall()
        if not recording.kept_at - 1 <= now < entry.until:
            # Kept after now: the clock was set back, and how old it is cannot be told.
            self.drop(key)
            self.expired += 1
            self.misses += 1
            return None
        if max_age is not None and recording.age(now) > max_age:
            self.misses += 1
            return None
        self._cache.move_to_end(key)
        self.hits += 1
        return recording

    def put(self, key: str, recording: Recording, ttl: float) -> bool:
        """Keep it, at the cost of others. False where it is larger than all of them may be together."""
        cache = self._cache
        if key in cache:
            self.drop(key)
        recording.pack()
        weight = recording.weight
        if weight > self.most_bytes:
            self.refused += 1
            return False
        oldest = next(iter(cache), None)
        if oldest is not None and cache[oldest].until <= self._wall():
            self._sweep()
        while cache and (len(cache) >= self.entries or self.bytes + weight > self.most_bytes):
            self.bytes -= cache.popitem(last=False)[1][2]
            self.evicted += 1
        cache[key] = Entry(recording, recording.kept_at + ttl, weight)
        self.bytes += weight
        return True

    def drop_model(self, name: str) -> int:
        """Everything that this model answered, as it was asked for or as `provider:model`; and how many that were."""
        found = [
            key for key, recording in self.all() if name in (recording.asked, f"{recording.provider}:{recording.model}")
        ]
        return sum(map(self.drop, found))

    def drop_all(self, _: str = "") -> int:
        count = len(self._cache)
        self._cache.clear()
        self.bytes = 0
        return count

    def resize(self, entries: int, most_bytes: int) -> None:
        self.entries, self.most_bytes = entries, most_bytes
        while self._cache and (len(self._cache) > entries or self.bytes > most_bytes):
            self.drop(next(iter(self._cache)))
            self.evicted += 1

    def all(self) -> Iterator[tuple[str, Recording]]:
        """Key and answer, those used longest ago first."""
        return ((key, entry.recording) for key, entry in self._cache.items())

    def peek(self, key: str) -> Recording | None:
        """The same as `find`, but for an operator: it is not counted, and does not make it younger."""
        entry = self._cache.get(key)
        return entry.recording if entry is not None and self._wall() < entry.until else None

    def _sweep(self) -> None:
        now = self._wall()
        for _ in range(SWEPT):
            oldest = next(iter(self._cache), None)
            if oldest is None or now < self._cache[oldest].until:
                return
            self.drop(oldest)
            self.expired += 1

    def drop(self, key: str) -> bool:
        """Whether there was one."""
        entry = self._cache.pop(key, None)
        if entry is None:
            return False
        self.bytes -= entry.weight
        return True

    # ---- aiocache's own way in

    async def _get(self, key: str, encoding: str | None = "utf-8", _conn: Any = None) -> Recording | None:
        return self.find(key)

    async def _multi_get(self, keys: list[str], encoding: str | None = "utf-8", _conn: Any = None) -> list[Any]:
        return [self.find(key) for key in keys]

    async def _set(
        self, key: str, value: Recording, ttl: float | None = None, _cas_token: Any = None, _conn: Any = None
    ) -> bool:
        value.kept_at = value.kept_at or self._wall()
        return self.put(key, value, ttl or USUAL)

    async def _exists(self, key: str, _conn: Any = None) -> bool:
        return self.peek(key) is not None

    async def _delete(self, key: str, _conn: Any = None) -> int:
        return int(self.drop(key))

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        for key in [key for key in self._cache if key.startswith(namespace or "")]:
            self.drop(key)
        return True
