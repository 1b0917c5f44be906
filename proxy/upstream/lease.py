"""What a pod may use of one limit that all pods have together: leased ahead of use, so that no call waits for the store.

A lease is asked for in the background when half of the last one is used, and returned when its time is over. Without one a
little may be used at once, and is told with the next question: so much is kept free for all pods that the limit holds. What the
amounts are of (requests, tokens, money in some unit) is not known here. Times are those of the event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Protocol

from proxy.upstream.store import Ask, Granted, slot_ms

#: A lease is this part of what one pod has of a limit.
PART = 16
#: This part of a limit is kept free for what all pods use before they have a lease.
FREE = 32
#: Seconds after which is looked again where nothing better is known.
LOOK = 0.1

Taken = list[tuple[int, int]]


class Lessor(Protocol):
    """Who asks the store. `lease` gives None where the store is gone; `start` runs something in the background."""

    reachable: bool
    pods: int
    lost: int
    time: Callable[[], float]

    @property
    def live(self) -> bool: ...
    async def lease(self, ask: Ask) -> Granted | None: ...
    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]: ...


class Part:
    """What is left of one grant, the slot it is counted in, and until when it may be used."""

    __slots__ = ("left", "slot", "until")

    def __init__(self, slot: int, left: int, until: float) -> None:
        self.slot = slot
        self.left = left
        self.until = until


class Lease:
    """One limit, shared. `wake` is called when there may be more than was said, `changed` when the store comes back.

    early: whether a little may be used before the store has answered. All pods that share a limit say the same.
    """

    def __init__(self, name: str, limit: int, period: float, shares: Lessor) -> None:
        self.name = name
        self.limit = limit
        self.period = period
        self.term = slot_ms(period) / 1000
        self.early = True
        self.wake: Callable[[], None] = _nobody
        self.changed: Callable[[float], object] = _nothing
        self._shares = shares
        self._parts: deque[Part] = deque()
        self._spent = self._sent = 0
        self._back: dict[int, int] = {}
        self._look_at = self._more_at = 0.0
        self._heard: tuple[int, int] | None = None
        self._short = False
        self._asking: asyncio.Task[None] | None = None

    @property
    def live(self) -> bool:
        """Whether leases are to be had at all."""
        return self._shares.live

    @property
    def reachable(self) -> bool:
        """Whether the store can be told what is spent."""
        return self._shares.reachable

    @property
    def pods(self) -> int:
        """How many share, as last known; at least this one."""
        return self._shares.pods

    @property
    def lost(self) -> int:
        """How often the store has forgotten everything."""
        return self._shares.lost

    @property
    def share(self) -> float:
        """How much of the limit all pods have leased or used, as last heard; what lies idle here is not counted."""
        if self._heard is None:
            return 0.0
        left, limit = self._heard
        return max(limit - left - sum(part.left for part in self._parts), 0) / limit

    def take(self, amount: int, now: float) -> Taken | float:
        """`amount` by slots, or the seconds after which to ask again. Never more than `limit`."""
        self._expire(now)
        left = sum(part.left for part in self._parts)
        early = left < amount and not self._short and self._spent + self._sent + amount <= self._free()
        if early:
            self._spent += amount
        if left - amount < self._size() / 2:
            self._renew(max(0 if early else amount, self._size()), now)
        if early:
            return []
        return self._draw(amount) if left >= amount else max(min(self._look_at, self._more_at) - now, LOOK)

    def wait(self, amount: int, now: float) -> float:
        """Seconds until the store has `amount`, as far as it has said."""
        self._expire(now)
        return 0.0 if sum(part.left for part in self._parts) >= amount else max(self._more_at - now, 0.0)

    def give_back(self, taken: Taken, amount: int) -> None:
        """`amount` of what was `taken` was not used."""
        for slot, some in reversed(taken):
            returned = min(some, amount)
            if returned:
                self._return(slot, returned)
                amount -= returned
        self._spent = max(0, self._spent - amount)

    def spend(self, amount: int) -> None:
        """`amount` is used, lease or not: the store is told with the next question."""
        self._spent += amount
        if self._spent >= self._size() or not self.live:
            self._renew(0, self._shares.time())

    def drop(self) -> None:
        """What was leased is not to be used any more, and what was to be told of it has been forgotten."""
        self._parts.clear()
        self._back.clear()
        self._spent, self._short = 0, True
        self._heard = None

    def _size(self) -> int:
        return max(1, self.limit // (PART * self.pods))

    def _free(self) -> int:
        """What this pod may use before it is answered; where it is nothing, nothing is kept free either."""
        return self.limit // (FREE * self.pods) if self.early else 0

    def _draw(self, lacking: int) -> Taken:
        taken = []
        for part in self._parts:
            some = min(part.left, lacking)
            part.left -= some
            lacking -= some
            taken.append((part.slot, some))
        return [(slot, some) for slot, some in taken if some]

    def _return(self, slot: int, amount: int) -> None:
        for part in self._parts:
            if part.slot == slot:
                part.left += amount
                return
        self._back[slot] = self._back.get(slot, 0) + amount
        if sum(self._back.values()) >= self._size():
            self._renew(0, self._shares.time())

    def _expire(self, now: float) -> None:
        while self._parts and self._parts[0].until <= now:
            part = self._parts.popleft()
            if part.left:
                self._back[part.slot] = self._back.get(part.slot, 0) + part.left

    def _renew(self, amount: int, now: float) -> None:
        if self._asking is None and self.reachable and (now >= self._look_at or self._back or self._spent):
            self._asking = self._shares.start(self._ask(min(amount, self.limit)))

    async def _ask(self, asked: int) -> None:
        back, self._back = self._back, {}
        self._sent, self._spent = self._spent, 0
        began, limit = self._shares.time(), self.limit - self._free() * self.pods
        try:
            ask = Ask(self.name, max(limit, 1), self.period, asked, self._sent, back)
            granted = await self._shares.lease(ask)
        finally:
            self._asking = None
        if granted is None:
            self._spent += self._sent
            self._short = True
        else:
            self._heard = granted.left, ask.limit
            self._grant(granted, asked, began)
        self._sent = 0
        self.wake()

    def _grant(self, granted: Granted, asked: int, began: float) -> None:
        """It is good from when it was asked for: the store has counted it no sooner. What is left of it then is returned."""
        now = self._shares.time()
        if granted.amount:
            until = began + self.term
            self._parts.append(Part(granted.slot, granted.amount, until))
            asyncio.get_running_loop().call_later(max(until - now, 0.0), self._return_unused)
        self._short = not granted.left or not self.live
        if asked:
            self._more_at = now + max(granted.wait, LOOK) if granted.amount < asked else 0.0
            self._look_at = min(self._more_at, now + max(self.term, LOOK))

    def _return_unused(self) -> None:
        now = self._shares.time()
        self._expire(now)
        if self._back:
            self._renew(0, now)


def _nobody() -> None: ...


def _nothing(now: float) -> None: ...
