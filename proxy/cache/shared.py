"""The cache that pods have together, in a Redis or Valkey, over aiocache's backend for it. Whatever goes wrong there is a miss.

A store that is gone or slow is left alone for a while, so that no call waits for it twice; what it gives is checked, and what
does not hold is passed over. Keys are hashes, but answers lie there as they are: who may read the store may read them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from hashlib import blake2b
from typing import Any

from proxy.cache.recording import Recording, read, written
from proxy.redis_client import connect

#: Seconds for which a store that failed is left alone, the first time and the longest.
AWAY = (0.5, 15.0)
#: Writes on their way at once; further ones are left out.
WRITES = 64
#: Questions at once; the connections are no more.
AT_ONCE = 32
#: Keys that are looked through and deleted at a time.
SCANNED = 500
LONGEST_FAULT = 200
#: What is said of a store that can no longer be read, or written, and when it can again.
SAID: Mapping[str, tuple[str, str]] = {
    "read": ("the shared cache is gone: this pod keeps its own answers", "the shared cache is there again"),
    "written": ("the shared cache takes nothing: what it has is still told", "the shared cache takes answers again"),
}
log = logging.getLogger("outrider")


class Standing:
    """Whether the store is asked: after a failure not for a while, and longer each time. `gone` is said once, and `back`."""

    def __init__(self, time: Callable[[], float], gone: str, back: str) -> None:
        self._time = time
        self._gone, self._back = gone, back
        self._until = 0.0
        self._pause = AWAY[0]
        self.good = True

    @property
    def away(self) -> bool:
        return self._time() < self._until

    def failed(self, fault: str) -> None:
        self._until = self._time() + self._pause
        self._pause = min(self._pause * 2, AWAY[1])
        if self.good:
            self.good = False
            said = "".join(filter(str.isprintable, fault))[:LONGEST_FAULT]
            log.warning(self._gone, extra={"fault": said})

    def answered(self) -> None:
        self._pause = AWAY[0]
        if not self.good:
            self.good = True
            log.info(self._back)


class SharedCache:
    """`find`, `put` in the background, `forget`; none of them raises, and no question to the store takes longer than `timeout`.

    `counted`: what happened, by word: hits, misses, errors, slow, unreadable, stored, left_out. A store that answers and takes
    nothing, such as a replica, is still read.
    """

    def __init__(
        self,
        url: str,
        prefix: str,
        timeout: float,
        username: str | None,
        password: str | None,
        time: Callable[[], float],
    ) -> None:
        """Raises RedisMissing."""
        self._backend, self._faults = backend_of(url, username, password, timeout)
        self._prefix = f"{{{prefix}}}:cache:"
        self._timeout = timeout
        self._time = time
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._reads = Standing(time, *SAID["read"])
        self._writes = Standing(time, *SAID["written"])
        self._tasks: set[asyncio.Task[None]] = set()
        self.counted: Counter[str] = Counter()

    @property
    def reachable(self) -> bool:
        return self._reads.good

    @property
    def writing(self) -> tuple[int, int]:
        """Writes on their way, and how many there may be."""
        return len(self._tasks), WRITES

    async def find(self, key: str, model: str, max_age: float | None, now: float) -> Recording | None:
        """`model` is what the call asks for, as a part of where it lies; `now` in seconds since the epoch."""
        data = await self._asked(self._backend.get(self._name(key, model)), self._reads)
        if data is None:
            self.counted["misses"] += 1
            return None
        try:
            found = read(data, key, self._time)
        except (ValueError, KeyError, TypeError, OverflowError):
            found = None
        if found is None:
            self.counted["unreadable"] += 1
            return None
        if not found.kept_at - 60 <= now < found.kept_at + found.ttl or (
            max_age is not None and found.age(now) > max_age
        ):
            self.counted["misses"] += 1
            return None
        self.counted["hits"] += 1
        return found

    def put(self, key: str, model: str, recording: Recording) -> None:
        """In the background; what is too much at once is left out."""
        if len(self._tasks) >= WRITES or self._reads.away or self._writes.away:
            self.counted["left_out"] += 1
            return
        task = asyncio.get_running_loop().create_task(self._put(key, model, recording))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def forget(self, what: str, which: str) -> int:
        """All answers under a `key`, of a `model` as it is asked for, or `all`; how many there were."""
        patterns = {"key": f"*:{escaped(which)}", "model": f"{label(which)}:*", "all": "*"}
        return await self._drop_all(self._prefix + patterns[what])

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._backend.client.aclose()

    def _name(self, key: str, model: str) -> str:
        return f"{self._prefix}{label(model)}:{key}"

    async def _put(self, key: str, model: str, recording: Recording) -> None:
        # aiocache takes a fraction for milliseconds.
        ttl = max(float(recording.ttl), 0.001)
        question = self._backend.set(self._name(key, model), written(recording, key), ttl=ttl)
        if await self._asked(question, self._writes) is not None:
            self.counted["stored"] += 1

    async def _drop_all(self, pattern: str) -> int:
        count, cursor = 0, 0
        while True:
            reply = await self._asked(self._backend.client.scan(cursor, match=pattern, count=SCANNED), self._reads)
            if reply is None:
                return count
            cursor, keys = int(reply[0]), reply[1]
            if keys:
                count += int(await self._asked(self._backend.client.unlink(*keys), self._writes) or 0)
            if not cursor:
                return count

    async def _asked(self, question: Coroutine[Any, Any, Any], standing: Standing) -> Any:
        """None where the store is away, fails, or takes too long; it is then left alone for a while."""
        try:
            if standing.away:
                return None
            async with asyncio.timeout(self._timeout), self._turns:
                reply = await question
        except TimeoutError:
            self.counted["slow"] += 1
            standing.failed(f"no answer in {self._timeout:g} s")
        except self._faults as fault:
            self.counted["errors"] += 1
            standing.failed(f"{type(fault).__name__}: {fault}")
        else:
            standing.answered()
            return reply
        finally:
            question.close()
        return None


def escaped(text: str) -> str:
    """As a pattern that means nothing but itself."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text if letter != "\\")


def label(model: str) -> str:
    """A model's name as a part of a key: names are the callers' to write, and patterns are not to match them."""
    return blake2b(model.encode(), digest_size=8).hexdigest()


def backend_of(
    url: str, username: str | None, password: str | None, timeout: float
) -> tuple[Any, tuple[type[Exception], ...]]:
    """aiocache's backend around a client of ours, which knows TLS, users and sockets; and what it raises. Raises RedisMissing."""
    client, faults = connect(url, timeout, username, password)
    from aiocache.backends.redis import RedisBackend  # type: ignore[import-untyped]
    from aiocache.serializers import NullSerializer  # type: ignore[import-untyped]

    backend = RedisBackend(serializer=NullSerializer(encoding=None), timeout=0)
    backend.client = client
    return backend, faults
