"""How many attempts may be made again in all: a share of the traffic, and a few that are always allowed.

So an outage is not multiplied: with a share of 0.1 a provider that answers nobody is asked 1.1 times as often as by who never
retries. What is not spent is saved, but no more than a window's traffic earns: with it a short disturbance is got over, and a
long one is not met in waves. Finagle keeps its budget in the same way, https://twitter.github.io/finagle/guide/Clients.html#retries.
"""

from __future__ import annotations

from collections.abc import Callable

#: Traffic counts for so many seconds.
WINDOW = 10.0


class RetryBudget:
    """`earn` for each call, `spend` for each further attempt. `floor`: so many in each WINDOW are always allowed.

    Of the calls of any time, and of the one or two WINDOWs before it, at most `share` are asked again, or the floor. `time` is
    monotonic. Who is in a hurry counts `calls` himself, and calls `rotate` before that where the call began at or after `turn`.
    """

    def __init__(self, share: float, floor: int, time: Callable[[], float]) -> None:
        self.share = share
        self.floor = floor
        self.refused = 0
        self.calls = 0
        self._time = time
        self._spent = 0
        self._saved = 0.0
        self._counted = 0
        self._before = 0
        self.turn = time() + WINDOW

    def earn(self, now: float) -> None:
        """A call began at `now`."""
        if now >= self.turn:
            self.rotate(now)
        self.calls += 1

    def spend(self) -> bool:
        """Whether another attempt may be made; counted where it may."""
        self.rotate(self._time())
        if self.left < 1:
            self.refused += 1
            return False
        self._save()
        self._spent += 1
        # What the floor gave is owed, but nobody pays for longer than for one window's.
        self._saved = max(self._saved - 1, -float(self.floor))
        return True

    @property
    def left(self) -> float:
        """How many are allowed now."""
        return max(self._earned, self.floor - self._spent)

    def rotate(self, now: float) -> None:
        if now < self.turn:
            return
        self._save()
        self._before = self.calls if now < self.turn + WINDOW else 0
        self.calls = self._counted = self._spent = 0
        self.turn = now + WINDOW

    @property
    def _earned(self) -> float:
        most = self.share * max(self._before, self.calls)
        return min(self._saved + self.share * (self.calls - self._counted), most)

    def _save(self) -> None:
        self._saved, self._counted = self._earned, self.calls
