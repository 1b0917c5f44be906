"""One limit of a provider as its answers tell it: how much there is, what is left, and when there is more.

Some providers count by windows that end all at once, others give back drop by drop; which of the two it is shows in whether
the moment of the reset moves on before it has come. What is left is what was last told, less what has been asked since; that it
falls faster than that is the doing of others who share the limit, and so is our share of it known. Once less than a part is left
it is spread: over the time to the reset, or down to what comes back. Times are seconds of one monotonic clock, and arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Protocol

from proxy.policies.bucket import Reservation
from proxy.policies.reset import Reset

#: Larger than any limit: how much a limit holds is not known before it is told.
MOST = 10**15
#: Unheard requests at first; each answer allows one more, each refusal takes half of them away.
FIRST = 4
#: Seconds after which is looked again where only an answer can tell when there is more.
LOOK = 0.5
USUAL = 60.0
#: Providers round the time of a reset: it is taken to be so much later, in seconds and as a part of the longest one told.
SLACK = (1.0, 0.1)
#: Resets that move by more than this are moving.
MOVED = 1.1
#: A reset sooner than this says nothing of how fast it comes back.
SHORTEST = 0.001
#: Where others ask as well, so much of the limit is left to them at the end, and no less than this share taken as ours.
MARGIN = 0.05
#: With others about, this part of what is left may be asked before an answer tells more, and this one while none has told
#: anything; times the root of our share, so that whoever has little gets a little more than that.
AT_ONCE, UNTOLD = 0.25, 0.1
ALONE = 0.9
LEAST_SHARE = 0.05
#: How much of the limit has to be used before the share is known rather than guessed.
PRIOR = 0.05
#: How much the latest rate counts.
LATEST = 0.2


class Told(Protocol):
    """What an answer said of one limit; None is what it did not say. `reset`: seconds until it is whole again."""

    @property
    def limit(self) -> int | None: ...
    @property
    def remaining(self) -> int | None: ...
    @property
    def reset(self) -> float | None: ...


class Learned:
    """A Gate. `spread` is the part of the limit below which what is left is spread."""

    whole = MOST

    def __init__(self, spread: float) -> None:
        self.limit: int | None = None
        self.away_until = 0.0
        self.share = 1.0
        self.refill = 0.0
        self._spread = spread
        self._left = 0.0
        self._heard_at = float("-inf")
        self._told = False
        self._reset: Reset | None = None
        self._span = 0.0
        self._unheard: dict[Reservation, int] = {}
        self._asked = 0
        self._most_unheard = FIRST
        self._used = self._ours = 0.0
        self._last: tuple[float, int] = (float("-inf"), 0)

    # ---- a Gate

    def reserve(self, amount: int, now: float, held: bool = False) -> Reservation | float:
        wait = self.wait(amount, now)
        if wait > 0:
            return wait
        reservation = Reservation(amount, now)
        self._unheard[reservation] = amount
        self._asked += amount
        self._last = (now, amount)
        return reservation

    def start(self, reservation: Reservation, now: float) -> None:
        if self._unheard.pop(reservation, None) is not None:
            reservation.since = now
            self._unheard[reservation] = reservation.amount

    def settle(self, reservation: Reservation, actual: int, now: float) -> None:
        """What it really took is told by the answers that come later."""
        self._forget(reservation)

    def refund(self, reservation: Reservation, now: float) -> None:
        self._forget(reservation)

    def wait(self, amount: int, now: float) -> float:
        """Seconds until `amount` may be asked; where only an answer can tell, until it is time to look again."""
        self._roll(now)
        if now < self.away_until:
            return self.away_until - now
        if self.limit is None:
            return LOOK if len(self._unheard) >= self._most_unheard else 0.0
        amount = max(1, min(amount, self.limit))
        left = self.left(now) - self._margin(amount)
        free = left - self._asked
        if free < amount:
            return self._until(amount - free, now)
        if self._unheard and (
            self._asked + amount > left * self._at_once() or len(self._unheard) >= self._most_unheard
        ):
            return LOOK
        if free >= self._spread * self.limit:
            return 0.0
        return max(min(self._turn(free, now), self._reset_at()) - now, 0.0)

    def fill(self, now: float) -> tuple[float, float]:
        self._roll(now)
        if self.limit is None:
            return len(self._unheard), self._most_unheard
        return self.limit - max(self.left(now) - self._asked, 0.0), self.limit

    def follow(self, wake: Callable[[], None]) -> None:
        """Whoever hears the answers wakes those who wait."""

    def left(self, now: float) -> float:
        """What is left as far as was told, with what has come back since; what was asked since is not taken off."""
        return min(self._left + self.refill * (now - self._heard_at), float(self.limit or 0))

    # ---- what is heard

    def hear(self, reservation: Reservation | None, told: Told, now: float) -> None:
        """What the answer to `reservation` said. What was asked before that is in it; once a later one has spoken it is old."""
        self._roll(now)
        old = reservation is not None and reservation not in self._unheard
        if told.remaining is None and reservation is not None:
            self._forget(reservation)
        if told.remaining is None or old:
            return
        counted = self._count(reservation)
        limit = told.limit or max(self.limit or 1, told.remaining)
        if limit != self.limit:
            self.limit, self._reset, self.refill, self._span = limit, None, 0.0, 0.0
        else:
            self._weigh(counted, self.left(now) - told.remaining)
        if told.reset is not None and limit:
            since = now if reservation is None else reservation.since
            self._time(limit - told.remaining, told.reset, since, now)
        self._left, self._heard_at, self._told = float(min(told.remaining, limit)), now, True

    def answered(self) -> None:
        """It was no refusal."""
        self._most_unheard += self._most_unheard < MOST

    def refused(self, until: float) -> None:
        """Nothing is to be asked before `until`."""
        self.away_until = max(self.away_until, until)
        self._most_unheard = max(1, self._most_unheard // 2)
        if self._reset is None and self.limit is not None:
            self._left, self._reset = 0.0, Reset(until, until, 0.0)

    def _forget(self, reservation: Reservation) -> None:
        self._asked -= self._unheard.pop(reservation, 0)

    def _count(self, last: Reservation | None) -> int:
        """Amounts asked up to `last`: the answer to that has counted them."""
        before = self._asked
        while self._unheard:
            first = next(iter(self._unheard))
            self._forget(first)
            if first is last:
                break
        return before - self._asked

    def _weigh(self, ours: int, used: float) -> None:
        """Our share of all that was used, by what was used lately."""
        assert self.limit is not None
        self._ours += ours
        self._used += used
        if self._used > self.limit:
            self._used, self._ours = self._used / 2, self._ours / 2
        prior = PRIOR * self.limit
        share = (prior * self.share + self._ours) / (prior + max(self._used, self._ours))
        self.share = min(max(share, LEAST_SHARE), 1.0)

    def _time(self, used: int, reset: float, since: float, now: float) -> None:
        self._span = max(self._span, reset)
        if self._reset is None or since >= self._reset.soonest - MOVED:
            self._reset = Reset(since, now, reset)
        elif self.refill or since + reset > self._reset.at + MOVED:
            self._reset = Reset(since, now, reset)
            rate = used / reset if reset > SHORTEST and used > 0 else self.refill
            self.refill += (LATEST if self.refill else 1.0) * (rate - self.refill)
        else:
            self._reset.hear(since, now, reset)

    # ---- what follows from it

    def _margin(self, amount: int) -> float:
        """What is left to others: a part, and one as large for each of them that may just be asking."""
        assert self.limit is not None
        return MARGIN * (1 - self.share) * self.limit + (1 / self.share - 1) * amount

    def _at_once(self) -> float:
        """The part of what is left that may be asked before the next answer is heard."""
        if self.share > ALONE:
            return 1.0
        return sqrt(self.share) * (AT_ONCE if self._told else UNTOLD)

    def _roll(self, now: float) -> None:
        """The reset has come: everything is there again, and what is told of the time before is old."""
        if self.limit is not None and now >= self._reset_at():
            self._left, self._reset, self._told = float(self.limit), None, False
            self._heard_at = now
            self._count(None)

    def _reset_at(self) -> float:
        """When it is surely whole; where nobody said, a minute after there was word of it, which is what most limits are for."""
        if self._reset is None:
            return self._heard_at + USUAL
        return self._reset.at + min(SLACK[0], SLACK[1] * self._span)

    def _until(self, lacking: float, now: float) -> float:
        return lacking / self.refill if self.refill else self._reset_at() - now

    def _turn(self, free: float, now: float) -> float:
        """When the next may set out, now that what is free is spread."""
        assert self.limit is not None
        at, amount = self._last
        if self.refill:
            return at + amount / (self.refill * free / (self._spread * self.limit))
        return at + amount * (self._reset_at() - now) / (free * sqrt(self.share)) if self._reset is not None else now
