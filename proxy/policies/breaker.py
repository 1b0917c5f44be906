"""When a target is not asked any more, because it fails again and again, and when it gets another chance.

pybreaker counts and moves between the states; it is only told how attempts ended, after they have, and never guards one itself:
guarding, it would take a hang-up for a failure and a caller's mistake for a success. The clock and the number of trials are ours.
It is imported at the first failure: an idle sidecar does not pay for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from proxy.call import Failure

if TYPE_CHECKING:
    from pybreaker import CircuitBreaker

State = Literal["closed", "open", "half_open"]
CLOSED: State = "closed"
OPEN: State = "open"
HALF_OPEN: State = "half_open"


class Rate(NamedTuple):
    """Opens when at least `share` of at least `least` attempts failed in `window` seconds."""

    share: float = 0.5
    window: float = 30.0
    least: int = 20


class BreakerRule(NamedTuple):
    """failures: in a row, until it opens; successes: in a row, until it closes; reset: seconds until it is tried again;
    trials: attempts at once while it is tried; rate: another reason to open."""

    failures: int = 5
    successes: int = 2
    reset: float = 30.0
    trials: int = 1
    rate: Rate | None = None


class Told(Exception):
    """What pybreaker is shown in place of a failure."""


class Breaker:
    """`admit` before an attempt; then one of `succeeded`, `failed` and `left`, for an end that says nothing of the target.

    `quiet` is True while it is closed and has nothing to forget: then an attempt that ends well has to be told to nobody.
    `time` is monotonic, in seconds. `changed` is told of each new state.
    """

    def __init__(
        self, rule: BreakerRule, time: Callable[[], float], changed: Callable[[State], None] = lambda state: None
    ) -> None:
        self.rule = rule
        self.quiet = True
        self.state: State = CLOSED
        self.forced: State | None = None
        self._time = time
        self._changed = changed
        self._again_at = 0.0
        self._trials = 0
        self._machine: CircuitBreaker | None = None

    @property
    def retry_after(self) -> float:
        """Seconds until it is worth asking again; 0 where it is now."""
        if self.forced == OPEN:
            return self.rule.reset
        return max(0.0, self._again_at - self._time()) if self.state == OPEN else 0.0

    @property
    def admits(self) -> bool:
        """Whether `admit` would let an attempt through."""
        if self.forced is not None:
            return self.forced == CLOSED
        if self.state == OPEN:
            return self._time() >= self._again_at
        return self.state == CLOSED or self._trials < self.rule.trials

    def admit(self, name: str) -> None:
        """Failure("circuit_open") where the attempt must not be made; `name` is for its text."""
        if not self.admits:
            after = self.retry_after
            detail = f"{name} has failed again and again and is not asked for another {after:.0f} s"
            if self.state == HALF_OPEN:
                detail = f"{name} is being tried again after failures, and its trials are out"
                after = 1.0
            raise Failure("circuit_open", detail, retry_after=after)
        if self.forced is None and self.state != CLOSED:
            if self.state == OPEN:
                self._known().half_open()
                self._moved()
            self._trials += 1

    def succeeded(self) -> None:
        if self.state == HALF_OPEN:
            self._trials = max(0, self._trials - 1)
        if self.state != OPEN:
            self._known().call(lambda: None)
            self._moved()

    def failed(self) -> None:
        """An attempt failed by the target's fault."""
        if self.state == HALF_OPEN:
            self._trials = max(0, self._trials - 1)
        if self.state == OPEN:
            return
        try:
            self._known().call(fail)
        except Told as told:
            # pybreaker's frames hold it, and are held by its traceback, with all frames that called them.
            told.__traceback__ = None
        self._moved()

    def left(self) -> None:
        """An attempt ended in a way that says nothing of the target."""
        if self.state == HALF_OPEN:
            self._trials = max(0, self._trials - 1)

    def trip(self) -> None:
        """Open it, for a reason that it does not count itself."""
        if self.state == CLOSED:
            self._known().open()
            self._moved()

    def force(self, state: State | None) -> None:
        """Hold it open or closed, whatever happens; None lets go, and it begins anew, closed."""
        self.forced = state
        self._trials = 0
        if state is None:
            self._known().close()
        elif state == OPEN:
            self._known().open()
        else:
            self._known().close()
        self._moved()

    def _known(self) -> CircuitBreaker:
        if self._machine is None:
            self._machine = make_machine(self.rule)
        return self._machine

    def _moved(self) -> None:
        machine = self._known()
        before, self.state = self.state, STATES[machine.current_state]
        self.quiet = self.state == CLOSED and machine.fail_counter == 0 and self.forced is None
        if self.state == before:
            return
        self._trials = 0
        if self.state == OPEN:
            self._again_at = self._time() + self.rule.reset
        self._changed(self.state)


STATES: dict[str, State] = {"closed": CLOSED, "open": OPEN, "half-open": HALF_OPEN}


def fail() -> None:
    raise Told


def make_machine(rule: BreakerRule) -> CircuitBreaker:
    """Its own clock is never asked: while it is open nothing is told to it."""
    # Where redis is installed pybreaker would import it, for 20 MB: it shares nothing here.
    hidden = "redis" not in sys.modules and "pybreaker" not in sys.modules
    if hidden:
        sys.modules["redis"] = None  # type: ignore[assignment]
    try:
        from pybreaker import CircuitBreaker
    finally:
        if hidden:
            del sys.modules["redis"]
    return CircuitBreaker(
        fail_max=rule.failures,
        success_threshold=rule.successes,
        throw_new_error_on_trip=False,
        reset_timeout=rule.reset,
    )
