"""A limit that several pods have together: the bucket remembers what this pod takes of it, a lease says how much it may.

While there are no leases a pod keeps to its part of the limit, by the number of pods last known; what it used meanwhile is told
when there are leases again, so that the limit holds for what all of them did. Where leases come from is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Protocol

from proxy.config.limits import Rule
from proxy.policies.bucket import Bucket, Gate, Reservation
from proxy.policies.scope import Build, own_bucket

Taken = list[tuple[int, int]]


class Lease(Protocol):
    """This pod's lease of one limit. `lost` changes when whoever leases has forgotten what was leased before.

    While it is `reachable` and not `live` it only wants to know what is spent.
    """

    wake: Callable[[], None]
    changed: Callable[[float], object]
    term: float

    @property
    def live(self) -> bool: ...
    @property
    def reachable(self) -> bool: ...
    @property
    def pods(self) -> int: ...
    @property
    def lost(self) -> int: ...
    def take(self, amount: int, now: float) -> Taken | float: ...
    def give_back(self, taken: Taken, amount: int) -> None: ...
    def spend(self, amount: int) -> None: ...
    def wait(self, amount: int, now: float) -> float: ...
    def drop(self) -> None: ...


class Shared:
    """A Gate over `limit` in `period` seconds, all pods together."""

    def __init__(self, limit: int, period: float, lease: Lease) -> None:
        self.limit = limit
        self.lease = lease
        self._bucket = Bucket(limit, period)
        self._alone = Bucket(limit, period)
        self._was_reachable = True
        self._lost = lease.lost
        lease.changed = self._look
        self._taken: dict[Reservation, Taken] = {}

    @property
    def whole(self) -> int:
        return self.limit

    def reserve(self, amount: int, now: float, held: bool = False) -> Reservation | float:
        live = self._look(now)
        reservation = self._bucket.reserve(amount, now, held)
        if not isinstance(reservation, Reservation):
            return reservation
        if not live:
            self._spend(amount, now)
            return reservation
        taken = self.lease.take(amount, now)
        if not isinstance(taken, list):
            self._bucket.refund(reservation, now)
            return taken
        self._taken[reservation] = taken
        return reservation

    def start(self, reservation: Reservation, now: float) -> None:
        """What was held for longer than the lease is good for is used now, and not when it was leased."""
        self._bucket.start(reservation, now)
        taken = self._taken.get(reservation)
        if taken and now > reservation.since + self.lease.term:
            self.lease.give_back(taken, reservation.amount)
            self.lease.spend(reservation.amount)
            self._taken[reservation] = []

    def settle(self, reservation: Reservation, actual: int, now: float) -> None:
        more = actual - reservation.amount if reservation.open else 0
        self._bucket.settle(reservation, actual, now)
        taken = self._taken.pop(reservation, None)
        if more > 0:
            self._spend(more, now)
        elif more < 0 and taken:
            self.lease.give_back(taken, -more)

    def refund(self, reservation: Reservation, now: float) -> None:
        self._bucket.refund(reservation, now)
        taken = self._taken.pop(reservation, None)
        if taken:
            self.lease.give_back(taken, reservation.amount)

    def wait(self, amount: int, now: float) -> float:
        """By what this pod itself has used, and by what was last heard of what others left."""
        live = self._look(now)
        return max(self._bucket.wait(amount, now), self.lease.wait(min(amount, self.limit), now) if live else 0.0)

    def fill(self, now: float) -> tuple[float, float]:
        self._look(now)
        return self._bucket.fill(now)

    def follow(self, wake: Callable[[], None]) -> None:
        self.lease.wake = wake

    def _spend(self, amount: int, now: float) -> None:
        if self.lease.reachable:
            self.lease.spend(amount)
        else:
            self._alone.charge(amount, now)

    def _look(self, now: float) -> bool:
        """Whether there are leases; what has to be told where that has changed is told."""
        lease, reachable, live = self.lease, self.lease.reachable, self.lease.live
        forgotten = lease.lost != self._lost
        if forgotten:
            lease.drop()
        if forgotten or (reachable and not self._was_reachable):
            lease.spend(int((self._bucket if forgotten else self._alone).fill(now)[0]))
            self._alone = Bucket(self.limit, self._alone.period)
        self._lost, self._was_reachable = lease.lost, reachable
        part = self.limit if live else max(1, self.limit // lease.pods)
        if part != self._bucket.limit:
            self._bucket.resize(part, self.limit)
        return live


def shared_or_own(lease: Callable[[str, int, float], Lease]) -> Build:
    """Builds what keeps a limit: shared where its rule says so. What a caller's header says is not told to anybody."""

    def build(rule: Rule, what: str, amount: int, value: str) -> Gate:
        if not rule.shared:
            return own_bucket(rule, what, amount, value)
        of = f":{blake2b(value.encode(), digest_size=16).hexdigest()}" if value else ""
        return Shared(amount, rule.period, lease(f"{rule.name}:{what}{of}", amount, rule.period))

    return build
