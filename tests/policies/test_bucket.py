"""The bucket's promises: never more than the limit in any window of a period, nothing lost, debts are waited for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policies.bucket import SLOTS, Bucket, Reservation, TooLarge

NOW = 1000.0
PERIOD = 60.0
#: The oldest of a slot waits for its youngest.
LATE = PERIOD / SLOTS


def taken(bucket: Bucket, amount: int, now: float, held: bool = False) -> Reservation:
    reservation = bucket.reserve(amount, now, held)
    assert isinstance(reservation, Reservation)
    return reservation


def waits(bucket: Bucket, amount: int, now: float) -> float:
    wait = bucket.reserve(amount, now)
    assert isinstance(wait, float)
    return wait


def test_what_is_taken_comes_back_a_period_later_and_no_sooner() -> None:
    bucket = Bucket(10, PERIOD)
    taken(bucket, 10, NOW)
    wait = waits(bucket, 1, NOW)
    assert PERIOD < wait <= PERIOD + LATE
    assert waits(bucket, 10, NOW + wait - 0.001) == pytest.approx(0.001)
    taken(bucket, 10, NOW + wait)


def test_there_is_no_second_helping_at_the_turn_of_a_minute() -> None:
    """A bucket refilled drop by drop, or counted by the minute, would let nearly twice as much through."""
    bucket = Bucket(10, PERIOD)
    taken(bucket, 1, NOW)
    taken(bucket, 9, NOW + 59)
    taken(bucket, 1, NOW + 61)
    assert waits(bucket, 1, NOW + 61) > 57


def test_only_what_is_needed_is_waited_for() -> None:
    bucket = Bucket(10, PERIOD)
    for second in (0, 10, 20):
        taken(bucket, 3, NOW + second)
    assert waits(bucket, 4, NOW + 20) <= 40 + LATE
    assert 40 + LATE < waits(bucket, 5, NOW + 20) <= 50 + LATE


def test_more_than_the_bucket_holds_is_refused_at_once() -> None:
    bucket = Bucket(10, PERIOD)
    with pytest.raises(TooLarge, match="11 is more than 10"):
        bucket.reserve(11, NOW)
    assert bucket.fill(NOW) == (0, 10)


@pytest.mark.parametrize(("actual", "left"), [(0, 10), (4, 6), (7, 3), (10, 0)])
def test_what_was_not_used_comes_back_at_once(actual: int, left: int) -> None:
    bucket = Bucket(10, PERIOD)
    reservation = taken(bucket, 7, NOW)
    bucket.settle(reservation, actual, NOW + 5)
    taken(bucket, left, NOW + 5)
    assert waits(bucket, 1, NOW + 5) > 0


def test_a_debt_is_waited_for_by_those_who_come_later() -> None:
    bucket = Bucket(10, PERIOD)
    reservation = taken(bucket, 2, NOW)
    bucket.settle(reservation, 25, NOW + 30)
    assert bucket.fill(NOW + 30) == (25, 10)
    assert 60 < waits(bucket, 1, NOW + 30) <= 60 + LATE
    assert 0 < waits(bucket, 1, NOW + 61) < 30
    taken(bucket, 10, NOW + 91)


def test_what_has_grown_old_is_not_given_back_twice() -> None:
    bucket = Bucket(10, PERIOD)
    early, late = taken(bucket, 10, NOW), taken(bucket, 10, NOW + 70)
    bucket.settle(early, 0, NOW + 75)
    assert bucket.fill(NOW + 75) == (10, 10)
    bucket.refund(late, NOW + 75)
    bucket.refund(late, NOW + 75)
    bucket.settle(late, 3, NOW + 75)
    assert bucket.fill(NOW + 75) == (0, 10)


def test_what_is_held_does_not_grow_old() -> None:
    bucket = Bucket(10, PERIOD)
    held = taken(bucket, 10, NOW, held=True)
    assert waits(bucket, 1, NOW + 600) >= PERIOD
    bucket.start(held, NOW + 600)
    bucket.start(held, NOW + 700)
    assert waits(bucket, 1, NOW + 600) > PERIOD
    taken(bucket, 10, NOW + 661)


def test_held_or_not_a_refund_leaves_nothing() -> None:
    bucket = Bucket(10, PERIOD)
    for held in (True, False):
        bucket.refund(taken(bucket, 10, NOW, held), NOW)
        assert bucket.fill(NOW) == (0, 10)


def test_the_wait_of_a_whole_queue() -> None:
    bucket = Bucket(10, PERIOD)
    taken(bucket, 10, NOW)
    assert bucket.wait(10, NOW) <= PERIOD + LATE
    assert PERIOD * 2 <= bucket.wait(20, NOW) <= PERIOD * 2 + LATE
    assert PERIOD * 3 <= bucket.wait(21, NOW) <= PERIOD * 3 + LATE


def test_a_smaller_limit_is_waited_for_and_a_whole_larger_than_it_is_owed() -> None:
    bucket = Bucket(10, PERIOD)
    bucket.resize(2, whole=10)
    taken(bucket, 8, NOW)
    assert waits(bucket, 1, NOW) > 0
    assert waits(bucket, 8, NOW + 59) > 0
    taken(bucket, 8, NOW + 61)
    bucket.resize(10)
    taken(bucket, 2, NOW + 61)


def test_what_is_charged_counts() -> None:
    bucket = Bucket(10, PERIOD)
    bucket.charge(12, NOW)
    assert bucket.fill(NOW) == (12, 10)
    assert waits(bucket, 1, NOW) > PERIOD


STEPS = st.lists(
    st.tuples(st.floats(0, 25), st.integers(1, 10), st.sampled_from(["keep", "less", "refund", "hold"])), max_size=120
)


@given(STEPS, st.floats(0.5, 5000))
def test_no_window_ever_sees_more_than_the_limit(steps: list[tuple[float, int, str]], scale: float) -> None:
    """Whatever is taken, held, given back: what set out within any period never sums to more than the limit."""
    bucket, now, out = Bucket(10, scale), NOW, []
    held: list[Reservation] = []
    for pause, amount, end in steps:
        now += pause * scale / 60
        for waiting in held:
            bucket.start(waiting, now)
            out.append((now, waiting.amount))
        held.clear()
        reservation = bucket.reserve(amount, now, end == "hold")
        if not isinstance(reservation, Reservation):
            assert reservation > 0
            continue
        kept = {"keep": amount, "less": amount // 2, "refund": 0, "hold": 0}[end]
        out.append((now, kept))
        if end == "less":
            bucket.settle(reservation, kept, now)
        elif end == "refund":
            bucket.refund(reservation, now)
        elif end == "hold":
            held.append(reservation)
        assert sum(one for at, one in out if at > now - scale) <= 10


def test_it_stays_small_whatever_passes_through() -> None:
    bucket = Bucket(10**9, PERIOD)
    for step in range(20_000):
        taken(bucket, 7, NOW + step * 0.01)
    assert len(bucket._slots) <= SLOTS + 2
