"""What a provider that fails is asked, and what the application notices: the retry budget, breakers and fallbacks together."""

from __future__ import annotations

from collections import Counter

import pytest

from proxy.policies.breaker import BreakerRule
from proxy.policies.retry_budget import WINDOW
from tests.simulation.pod import Rules
from tests.simulation.scenes import (
    BACK,
    DIES,
    OUTAGE,
    OUTAGE_ENDS,
    Played,
    asked_per_call,
    dying,
    failing,
    outage,
    play,
    success,
)
from tests.simulation.world import DEAD, HANGING, Modelled, Way, between, quantile, share_well

# ---- the retry budget alone: breakers are off


def calls_in(played: Played, start: float, end: float) -> int:
    return len(between(played.calls, start, end))


@pytest.mark.parametrize("rate", [15.0, 40.0])
def test_a_full_outage_is_not_multiplied(rate: float) -> None:
    """However long it has lasted: by a tenth of the calls in it and in the ten to twenty seconds before."""
    played = outage(rate)
    for end in range(int(OUTAGE) + 1, int(OUTAGE_ENDS) + 1):
        again = played.asked("a", OUTAGE, end) - calls_in(played, OUTAGE, end)
        assert again <= 0.1 * calls_in(played, OUTAGE - 2 * WINDOW, end)
    assert asked_per_call(played, OUTAGE, OUTAGE_ENDS) < 1.12


def test_it_is_not_met_in_waves() -> None:
    """When what was saved before is spent, each ten seconds are like the others."""
    played = outage(40.0)
    found = [asked_per_call(played, start, start + WINDOW) for start in range(50, 130, 10)]
    assert found == pytest.approx([1.1] * 8, abs=0.015)


@pytest.mark.parametrize("rate", [0.2, 1.0, 5.0])
def test_of_a_trickle_the_floor_is_the_bound(rate: float) -> None:
    """Ten in ten seconds are always allowed, so a call in five seconds is tried three times, and five a second 1.2 times."""
    played = outage(rate)
    windows = (OUTAGE_ENDS - OUTAGE) / WINDOW + 1
    calls = calls_in(played, OUTAGE, OUTAGE_ENDS)
    again = played.asked("a", OUTAGE, OUTAGE_ENDS + 5) - calls
    assert again <= 10 * windows
    assert again >= min(2 * calls, 10 * (windows - 2))


def test_without_the_budget_everything_is_tried_three_times() -> None:
    assert asked_per_call(outage(5.0, share=1e9), OUTAGE, OUTAGE_ENDS - 5) == pytest.approx(3.0, abs=0.1)


# ---- with breakers, as by default


@pytest.mark.parametrize(("rate", "most"), [(1.0, 12), (40.0, 30)])
def test_a_breaker_leaves_a_dead_provider_alone(rate: float, most: int) -> None:
    """Five failures, what was on its way by then, and one trial in each half minute, of a hundred seconds."""
    played = outage(rate, breaker=True)
    assert 5 + 3 <= played.asked("a", OUTAGE, OUTAGE_ENDS) <= most
    assert played.asked("a", OUTAGE + 10, OUTAGE_ENDS) <= 4


@pytest.mark.parametrize("pods", [1, 5])
def test_a_dead_provider_is_asked_by_each_pod_and_found_again_by_each(pods: int) -> None:
    """`a` is dead for 70 seconds: two trials each. It answers again within the half minute, and then all breakers are closed."""
    played = dying(pods)
    assert share_well(played.calls) == 1.0
    asked = played.asked("a", DIES, BACK)
    assert asked <= pods * (5 + 2) + 20
    for pod in played.pods:
        states = [state for _, name, state in pod.moved if name == "a"]
        assert states[-2:] == ["half_open", "closed"]
        assert Counter(states)["open"] == 3
        assert DIES + 90 < pod.moved[-1][0] < BACK + 30


def test_a_provider_that_hangs_is_found_again_a_timeout_later() -> None:
    """The trial at 70 s hangs for the ten seconds that an attempt may take, and the next one is half a minute after that."""
    ways = [(0.0, Way()), (30.0, HANGING), (75.0, Way())]
    played = play(
        [Modelled("a", ways, timeout=10.0), Modelled("b")], "a", Rules(fallback=["b"]), rate=20.0, until=130.0
    )
    assert share_well(played.calls) == 1.0
    moved = [(round(at), state) for at, _, state in played.pods[0].moved]
    assert moved == [(40, "open"), (70, "half_open"), (80, "open"), (110, "half_open"), (111, "closed")]


# ---- who else can be asked

TWO: list[tuple[str, str, list[str]]] = [
    ("priority", "a", ["b"]),
    ("priority", "ab", []),
    ("round_robin", "ab", []),
    ("latency", "ab", []),
    ("least_connections", "ab", []),
]


@pytest.mark.parametrize(("strategy", "targets", "fallback"), TWO)
@pytest.mark.parametrize("rate", [1.0, 10.0])
def test_nobody_notices_when_one_of_two_dies(strategy: str, targets: str, fallback: list[str], rate: float) -> None:
    providers = [Modelled("a", [(0.0, Way()), (20.0, DEAD)]), Modelled("b")]
    played = play(providers, targets, Rules(strategy, fallback=fallback), rate=rate, until=50.0)
    assert share_well(played.calls) == 1.0
    assert quantile((call.seconds for call in between(played.calls, 30.0, 50.0)), 0.99) < 1.0


def test_when_one_of_two_hangs_only_a_fallback_catches_all() -> None:
    """The calls of ten seconds wait in vain at once; of those the budget lets a few be asked again elsewhere."""
    caught = []
    for rules, targets in ((Rules(), "ab"), (Rules(fallback=["b"]), "a")):
        providers = [Modelled("a", [(0.0, Way()), (20.0, HANGING)], timeout=10.0), Modelled("b")]
        played = play(providers, targets, rules, rate=30.0, until=60.0)
        caught.append(share_well(between(played.calls, 20.0, 30.0)))
        assert share_well(between(played.calls, 32.0, 60.0)) == 1.0
    assert caught == [pytest.approx(0.2, abs=0.1), 1.0]


# ---- a provider that fails a third of its calls


def test_retries_help_as_far_as_the_budget_goes() -> None:
    """Of ten calls three fail; one of the three may be asked again."""
    assert success(failing(0.3, "one attempt")) == pytest.approx(0.7, abs=0.02)
    assert success(failing(0.3, "three attempts")) == pytest.approx(0.77, abs=0.03)
    assert success(failing(0.1, "three attempts")) > 0.975
    assert success(failing(0.3, "three attempts, no budget")) == pytest.approx(1 - 0.3**3, abs=0.01)


def test_failures_in_a_row_come_by_chance_where_there_are_many_calls() -> None:
    """So a breaker that counts them shuts a provider that answers two calls of three; one that looks at the share does not."""
    assert success(failing(0.3, "three attempts and a breaker")) < 0.4
    assert success(failing(0.3, "three attempts and a breaker by rate")) > 0.74
    assert success(failing(0.3, "a fallback as well")) == 1.0


def test_a_breaker_by_rate_opens_when_half_fail() -> None:
    """Within the minute that its window and the one before are."""
    pod = failing(0.7, "three attempts and a breaker by rate").pods[0]
    opened = next(at for at, _, state in pod.moved if state == "open")
    assert 30 < opened < 90
    assert not failing(0.3, "three attempts and a breaker by rate").pods[0].moved


def test_a_shorter_reset_finds_it_again_sooner() -> None:
    """What `reset` costs and gains: trials in an outage, and seconds until it is over."""
    found = []
    for reset in (5.0, 30.0):
        providers = [Modelled("a", [(0.0, Way()), (10.0, DEAD), (47.0, Way())]), Modelled("b")]
        rules = Rules("round_robin", breaker=BreakerRule(reset=reset))
        played = play(providers, "ab", rules, rate=20.0, until=90.0)
        closed = next(at for at, _, state in played.pods[0].moved if state == "closed")
        found.append((played.asked("a", 15.0, 47.0), closed - 47.0))
    (often, soon), (seldom, late) = found
    assert seldom == 1
    assert 4 <= often <= 37 / 5
    assert soon < 5 + 2 < late < 30 + 2
