"""A bucket of requests or of tokens: what is taken comes back one period later, so that no window of it ever sees more.

A bucket that is refilled drop by drop lets through up to twice its size in one period; here everything that was taken is
remembered until it is a period old, in a hundred slots at most, so that at the most one percent is given away. It knows
neither who takes nor what for. Times are seconds of one monotonic clock, and arguments; amounts are whole numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import ceil, floor
from typing import Protocol

#: What was taken within a hundredth of the period comes back together, when the last of it is old enough.
SLOTS = 100


class TooLarge(Exception):
    """More was asked for than the bucket ever holds: waiting would not help. `amount` and `whole` say how much."""

    def __init__(self, amount: int, whole: int) -> None:
        super().__init__(f"{amount} is more than {whole}")
        self.amount = amount
        self.whole = whole


class Slot:
    """What was taken in one stretch of time, and when it comes back."""

    __slots__ = ("amount", "gone", "until")

    def __init__(self, until: float) -> None:
        self.until = until
        self.amount = 0
        self.gone = False


class Reservation:
    """Something taken from a bucket. It ends once, in `settle` or `refund`; what is said of it after that is ignored."""

    __slots__ = ("amount", "open", "since", "slot")

    def __init__(self, amount: int, since: float = 0.0) -> None:
        self.amount = amount
        self.since = since
        self.slot: Slot | None = None
        self.open = True


class Gate(Protocol):
    """What a bucket is to whoever queues before it. `whole`: the largest single amount; `fill`: (in use, limit).

    `wake`, handed over in `follow`, is called when there is more sooner than `wait` has said.
    """

    @property
    def whole(self) -> int: ...
    def reserve(self, amount: int, now: float, held: bool = False) -> Reservation | float: ...
    def start(self, reservation: Reservation, now: float) -> None: ...
    def settle(self, reservation: Reservation, actual: int, now: float) -> None: ...
    def refund(self, reservation: Reservation, now: float) -> None: ...
    def wait(self, amount: int, now: float) -> float: ...
    def fill(self, now: float) -> tuple[float, float]: ...
    def follow(self, wake: Callable[[], None]) -> None: ...


class Bucket:
    """At most `limit` in any `period` seconds.

    `whole` is the largest single amount; where it is more than `limit`, such an amount is given out of a bucket that is
    full, and is owed afterwards. Both may be changed at any time by `resize`.
    """

    def __init__(self, limit: int, period: float, whole: int | None = None) -> None:
        self.period = period
        self._width = period / SLOTS
        self._slots: deque[Slot] = deque()
        self._used = 0
        self.resize(limit, whole)

    def resize(self, limit: int, whole: int | None = None) -> None:
        self.limit = limit
        self._whole = limit if whole is None else whole

    @property
    def whole(self) -> int:
        return self._whole

    def reserve(self, amount: int, now: float, held: bool = False) -> Reservation | float:
        """What was taken, or the seconds after which it can be had if nobody else takes it and nothing comes back.

        `held` counts without growing old until `start`. Raises TooLarge.
        """
        if amount > self._whole:
            raise TooLarge(amount, self._whole)
        self._expire(now)
        if self._used + amount > self.limit and (wait := self.wait(amount, now)) > 0:
            return wait
        reservation = Reservation(amount, now)
        self._used += amount
        if not held:
            self.start(reservation, now)
        return reservation

    def start(self, reservation: Reservation, now: float) -> None:
        """From here on a held one grows old."""
        if reservation.open and reservation.slot is None:
            reservation.slot = self._slot(now)
            reservation.slot.amount += reservation.amount

    def settle(self, reservation: Reservation, actual: int, now: float) -> None:
        """What it really was: the rest comes back at once, and what is more is taken, now, even where there is none."""
        if not reservation.open:
            return
        self.start(reservation, now)
        reservation.open = False
        more = actual - reservation.amount
        slot = self._slot(now) if more > 0 else reservation.slot
        if slot is not None and not slot.gone:
            slot.amount += more
            self._used += more

    def refund(self, reservation: Reservation, now: float) -> None:
        """As if it had never been taken."""
        if reservation.open and reservation.slot is None:
            reservation.open = False
            self._used -= reservation.amount
        else:
            self.settle(reservation, 0, now)

    def charge(self, amount: int, now: float) -> None:
        """Taken without asking."""
        self._slot(now).amount += amount
        self._used += amount

    def wait(self, amount: int, now: float) -> float:
        """Seconds until `amount` is there. Of more than the bucket holds: until so much can have been given out."""
        self._expire(now)
        excess = self._used + min(0, amount - self.limit) if amount <= self._whole else self._used + amount - self.limit
        if excess <= 0:
            return 0.0
        free_at = now
        for slot in self._slots:
            excess -= slot.amount
            free_at = slot.until
            if excess <= 0:
                return free_at - now
        return free_at - now + ceil(excess / self.limit) * self.period

    def fill(self, now: float) -> tuple[float, float]:
        self._expire(now)
        return self._used, self.limit

    def follow(self, wake: Callable[[], None]) -> None:
        """What comes back sooner is given back by those who queue here, so they know."""

    def _slot(self, now: float) -> Slot:
        if not self._slots or self._slots[-1].until - self.period <= now:
            self._slots.append(Slot((floor(now / self._width) + 1) * self._width + self.period))
        return self._slots[-1]

    def _expire(self, now: float) -> None:
        while self._slots and self._slots[0].until <= now:
            slot = self._slots.popleft()
            slot.gone = True
            self._used -= slot.amount
