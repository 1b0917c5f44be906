"""How a target is doing: what is on its way to it, how long it took, how often it failed, whether it may be asked now.

Plain numbers that attempts leave behind; the good end of one costs an addition. Who chooses by them is not known here.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any, NamedTuple

from proxy.call import Failure
from proxy.policies.breaker import Breaker

#: So many latencies of each target are remembered.
REMEMBERED = 100
#: A failure rate is of this one and the one before, so of 30 to 60 seconds.
WINDOW = 30.0


class Counts(NamedTuple):
    """Of one window: how many attempts ended, and how many of those by the target's fault."""

    ended: int = 0
    failed: int = 0


class Standing:
    """One target's. `time` is monotonic; all in seconds.

    latencies: of the last attempts that went well: to the first token where streamed, else to the end; and how long those took,
    at least, that were left because another one answered before.
    away_until: until then the provider asked not to be asked.
    """

    __slots__ = (
        "_before",
        "_time",
        "_total",
        "_turn",
        "_window",
        "away_until",
        "breaker",
        "ended",
        "failed",
        "in_flight",
        "last_failure",
        "latencies",
        "name",
        "probed",
    )

    def __init__(self, name: str, breaker: Breaker, time: Callable[[], float]) -> None:
        self.name = name
        self.breaker = breaker
        self.in_flight = 0
        self.ended = 0
        self.failed = 0
        # Numbers in a row: a deque begins with a block that is too large for the allocator of small objects.
        self.latencies = array("d")
        self.away_until = 0.0
        self.last_failure: tuple[float, str] | None = None
        self.probed: str | None = None
        self._time = time
        self._window = breaker.rule.rate.window if breaker.rule.rate is not None else WINDOW
        self._before = Counts()
        self._total = 0
        self._turn = time() + self._window

    # ---- an attempt

    def enter(self) -> None:
        """Failure("circuit_open") where the attempt must not be made."""
        if not self.breaker.quiet:
            self.breaker.admit(self.name)
        self.in_flight += 1

    def took(self, seconds: float) -> None:
        """Remember a latency."""
        self.latencies.append(seconds)
        if len(self.latencies) > REMEMBERED:
            del self.latencies[0]

    def went_well(self, began: float, seconds: float) -> None:
        """`began`: when the call did; `seconds`: this attempt's latency."""
        self.in_flight -= 1
        if began >= self._turn:
            self._rotate()
        self.ended += 1
        self.took(seconds)
        self.probed = None
        if not self.breaker.quiet:
            self.breaker.succeeded()

    def went_wrong(self, failure: Failure) -> None:
        self.in_flight -= 1
        if failure.kind == "provider_rate_limited":
            self.stay_away(failure.retry_after)
        if not failure.trips_breaker:
            self.breaker.left()
            return
        self._rotate()
        self.ended += 1
        self.failed += 1
        self.last_failure = (self._time(), failure.kind)
        self.breaker.failed()
        rate = self.breaker.rule.rate
        if rate is not None and self.recent.ended >= rate.least and self.failure_rate >= rate.share:
            self.breaker.trip()

    def left(self) -> None:
        """The attempt ended for a reason that has nothing to do with the target."""
        self.in_flight -= 1
        self.breaker.left()

    def stay_away(self, seconds: float | None) -> None:
        """The provider asked for a pause; one that does not say how long gets a second."""
        self.away_until = max(self.away_until, self._time() + (1.0 if seconds is None else seconds))

    # ---- what they amount to

    @property
    def fit(self) -> bool:
        """Whether it is sensible to ask it now."""
        return self.breaker.admits and self.away_until <= self._time() and self.probed is None

    @property
    def retry_after(self) -> float:
        """Seconds until it may be asked; 0 where it may now."""
        return max(self.breaker.retry_after, self.away_until - self._time(), 0.0)

    @property
    def reasons(self) -> list[str]:
        """Why it is not fit, in words; none where it is."""
        closed = None if self.breaker.admits else "circuit_open"
        away = "rate_limited" if self.away_until > self._time() else None
        return [why for why in (closed, away, self.probed) if why is not None]

    @property
    def recent(self) -> Counts:
        """Of the present window and the one before."""
        self._rotate()
        return Counts(self._before.ended + self.ended, self._before.failed + self.failed)

    @property
    def failure_rate(self) -> float:
        """0 to 1, of the recent attempts."""
        ended, failed = self.recent
        return failed / ended if ended else 0.0

    @property
    def total(self) -> int:
        """How many attempts have ended, well or by its fault, since the start."""
        return self._total + self.ended

    @property
    def latency(self) -> float | None:
        """The mean of those of this window and the one before, or the latest where all are older; None while there is none."""
        well = self._before.ended - self._before.failed + self.ended - self.failed
        fresh = list(self.latencies)[-max(well, 1) :]
        return sum(fresh) / len(fresh) if fresh else None

    def report(self) -> dict[str, Any]:
        """What `/status.json` shows."""
        latency, (ended, failed) = self.latency, self.recent
        return {
            "healthy": not self.reasons,
            "reasons": self.reasons,
            "breaker": self.breaker.forced or self.breaker.state,
            "forced": self.breaker.forced is not None,
            "latency_ms": None if latency is None else round(latency * 1000, 1),
            "error_rate": round(self.failure_rate, 4),
            "attempts": ended,
            "failures": failed,
            "in_flight": self.in_flight,
            "retry_after": round(self.retry_after, 1),
            "last_failure": None if self.last_failure is None else self.last_failure[1],
        }

    def _rotate(self) -> None:
        now = self._time()
        if now < self._turn:
            return
        gone = now >= self._turn + self._window
        self._before = Counts() if gone else Counts(self.ended, self.failed)
        self._total += self.ended
        self.ended = self.failed = 0
        self._turn = now + self._window
