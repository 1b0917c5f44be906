"""A limit of several pods: the lease says how much, the pod's part where there is none, and nothing is counted twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.config.limits import Rule
from proxy.policies.bucket import Bucket, Reservation, TooLarge
from proxy.policies.shared import Shared, Taken, shared_or_own

NOW = 1000.0
PERIOD = 60.0


class Leased:
    """A lease of so much, that keeps account of what it is told."""

    def __init__(self, left: int = 100) -> None:
        self.wake: Callable[[], None] = lambda: None
        self.term = 1.0
        self.changed: Callable[[float], object] = lambda now: None
        self.live = self.reachable = True
        self.pods = 4
        self.lost = 0
        self.left = left
        self.spent = 0
        self.dropped = 0

    def take(self, amount: int, now: float) -> Taken | float:
        if amount > self.left:
            return 0.5
        self.left -= amount
        return [(7, amount)]

    def wait(self, amount: int, now: float) -> float:
        return 0.0 if amount <= self.left else 3.0

    def give_back(self, taken: Taken, amount: int) -> None:
        assert sum(some for _, some in taken) >= amount
        self.left += amount

    def spend(self, amount: int) -> None:
        self.spent += amount

    def drop(self) -> None:
        self.dropped += 1
        self.left = 0


def got(gate: Shared, amount: int, now: float = NOW, held: bool = False) -> Reservation:
    reservation = gate.reserve(amount, now, held)
    assert isinstance(reservation, Reservation)
    return reservation


def test_what_the_lease_gives_and_no_more() -> None:
    gate = Shared(100, PERIOD, Leased(30))
    got(gate, 30)
    assert gate.reserve(1, NOW) == 0.5
    assert gate.fill(NOW) == (30, 100)
    assert gate.wait(1, NOW) == 3.0


@pytest.mark.parametrize(("actual", "left", "spent"), [(30, 70, 0), (10, 90, 0), (0, 100, 0), (45, 70, 15)])
def test_what_it_really_took(actual: int, left: int, spent: int) -> None:
    lease = Leased()
    gate = Shared(100, PERIOD, lease)
    reservation = got(gate, 30)
    for _ in range(2):
        gate.settle(reservation, actual, NOW)
        assert (lease.left, lease.spent, gate.fill(NOW)[0]) == (left, spent, actual)


def test_a_refund_goes_back_once() -> None:
    lease = Leased()
    gate = Shared(100, PERIOD, lease)
    reservation = got(gate, 30, held=True)
    for _ in range(2):
        gate.refund(reservation, NOW)
        assert (lease.left, gate.fill(NOW)[0]) == (100, 0)
    assert not gate._taken


def test_what_was_held_for_long_is_used_when_it_starts() -> None:
    lease = Leased()
    gate = Shared(100, PERIOD, lease)
    quick, slow = got(gate, 10, held=True), got(gate, 20, held=True)
    gate.start(quick, NOW + 0.5)
    assert (lease.left, lease.spent) == (70, 0)
    gate.start(slow, NOW + 30)
    assert (lease.left, lease.spent) == (90, 20)
    gate.settle(slow, 20, NOW + 30)
    assert (lease.left, lease.spent) == (90, 20)


def test_without_leases_a_pod_keeps_to_its_part() -> None:
    lease = Leased()
    lease.live = lease.reachable = False
    gate = Shared(100, PERIOD, lease)
    got(gate, 20)
    assert isinstance(gate.reserve(6, NOW), float)
    got(gate, 5)
    assert (gate.fill(NOW), lease.left) == ((25, 25), 100)
    lease.pods = 1_000
    assert gate.fill(NOW)[1] == 1, "at least one"


def test_what_is_larger_than_a_part_goes_on_while_there_are_no_leases() -> None:
    lease = Leased()
    lease.live = lease.reachable = False
    gate = Shared(100, PERIOD, lease)
    got(gate, 90)
    assert isinstance(gate.reserve(1, NOW), float)
    with pytest.raises(TooLarge):
        gate.reserve(101, NOW)


def test_what_was_used_meanwhile_is_told_once() -> None:
    lease = Leased()
    gate = Shared(100, PERIOD, lease)
    got(gate, 10)
    lease.live = lease.reachable = False
    gate.settle(got(gate, 5, NOW + 1), 8, NOW + 2)
    lease.live = lease.reachable = True
    for second in (3, 4):
        got(gate, 1, NOW + second)
        assert lease.spent == 8
    lease.live = lease.reachable = False
    got(gate, 1, NOW + 5)
    lease.live = lease.reachable = True
    gate.fill(NOW + 120)
    assert lease.spent == 8, "what is older than the period is nobody's concern"


def test_until_all_have_told_what_they_used_it_is_only_told() -> None:
    lease = Leased()
    lease.live = lease.reachable = False
    gate = Shared(100, PERIOD, lease)
    got(gate, 10)
    lease.reachable = True
    lease.changed(NOW)
    assert lease.spent == 10
    gate.settle(got(gate, 5), 9, NOW)
    assert isinstance(gate.reserve(7, NOW), float), "more than its part"
    assert (lease.spent, lease.left) == (19, 100)
    lease.live = True
    got(gate, 50)
    assert (lease.spent, lease.left) == (19, 50)


def test_whoever_has_forgotten_is_told_all() -> None:
    lease = Leased()
    gate = Shared(100, PERIOD, lease)
    got(gate, 10)
    lease.live = lease.reachable = False
    got(gate, 5)
    lease.live, lease.reachable, lease.lost = True, True, 1
    assert gate.reserve(1, NOW) == 0.5
    assert (lease.dropped, lease.spent) == (1, 15)


def test_who_builds_what() -> None:
    made: list[tuple[str, int, float]] = []

    def lease(name: str, limit: int, period: float) -> Leased:
        made.append((name, limit, period))
        return Leased()

    build = shared_or_own(lease)
    rule = Rule("all", "", "m", "", 1, 5, None, PERIOD, 0.0, 1, False)
    assert isinstance(build(rule, "requests", 5, ""), Bucket)
    shared = rule._replace(shared=True)
    assert isinstance(build(shared, "requests", 5, ""), Shared)
    build(shared, "tokens", 9, "ann@example.com")
    assert made[0] == ("all:requests", 5, PERIOD)
    assert made[1][0].startswith("all:tokens:")
    assert "ann" not in made[1][0]


def test_who_waits_is_woken_by_the_lease() -> None:
    lease, woken = Leased(), list[int]()
    Shared(100, PERIOD, lease).follow(lambda: woken.append(1))
    lease.wake()
    assert woken == [1]
