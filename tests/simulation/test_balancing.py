"""Who gets how much: the strategies' shares, and how soon they notice that a target is slow, small, or well again."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.policies.strategies import STRATEGIES
from tests.simulation.pod import Rules
from tests.simulation.scenes import (
    BACK,
    DIES,
    SLOW_FROM,
    SLOW_OVER,
    SLOW_TO,
    Played,
    dying,
    play,
    share_of,
    slowing,
    unequal,
)
from tests.simulation.world import DEAD, Ended, Modelled, Way, between, quantile, shares

WEIGHTS = {"a": 0.7, "b": 0.2, "c": 0.1}
THIRDS = dict.fromkeys("abc", 1 / 3)
#: Strategy -> the share of each of three targets that are all well; what differs between them is their weights and prices.
SHARES: dict[str, dict[str, float]] = {
    "priority": {"a": 1.0},
    "round_robin": THIRDS,
    "random": THIRDS,
    "weighted": WEIGHTS,
    "least_connections": WEIGHTS,
    "latency": THIRDS,
    "cheapest": {"c": 1.0},
}


def three(strategy: str, **more: Any) -> Played:
    providers = [Modelled(name, [(0.0, Way(0.5, spread=0.3))]) for name in "abc"]
    rules = Rules(strategy, WEIGHTS, prices={"a": 3, "b": 2, "c": 1}, sticky=more.get("users", 0) > 0)
    return play(providers, "abc", rules, **{"rate": 60.0, "until": 45.0} | more)


def test_every_strategy_has_its_shares() -> None:
    assert SHARES.keys() == STRATEGIES.keys()


@pytest.mark.parametrize("strategy", SHARES)
def test_shares_are_as_they_should_be(strategy: str) -> None:
    found = shares(three(strategy).calls)
    assert found == pytest.approx(SHARES[strategy], abs=0.04 if strategy == "least_connections" else 0.02)


@pytest.mark.parametrize(
    ("strategy", "slack"), [("round_robin", 0.02), ("weighted", 0.02), ("least_connections", 0.06)]
)
def test_so_they_are_over_several_pods(strategy: str, slack: float) -> None:
    """Each pod knows what is on its own way only: the fewer those are, the less exactly they can be shared out by weight."""
    assert shares(three(strategy, pods=4).calls) == pytest.approx(SHARES[strategy], abs=slack)


def whose(calls: list[Ended]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for call in calls:
        found.setdefault(call.user, set()).add(call.target)
    return found


def test_sticky_callers_are_shared_out_by_weight_and_stay() -> None:
    targets = whose(list(three("round_robin", users=3000).calls))
    assert all(len(each) == 1 for each in targets.values())
    found = [name for each in targets.values() for name in each]
    for name, share in WEIGHTS.items():
        assert found.count(name) / len(found) == pytest.approx(share, abs=0.02)


def test_sticky_callers_move_only_when_their_own_target_goes() -> None:
    """It dies at 20 s and its breaker is open then; at 60 s it is back, and so are its callers, and nobody else's."""
    providers = [Modelled("a", [(0.0, Way()), (20.0, DEAD), (45.0, Way())]), Modelled("b"), Modelled("c")]
    rules = Rules("round_robin", WEIGHTS, sticky=True)
    calls = play(providers, "abc", rules, rate=50.0, until=90.0, users=100).calls
    first, without, after = (whose(between(calls, *times)) for times in ((0, 19), (25, 45), (60, 90)))
    assert all("a" not in each for each in without.values())
    assert first.keys() == without.keys() == after.keys()
    assert all(without[user] == each for user, each in first.items() if each != {"a"})
    moved = [each for user, each in without.items() if first[user] == {"a"}]
    assert sum(each == {"b"} for each in moved) / len(moved) == pytest.approx(2 / 3, abs=0.12)
    assert after == first


# ---- latency


@pytest.mark.parametrize(("times", "pods"), [(6.0, 1), (60.0, 1), (60.0, 3)])
def test_a_slow_target_gets_as_much_less_as_it_is_slower(times: float, pods: int) -> None:
    """Within a minute; of 20 calls a second over all pods."""
    played = slowing(times, 20.0, pods)
    assert share_of(played, "a", 0, SLOW_FROM) == pytest.approx(0.5, abs=0.05)
    assert share_of(played, "a", SLOW_FROM + 60, SLOW_TO) == pytest.approx(1 / (1 + times), abs=0.03)


@pytest.mark.parametrize(("times", "rate", "pods"), [(6.0, 20.0, 1), (60.0, 20.0, 1), (60.0, 20.0, 3), (60.0, 2.0, 1)])
def test_it_is_noticed_that_it_is_quick_again(times: float, rate: float, pods: int) -> None:
    """Within a minute and a half, however slow it was and however seldom it is asked."""
    played = slowing(times, rate, pods)
    slack = 0.05 if rate > 2 else 0.12
    assert share_of(played, "a", SLOW_TO + 90, SLOW_OVER) == pytest.approx(0.5, abs=slack)


def test_the_share_does_not_swing() -> None:
    """Two servers that get slower the more they are asked: each ten seconds look like the others."""
    played = unequal("latency")
    found = [share_of(played, "a", start, start + 10) for start in range(20, 100, 10)]
    assert max(found) - min(found) < 0.15
    assert sum(found) / len(found) == pytest.approx(0.8, abs=0.03)


# ---- least_connections


def test_a_small_server_gets_what_it_can_do() -> None:
    """In turn it gets 6 a second and can do 4, so callers wait for a minute; by load nobody waits, in one pod or in four."""
    in_turn = unequal("round_robin")
    assert quantile((call.seconds for call in in_turn.calls), 0.95) > 30
    for pods, share in ((1, 0.77), (4, 0.72)):
        played = unequal("least_connections", pods)
        assert shares(played.calls)["a"] == pytest.approx(share, abs=0.03)
        assert quantile((call.seconds for call in played.calls), 0.95) < 4


# ---- who is left


@pytest.mark.parametrize("pods", [1, 5])
def test_who_is_left_gets_all_and_later_his_share_again(pods: int) -> None:
    played = dying(pods)
    assert share_of(played, "b", DIES + 5, BACK) == 1.0
    assert share_of(played, "a", BACK + 35, 160) == pytest.approx(0.5, abs=0.02)
