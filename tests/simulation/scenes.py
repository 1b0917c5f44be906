"""What is played: providers that fail, hang, slow down and get well again, under the policies and traffic that a scene names.

Scenes that several ask for are played once. The same seed gives the same calls, to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from proxy.policies.breaker import BreakerRule, Rate
from proxy.policies.hedge import HedgeRule
from proxy.resilience import NEVER
from tests.simulation.clock import simulate
from tests.simulation.pod import NO_BREAKER, ONE_ATTEMPT, UNBOUNDED, Pod, Rules, arrivals
from tests.simulation.world import DEAD, Ended, Modelled, Way, World, between, share_well


class Played(NamedTuple):
    """How it ended. `calls` are of all pods, in the order in which they began."""

    world: World
    pods: Sequence[Pod]
    calls: Sequence[Ended]

    def asked(self, name: str, start: float, end: float) -> int:
        return sum(start <= at < end for at in self.world.providers[name].asked)


def play(
    providers: Sequence[Modelled],
    targets: str,
    rules: Rules,
    *,
    rate: float,
    until: float,
    pods: int = 1,
    users: int = 1,
    stream: bool = False,
    seed: int = 1,
) -> Played:
    """`targets`: the names of those that the alias has, each a letter; `rate`: calls a second over all pods."""

    async def main() -> Played:
        world = World(*providers, seed=seed)
        there = [Pod(world, targets, rules) for _ in range(pods)]
        return Played(world, there, await arrivals(there, rate, until, users, stream))

    return simulate(main())


# ---- a target that slows down for a while

SLOW_FROM, SLOW_TO, SLOW_OVER = 40.0, 140.0, 270.0


@cache
def slowing(times: float, rate: float, pods: int) -> Played:
    """`a` takes `times` as long as `b` for a while; both take half a second else."""
    usual = Way(spread=0.3)
    ways = [(0.0, usual), (SLOW_FROM, Way(0.5 * times, spread=0.3)), (SLOW_TO, usual)]
    providers = [Modelled("a", ways), Modelled("b", [(0.0, usual)])]
    return play(providers, "ab", Rules("latency"), rate=rate, until=SLOW_OVER, pods=pods)


# ---- a small and a large server

LARGE, SMALL = Way(0.5, spread=0.3), Way(2.0, spread=0.3)


@cache
def unequal(strategy: str, pods: int = 1) -> Played:
    """Each works on eight calls at once, and one of them four times as fast: 16 a second, and 4. They are asked 12."""
    providers = [Modelled("a", [(0.0, LARGE)], slots=8), Modelled("b", [(0.0, SMALL)], slots=8)]
    return play(providers, "ab", Rules(strategy), rate=12.0, until=100.0, pods=pods)


# ---- a provider that answers nobody

OUTAGE, OUTAGE_ENDS = 30.0, 130.0


@cache
def outage(rate: float, breaker: bool = False, share: float = 0.1) -> Played:
    """From half a minute on the only target answers nobody."""
    rules = Rules(breaker=BreakerRule() if breaker else NO_BREAKER, share=share)
    return play([Modelled("a", [(0.0, Way()), (OUTAGE, DEAD)])], "a", rules, rate=rate, until=OUTAGE_ENDS)


# ---- one of two dies, and comes back

DIES, BACK = 30.0, 100.0


@cache
def dying(pods: int) -> Played:
    ways = [(0.0, Way()), (DIES, DEAD), (BACK, Way())]
    return play([Modelled("a", ways), Modelled("b")], "ab", Rules("round_robin"), rate=15.0, until=160.0, pods=pods)


# ---- a provider that fails a part of its calls

#: The rule that looks at the share of failures, and not at a row of them.
BY_RATE = BreakerRule(failures=NEVER, rate=Rate(0.5, 30.0, 20))
#: Who meets it how.
MEETING: dict[str, Rules] = {
    "one attempt": Rules(retry=ONE_ATTEMPT, breaker=NO_BREAKER),
    "three attempts": Rules(breaker=NO_BREAKER),
    "three attempts, no budget": Rules(breaker=NO_BREAKER, share=UNBOUNDED),
    "three attempts and a breaker": Rules(),
    "three attempts and a breaker by rate": Rules(breaker=BY_RATE),
    "a fallback as well": Rules(fallback=["b"]),
}
FAILING = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


@cache
def failing(share: float, meeting: str, rate: float = 10.0) -> Played:
    """After half a minute in which all was well."""
    ways = [(0.0, Way()), (30.0, Way(failing=share))]
    return play([Modelled("a", ways), Modelled("b")], "a", MEETING[meeting], rate=rate, until=110.0)


def success(played: Played) -> float:
    return share_well(between(played.calls, 30.0, float("inf")))


# ---- a provider that takes ten times as long now and then

#: One answer in fifty takes ten times as long.
UNSTEADY = Way(0.5, spread=0.3, slow=0.02)


@cache
def hedged(share: float, after: float | None = None, stream: bool = False) -> Played:
    """`share` of 0: not at all."""
    rule = HedgeRule(after, share) if share else None
    providers = [Modelled(name, [(0.0, UNSTEADY)]) for name in "ab"]
    return play(providers, "ab", Rules("round_robin", hedge=rule), rate=30.0, until=75.0, stream=stream)


# ---- what is read off


def asked_per_call(played: Played, start: float, end: float) -> float:
    """How often `a` was asked for each call that began then."""
    calls = len(between(played.calls, start, end))
    return played.asked("a", start, end) / calls if calls else 0.0


def share_of(played: Played, name: str, start: float, end: float) -> float:
    """Of the calls that began then, those that `name` was asked last for."""
    calls = between(played.calls, start, end)
    return sum(call.target == name for call in calls) / len(calls) if calls else 0.0
