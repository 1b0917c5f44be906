"""Where a pod keeps answers: in its own memory, and beside it in what pods have together, if there is such a thing.

What other pods have kept is looked for only where this one has nothing, and is then kept here too, but not for long: an answer
that is taken back elsewhere is not told here much longer.
"""

from __future__ import annotations

from collections.abc import Callable

from proxy.cache.bounded import BoundedCache
from proxy.cache.recording import Recording
from proxy.cache.shared import SharedCache
from proxy.call import Call

#: Seconds for which an answer that pods have together is told without asking for it again.
LOCAL = 5.0


class Store:
    """A store of the cache policy: `own` is this pod's, `shared` what pods have together."""

    def __init__(self, own: BoundedCache, shared: SharedCache | None, wall: Callable[[], float]) -> None:
        self.own = own
        self.shared = shared
        self.fetches = shared is not None
        self._wall = wall

    def find(self, key: str, call: Call, max_age: float | None) -> Recording | None:
        return self.own.find(key, max_age)

    async def fetch(self, key: str, call: Call, max_age: float | None) -> Recording | None:
        if self.shared is None:
            return None
        found = await self.shared.find(key, call.model, max_age, self._wall())
        if found is not None:
            self.own.put(key, found, self._here(found))
        return found

    def keep(self, key: str, model: str, recording: Recording) -> None:
        """`model` is what was asked for."""
        self.own.put(key, recording, recording.ttl if self.shared is None else self._here(recording))
        if self.shared is not None:
            self.shared.put(key, model, recording)

    def _here(self, recording: Recording) -> float:
        """Until when it is kept in memory, as seconds since it was made."""
        return min(recording.ttl, recording.age(self._wall()) + LOCAL)
