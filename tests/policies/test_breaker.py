"""The breaker opens, is tried, closes; what says nothing of the target counts neither way; the operator has the last word."""

from __future__ import annotations

import subprocess
import sys

import pytest

from proxy.call import Failure
from proxy.policies.breaker import Breaker, BreakerRule, State


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def states() -> list[State]:
    return []


@pytest.fixture
def breaker(time: Time, states: list[State]) -> Breaker:
    return Breaker(BreakerRule(), time, states.append)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.admit("up:m")
        breaker.failed()


def test_it_opens_after_failures_in_a_row(breaker: Breaker, states: list[State]) -> None:
    fail(breaker, 4)
    assert (breaker.state, breaker.quiet, breaker.admits) == ("closed", False, True)
    fail(breaker, 1)
    assert (breaker.state, breaker.admits, states) == ("open", False, ["open"])
    with pytest.raises(Failure) as refused:
        breaker.admit("up:m")
    assert (refused.value.kind, refused.value.retry_after) == ("circuit_open", 30.0)
    assert "up:m" in refused.value.detail


def test_a_success_between_failures_forgets_them(breaker: Breaker) -> None:
    fail(breaker, 4)
    breaker.admit("up:m")
    breaker.succeeded()
    assert breaker.quiet
    fail(breaker, 4)
    assert breaker.state == "closed"


def test_a_mistake_of_the_caller_s_between_failures_hides_none(breaker: Breaker) -> None:
    fail(breaker, 4)
    breaker.admit("up:m")
    breaker.left()
    fail(breaker, 1)
    assert breaker.state == "open"


def test_it_closes_after_trials_that_went_well(breaker: Breaker, time: Time, states: list[State]) -> None:
    fail(breaker, 5)
    time.now += 29.9
    assert not breaker.admits
    time.now += 0.1
    breaker.admit("up:m")
    assert breaker.state == "half_open"
    breaker.succeeded()
    assert breaker.state == "half_open"
    breaker.admit("up:m")
    breaker.succeeded()
    assert (breaker.state, breaker.quiet, states) == ("closed", True, ["open", "half_open", "closed"])


def test_trials_are_bounded(breaker: Breaker, time: Time) -> None:
    fail(breaker, 5)
    time.now += 30
    breaker.admit("up:m")
    with pytest.raises(Failure, match="trials are out"):
        breaker.admit("up:m")
    breaker.left()
    breaker.admit("up:m")


def test_a_trial_that_fails_opens_it_for_another_while(breaker: Breaker, time: Time) -> None:
    fail(breaker, 5)
    time.now += 30
    fail(breaker, 1)
    assert (breaker.state, breaker.retry_after) == ("open", 30.0)


def test_what_ends_late_while_it_is_open_changes_nothing(breaker: Breaker, time: Time) -> None:
    fail(breaker, 5)
    time.now += 10
    breaker.failed()
    breaker.succeeded()
    breaker.left()
    assert (breaker.state, breaker.retry_after) == ("open", 20.0)


def test_it_can_be_tripped_from_outside(breaker: Breaker, states: list[State]) -> None:
    breaker.trip()
    breaker.trip()
    assert (breaker.state, states) == ("open", ["open"])


@pytest.mark.parametrize(("state", "admits"), [("open", False), ("closed", True)])
def test_the_operator_has_the_last_word(state: State, admits: bool, breaker: Breaker, time: Time) -> None:
    breaker.force(state)
    for _ in range(9):
        if breaker.admits:
            breaker.admit("up:m")
            breaker.failed()
    time.now += 1000
    assert breaker.admits == admits
    breaker.force(None)
    assert (breaker.state, breaker.quiet, breaker.admits) == ("closed", True, True)


def test_redis_is_not_imported_for_it() -> None:
    """It is quiet before the first failure, and pybreaker is then no part of the process."""
    code = (
        "import sys; from proxy.policies.breaker import Breaker, BreakerRule;"
        "breaker = Breaker(BreakerRule(), lambda: 0.0); breaker.admit('x'); print('pybreaker' in sys.modules);"
        "breaker.failed(); print('pybreaker' in sys.modules, 'redis' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert said.stdout.split() == ["False", "True", "False"]
