"""What a second attempt gains in the slowest hundredth, and what it costs."""

from __future__ import annotations

import pytest

from proxy.policies.hedge import MADE, WON, HedgeRule
from tests.simulation.pod import Rules
from tests.simulation.scenes import UNSTEADY, Played, hedged, play
from tests.simulation.world import Modelled, Way, quantile


def slowest(played: Played, share: float) -> float:
    return quantile((call.seconds for call in played.calls), share)


def extra(played: Played) -> float:
    """Attempts more than calls, as a share of these."""
    return sum(len(each.asked) for each in played.world.providers.values()) / len(played.calls) - 1


@pytest.mark.parametrize("stream", [False, True])
def test_the_slowest_hundredth_is_three_times_as_quick(stream: bool) -> None:
    """For one call in twenty asked twice; to the first token, or to the end."""
    plain, twice = hedged(0.0), hedged(0.05, stream=stream)
    assert slowest(plain, 0.99) > 5
    assert slowest(twice, 0.99) < 1.75
    assert slowest(twice, 0.5) == pytest.approx(slowest(plain, 0.5), abs=0.05)


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_it_costs_no_more_than_its_share(share: float) -> None:
    played = hedged(share)
    hedge = played.pods[0].hedge
    assert hedge is not None
    assert 0.8 * share < extra(played) <= share
    assert 0 < hedge.counted[WON] < hedge.counted[MADE]


def test_the_slowest_twentieth_stays_one() -> None:
    """Who is overtaken is remembered as slow. Otherwise the target would look ever quicker, and ever more be asked twice."""
    played = hedged(1.0)
    assert extra(played) == pytest.approx(0.05, abs=0.01)


def test_what_is_unusual_is_asked_of_the_target_that_is_asked() -> None:
    """The first in the configuration takes four times as long as the other: neither is hurried for what is usual there."""
    providers = [Modelled("a", [(0.0, Way(2.0, spread=0.1))]), Modelled("b", [(0.0, Way(0.5, spread=0.1, slow=0.02))])]
    played = play(providers, "ab", Rules("round_robin", hedge=HedgeRule(share=0.2)), rate=20.0, until=120.0)
    quick = [call.seconds for call in played.calls if call.target == "b" and call.attempts == 1]
    assert extra(played) == pytest.approx(0.05, abs=0.02)
    # Of those that `b` alone has answered none took as long as it would take if only what is usual at `a` were too long.
    assert quantile(quick, 0.995) < 1.0


def test_a_target_does_not_look_slow_because_it_was_asked_second() -> None:
    """Its time counts from when it was asked, streamed or not."""
    for stream in (False, True):
        providers = [Modelled("a", [(0.0, Way(10.0))]), Modelled("b", [(0.0, Way(0.5))])]
        rules = Rules(hedge=HedgeRule(after=2.0, share=1.0))
        played = play(providers, "ab", rules, rate=5.0, until=20.0, stream=stream)
        assert played.pods[0].standing("b").latency == pytest.approx(0.5)
        assert played.pods[0].standing("a").latency == pytest.approx(2.5)


def test_a_single_target_can_be_asked_twice() -> None:
    providers = [Modelled("a", [(0.0, UNSTEADY)])]
    played = play(providers, "a", Rules(hedge=HedgeRule(share=0.05)), rate=30.0, until=60.0)
    assert slowest(played, 0.99) < 2.5
    assert extra(played) <= 0.05
