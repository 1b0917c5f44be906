"""Each strategy chooses as its name says, over many choices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest

from proxy.policies.breaker import Breaker, BreakerRule
from proxy.policies.standing import Standing
from proxy.policies.strategies import STRATEGIES, Candidate, Round, kept
from tests.policies.clocked import Clock, call_to, target

CALL = call_to()


def candidates(*weights: float) -> list[Candidate]:
    clock = Clock()
    return [
        Candidate(target(name), Standing(name, Breaker(BreakerRule(), clock), clock), weight)
        for name, weight in zip("abcdef", weights or (1, 1, 1), strict=False)
    ]


def chosen(
    strategy: str,
    among: list[Candidate],
    times: int = 3000,
    price: Callable[[str], str | None] = lambda name: None,
) -> Counter[str]:
    dice = Random(7).random

    def priced(target: object, call: object) -> Decimal | None:
        said = price(target.name)  # type: ignore[attr-defined]
        return None if said is None else Decimal(said)

    rounds = (Round(CALL, turn, dice, priced) for turn in range(times))
    return Counter(STRATEGIES[strategy](among, each).target.name for each in rounds)


def test_priority_is_the_order() -> None:
    assert chosen("priority", candidates()) == {"a": 3000}


def test_round_robin_takes_turns() -> None:
    assert chosen("round_robin", candidates()) == {"a": 1000, "b": 1000, "c": 1000}


def test_random_is_even() -> None:
    assert all(900 < number < 1100 for number in chosen("random", candidates()).values())


def test_weighted_follows_the_weights() -> None:
    share = chosen("weighted", candidates(0.7, 0.3), 10_000)
    assert share["a"] / 10_000 == pytest.approx(0.7, abs=0.02)


def test_least_connections_sees_what_is_on_its_way() -> None:
    among = candidates()
    among[0].standing.in_flight = among[2].standing.in_flight = 4
    assert chosen("least_connections", among) == {"b": 3000}
    among[1].standing.in_flight = 4
    assert chosen("least_connections", among) == {"a": 1000, "b": 1000, "c": 1000}


def test_least_connections_heeds_weights() -> None:
    among = candidates(3, 1)
    among[0].standing.in_flight, among[1].standing.in_flight = 2, 1
    assert chosen("least_connections", among) == {"a": 3000}


def test_least_connections_heeds_weights_where_nothing_is_on_its_way() -> None:
    assert chosen("least_connections", candidates(3, 1))["a"] / 3000 == pytest.approx(0.75, abs=0.02)


def test_latency_draws_the_quicker_more_often() -> None:
    among = candidates(1, 1)
    among[0].standing.latencies.extend([0.1] * 100)
    among[1].standing.latencies.extend([0.4] * 100)
    assert chosen("latency", among, 10_000)["a"] / 10_000 == pytest.approx(0.8, abs=0.02)


def test_latency_tries_who_was_never_asked() -> None:
    among = candidates(1, 1)
    among[0].standing.latencies.extend([0.1] * 100)
    assert chosen("latency", among, 10_000)["b"] / 10_000 == pytest.approx(0.5, abs=0.02)


def test_cheapest() -> None:
    prices = {"a": "0.003", "b": "0.001", "c": None}
    assert chosen("cheapest", candidates(), price=prices.__getitem__) == {"b": 3000}
    assert chosen("cheapest", candidates()) == {"a": 3000}


def test_who_sticks_gets_the_same_one_and_shares_hold() -> None:
    among = candidates(0.7, 0.3)
    got = {f"user-{number}": kept(among, f"user-{number}").target.name for number in range(10_000)}
    assert all(kept(among, key).target.name == name for key, name in list(got.items())[:100])
    assert Counter(got.values())["a"] / 10_000 == pytest.approx(0.7, abs=0.02)


def test_who_goes_takes_only_its_own_along() -> None:
    among = candidates(1, 1, 1)
    for number in range(500):
        name = kept(among, str(number)).target.name
        if name != "c":
            assert kept(among[:2], str(number)).target.name == name
