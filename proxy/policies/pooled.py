"""A budget that several pods have together, in one window: leased ahead like any shared limit, in whole units.

A call is let through when all that it may take could be leased: so it is passed only by a call that takes more than was held for
it or than there is, and a little of the end stays unspent.
While the store is gone each pod keeps to its part. How leases come about is not known here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from proxy.policies.bucket import Reservation
from proxy.policies.shared import Lease, Shared

#: Seconds that a call waits for what is shared to be heard of.
ANSWER = 1.0
SHORTEST = 0.001


class Carried(Shared):
    """`used`: what this pod has spent of it before, which the store was told then."""

    def __init__(self, limit: int, period: float, lease: Lease, used: int, now: float) -> None:
        super().__init__(limit, period, lease)
        if used:
            self._bucket.charge(used, now)

    def reserve(self, amount: int, now: float, held: bool = False) -> Reservation | float:
        """Without a lease nobody is told yet: a call takes far less than it may."""
        return super().reserve(amount, now, held) if self._look(now) else self._bucket.reserve(amount, now, held)

    def settle(self, reservation: Reservation, actual: int, now: float) -> None:
        if reservation in self._taken:
            super().settle(reservation, actual, now)
        else:
            self._look(now)
            self._bucket.settle(reservation, actual, now)
            self._spend(actual, now)

    def charge(self, amount: int, now: float) -> None:
        """Spent without asking."""
        self._look(now)
        self._bucket.charge(amount, now)
        self._spend(amount, now)


class Pool:
    """`unit`: so much of what is counted is one unit of the lease; what is left of a unit is carried on to the next call."""

    def __init__(
        self, gate: Carried, unit: int, time: Callable[[], float], spent: Callable[[], float] = lambda: 0.0
    ) -> None:
        """`spent`: the share that all pods have taken, as far as it is known."""
        self.gate = gate
        self.spent = spent
        self._unit = unit
        self._time = time
        self._rest = 0
        self._waiting: set[asyncio.Future[None]] = set()
        gate.follow(self._wake)

    async def take(self, amount: int) -> Reservation | None:
        """None where it is not to be had. Nobody waits for longer than ANSWER."""
        units = min(-(-amount // self._unit), self.gate.whole)
        until = self._time() + ANSWER
        while True:
            now = self._time()
            got = self.gate.reserve(units, now)
            if isinstance(got, Reservation):
                return got
            if now >= until or self.gate.wait(units, now) > until - now:
                return None
            await self._look_again(min(got, until - now))

    def settle(self, leased: Reservation, amount: int) -> None:
        self.gate.settle(leased, self._whole(amount), self._time())

    def tell(self, amount: int) -> None:
        """Spent without having been leased."""
        units = self._whole(amount)
        if units:
            self.gate.charge(units, self._time())

    def _whole(self, amount: int) -> int:
        units, self._rest = divmod(self._rest + amount, self._unit)
        return units

    async def _look_again(self, seconds: float) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=max(seconds, SHORTEST))
        finally:
            self._waiting.discard(waiter)

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
