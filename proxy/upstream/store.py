"""What pods keep together in a Redis or Valkey: how much of each limit is leased, and which pods there are.

Two scripts, each one round trip, each atomic, on the store's own clock, so that the clocks of pods need not agree. Whatever goes
wrong there is one exception, StoreError: gone, slow, full, moved, no password, or an answer that is none.

Sources: https://redis.io/docs/latest/commands/eval/, https://redis.io/docs/latest/develop/programmability/eval-intro/.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from proxy.redis_client import connect

#: A period has so many slots; what is leased within one comes back together.
SLOTS = 64
SHORTEST_SLOT_MS = 50
#: Seconds without a beat after which a pod is no longer counted.
ALIVE = 30.0
MOST_PODS = 1_000_000
AT_ONCE = 8
LONGEST_FAULT = 200

#: KEYS: a hash, slot -> leased in it; the pods. ARGV: asked, spent, limit, period and slot width in ms, then slot and amount
#: of each return.
LEASE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local asked, spent, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local period, width = tonumber(ARGV[4]), tonumber(ARGV[5])
local slot = math.floor(now / width)
local whole = function(number) return string.format('%.0f', number) end
for at = 6, #ARGV, 2 do
  local had = tonumber(redis.call('HGET', KEYS[1], ARGV[at]) or '0')
  if had > 0 then redis.call('HSET', KEYS[1], ARGV[at], whole(math.max(0, had - ARGV[at + 1]))) end
end
if spent > 0 then redis.call('HINCRBY', KEYS[1], whole(slot), whole(spent)) end
local used, soonest, all = 0, nil, redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  local free = (all[at] + 2) * width + period
  local amount = tonumber(all[at + 1])
  if free <= now or all[at] - slot > 1 then
    redis.call('HDEL', KEYS[1], all[at])
  else
    used = used + amount
    if amount > 0 and (soonest == nil or free < soonest) then soonest = free end
  end
end
local granted = math.max(0, math.min(asked, limit - used))
if granted > 0 then redis.call('HINCRBY', KEYS[1], whole(slot), whole(granted)) end
if granted > 0 and soonest == nil then soonest = (slot + 2) * width + period end
redis.call('PEXPIRE', KEYS[1], period + 3 * width)
return {granted, slot, soonest and math.max(0, soonest - now) or 0, math.max(0, limit - used - granted),
  math.max(1, redis.call('ZCARD', KEYS[2]))}
"""

#: KEYS: a sorted set of pods. ARGV: the pod, ms after which one is gone. Returns whether it was unknown, and how many there are.
BEAT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
local new = redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2] * 2)
return {new, redis.call('ZCARD', KEYS[1])}
"""


class StoreError(Exception):
    """The store did not answer as it should. The text is fit for a log."""


class Granted(NamedTuple):
    """`amount` is what was leased of what was asked, in `slot`, and `left` what there is still.

    `wait`: seconds after which the first of what is leased comes back; `pods`: how many share.
    """

    amount: int
    slot: int
    wait: float
    left: int
    pods: int


class Ask(NamedTuple):
    """`back`: what is returned, by the slot it was leased in; `spent`: what was used without a lease."""

    name: str
    limit: int
    period: float
    asked: int
    spent: int
    back: Mapping[int, int]


class Store(Protocol):
    async def lease(self, ask: Ask) -> Granted: ...
    async def beat(self, pod: str) -> tuple[bool, int]: ...
    async def close(self) -> None: ...


def slot_ms(period: float) -> int:
    """The width of a slot, and how long a lease is good for: a lease that is used to its end is in its slot or the next."""
    return max(round(period * 1000 / SLOTS), SHORTEST_SLOT_MS)


class RedisStore:
    """A Store. `url` without a password; `timeout` in seconds, for connecting and for each answer."""

    def __init__(
        self, url: str, prefix: str, timeout: float, username: str | None = None, password: str | None = None
    ) -> None:
        """Raises RedisMissing."""
        self._client, self._faults = connect(url, timeout, username, password)
        self._lease = self._client.register_script(LEASE)
        self._beat = self._client.register_script(BEAT)
        #: In a cluster, what stands in braces decides where a key is: scripts want all of theirs in one place.
        self._prefix = f"{{{prefix}}}"
        self._timeout = timeout
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def lease(self, ask: Ask) -> Granted:
        """Raises StoreError."""
        numbers = [ask.asked, ask.spent, ask.limit, round(ask.period * 1000), slot_ms(ask.period)]
        returns = [number for pair in ask.back.items() for number in pair]
        keys = [f"{self._prefix}:lease:{ask.name}", f"{self._prefix}:pods"]
        reply = await self._run(self._lease, keys, [*numbers, *returns])
        match reply:
            case [int(granted), int(slot), int(wait), int(left), int(pods)] if (
                0 <= granted <= ask.asked
                and slot >= 0
                and wait >= 0
                and 0 <= left <= ask.limit
                and 1 <= pods <= MOST_PODS
            ):
                return Granted(granted, slot, min(wait / 1000, ask.period * 2), left, pods)
        raise StoreError("its answer makes no sense")

    async def beat(self, pod: str) -> tuple[bool, int]:
        """Tell that this pod is there: whether the store had not known it, and how many there are. Raises StoreError."""
        reply = await self._run(self._beat, [f"{self._prefix}:pods"], [pod, round(ALIVE * 1000)])
        match reply:
            case [0 | 1 as new, int(pods)] if 1 <= pods <= MOST_PODS:
                return bool(new), pods
        raise StoreError("its answer makes no sense")

    async def close(self) -> None:
        await self._client.aclose()

    async def _run(
        self, script: Callable[..., Awaitable[Any]], keys: Sequence[str], numbers: Sequence[int | str]
    ) -> Any:
        try:
            async with self._turns, asyncio.timeout(self._timeout * 3):
                return await script(keys=keys, args=numbers)
        except self._faults as fault:
            await self._client.connection_pool.disconnect()
            said = "".join(filter(str.isprintable, str(fault)[:LONGEST_FAULT]))
            raise StoreError(f"{type(fault).__name__}: {said}") from None
