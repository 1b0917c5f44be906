"""What is made of what a provider tells: nothing is asked that is not there, what is little is spread, and others are seen."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policies.bucket import Reservation
from proxy.policies.learned import FIRST, LOOK, Learned

NOW = 1000.0


class Told(NamedTuple):
    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None


def ask(gate: Learned, now: float, amount: int = 1) -> Reservation:
    reservation = gate.reserve(amount, now)
    assert isinstance(reservation, Reservation), reservation
    gate.start(reservation, now)
    return reservation


def used(gate: Learned, count: int, now: float, limit: int = 100, step: float = 0.0) -> float:
    """Ask and hear, one after the other, of a window that ends at NOW + 60. The time after that."""
    for _ in range(count):
        reservation = ask(gate, now)
        left = int(gate.left(now)) if gate.limit else limit
        gate.hear(reservation, Told(limit, left - 1, NOW + 60 - now), now)
        gate.settle(reservation, 1, now)
        gate.answered()
        now += step
    return now


def test_a_few_are_asked_before_anything_is_known() -> None:
    gate = Learned(0.2)
    asked = [ask(gate, NOW) for _ in range(FIRST)]
    assert gate.reserve(1, NOW) == LOOK
    gate.hear(asked[0], Told(), NOW)
    gate.answered()
    for _ in range(2):
        ask(gate, NOW)
    assert gate.reserve(1, NOW) == LOOK


def test_what_is_left_is_what_was_told_less_what_was_asked_since() -> None:
    gate = Learned(0.2)
    first, second = ask(gate, NOW), ask(gate, NOW)
    gate.hear(second, Told(100, 60, 60.0), NOW + 1)
    assert gate.fill(NOW + 1) == (40, 100)
    ask(gate, NOW + 1)
    assert gate.fill(NOW + 1) == (41, 100)
    gate.hear(first, Told(100, 99, 60.0), NOW + 2)
    assert gate.fill(NOW + 2) == (41, 100), "what was told of the time before is old"


def test_what_failed_before_it_was_sent_was_never_asked() -> None:
    gate = Learned(0.2)
    used(gate, 1, NOW)
    gate.refund(ask(gate, NOW), NOW)
    assert gate.fill(NOW) == (1, 100)


def test_plenty_is_not_waited_for_and_little_is_spread() -> None:
    gate = Learned(0.2)
    now = used(gate, 79, NOW)
    assert gate.wait(1, now) == 0
    now = used(gate, 2, now)
    assert gate.wait(1, now) == pytest.approx(61 / 19, rel=0.1)
    at = []
    while now < NOW + 60:
        now += gate.wait(1, now)
        at.append(now)
        now = used(gate, 1, now)
    assert 18 <= len(at) <= 21
    assert max(later - sooner for sooner, later in pairwise(at)) < 5


def test_nothing_is_asked_of_nothing_until_there_is_more() -> None:
    gate = Learned(0.2)
    reservation = ask(gate, NOW)
    gate.hear(reservation, Told(100, 0, 30.0), NOW)
    wait = gate.wait(1, NOW)
    assert 30 < wait <= 31
    ask(gate, NOW + wait)
    assert gate.fill(NOW + wait) == (1, 100), "the whole limit is there again"


def test_what_comes_back_drop_by_drop_is_seen() -> None:
    gate, now, left = Learned(0.2), NOW, 100.0
    for _ in range(60):
        reservation = ask(gate, now)
        left = min(100.0, left) - 1
        gate.hear(reservation, Told(100, int(left), (100 - left) * 0.6), now)
        gate.answered()
        now, left = now + 0.1, left + 0.1 / 0.6
    assert gate.refill == pytest.approx(1 / 0.6, rel=0.1)
    before = gate.left(now)
    assert gate.left(now + 6) == pytest.approx(before + 10, abs=1)
    reservation = ask(gate, now)
    gate.hear(reservation, Told(100, 0, 60.0), now)
    assert 0.5 < gate.wait(1, now) < 5, "not until all of it is back, and a little is left to whoever took the rest"


def test_what_others_use_is_taken_as_it_is() -> None:
    gate, now, left = Learned(0.2), NOW, 1000
    for _ in range(100):
        reservation = ask(gate, now)
        left -= 5
        gate.hear(reservation, Told(1000, left, NOW + 60 - now), now)
        gate.answered()
        now += 0.1
    assert gate.fill(now)[0] == 500
    assert gate.share == pytest.approx(0.2, abs=0.07)
    gate.share = 0.2
    asked = 0
    while not isinstance(gate.reserve(1, now), float):
        asked += 1
    assert 20 < asked < 120, "a part of what is left, before an answer tells what others left of it"


def test_alone_all_of_it_is_ours() -> None:
    gate = Learned(0.2)
    now = used(gate, 50, NOW)
    assert gate.share == pytest.approx(1.0)
    asked = 0
    while not isinstance(gate.reserve(1, now), float):
        asked += 1
    assert asked >= 30


def test_a_refusal_keeps_everyone_away_and_fewer_come_back() -> None:
    gate = Learned(0.2)
    now = used(gate, 20, NOW)
    before = gate._most_unheard
    gate.refused(now + 7)
    assert gate.wait(1, now) == 7
    assert gate._most_unheard == before // 2
    gate.refused(now + 3)
    assert gate.wait(1, now) == 7
    assert gate.wait(1, now + 7) == 0


def test_a_refusal_that_tells_of_no_reset_is_one() -> None:
    gate = Learned(0.2)
    gate.hear(ask(gate, NOW), Told(100, 50), NOW)
    gate.refused(NOW + 5)
    assert gate.wait(1, NOW) == 5
    assert gate.wait(1, NOW + 6) == 0


def test_nothing_left_and_no_word_of_more_is_not_for_ever() -> None:
    gate = Learned(0.2)
    gate.hear(ask(gate, NOW), Told(None, 0, None), NOW)
    assert gate.wait(1, NOW) == 60
    ask(gate, NOW + 60)
    assert isinstance(gate.reserve(1, NOW + 61), float), "one, and then whatever the answer to that says"


def test_another_limit_is_another_story() -> None:
    gate = Learned(0.2)
    now = used(gate, 50, NOW)
    gate.hear(ask(gate, now), Told(100, 0, 60.0), now)
    assert gate.wait(1, now) > 0
    gate.hear(None, Told(1000, 900, 60.0), now)
    assert gate.wait(1, now) == 0
    assert gate.fill(now) == (100, 1000)


def test_an_amount_above_the_limit_waits_for_all_of_it_and_not_for_ever() -> None:
    gate = Learned(0.2)
    gate.hear(ask(gate, NOW, 10), Told(1000, 1000, 0.0), NOW)
    ask(gate, NOW, 5000)


def test_a_limit_without_a_word_on_the_rest_tells_nothing() -> None:
    gate = Learned(0.2)
    gate.hear(ask(gate, NOW), Told(100, None, 5.0), NOW)
    assert gate.limit is None
    gate.hear(ask(gate, NOW), Told(None, 50, None), NOW)
    assert gate.limit == 50
    assert gate.wait(1, NOW) == 0


COUNTS = st.none() | st.integers(0, 3) | st.integers(0, 10**15)
RESETS = st.none() | st.floats(0, 1e-6) | st.floats(0, 1e9)
Answer = tuple[int | None, int | None, float | None, int, float, bool]
ANSWERS = st.lists(st.tuples(COUNTS, COUNTS, RESETS, st.integers(0, 10**15), st.floats(0, 100), st.booleans()))


@given(ANSWERS)
def test_whatever_is_told_there_is_an_answer(
    answers: list[tuple[int | None, int | None, float | None, int, float, bool]],
) -> None:
    gate, now = Learned(0.2), NOW
    for limit, remaining, reset, amount, pause, refused in answers:
        reservation = gate.reserve(amount, now)
        if isinstance(reservation, float):
            assert 0 < reservation < float("inf")
        else:
            gate.start(reservation, now)
        now += pause
        asked = reservation if isinstance(reservation, Reservation) else None
        gate.hear(asked, Told(limit, remaining, reset), now)
        if refused:
            gate.refused(now + pause)
        assert gate.wait(0, now) >= 0
        assert gate.fill(now)[0] >= 0
        assert 0 < gate.share <= 1
