"""Who answers first is heard, the other is cancelled, and both are counted."""

from __future__ import annotations

import asyncio

import pytest

from proxy.call import Failure
from proxy.policies.hedge import MADE, WASTED, WON, Hedge, HedgeRule
from proxy.policies.standings import Standings
from tests.policies.clocked import Clock, overloaded
from tests.policies.racing import A, B, Providers, asked, begin, heard, policy, turns


@pytest.fixture
def providers() -> Providers:
    return Providers()


@pytest.mark.parametrize(("first", "loser"), [(0, "b"), (1, "a")])
async def test_who_is_first_is_heard(first: int, loser: str, providers: Providers) -> None:
    hedge, call = policy(), asked()
    going = begin(hedge, call, providers)
    await providers.wait_for(2)
    providers.let(first)
    outcome = await going
    assert heard(call) == [200, "ab"[first].encode(), "end"]
    assert (outcome.target, call.target) == ((A, B)[first], (A, B)[first])
    assert providers.cancelled == [loser]
    assert (hedge.counted[MADE], hedge.counted[WON], hedge.counted[WASTED]) == (1, first, 7)
    assert call.attempts == first + 1


async def test_who_answers_in_time_is_asked_alone(providers: Providers) -> None:
    hedge, call = policy(HedgeRule(after=30.0, share=1.0)), asked()
    going = begin(hedge, call, providers)
    await providers.wait_for(1)
    providers.let(0)
    await going
    assert (len(providers.attempts), hedge.counted[MADE]) == (1, 0)


async def test_a_single_target_is_asked_again(providers: Providers) -> None:
    hedge, call = policy(), asked(A)
    going = begin(hedge, call, providers)
    await providers.wait_for(2)
    providers.let(1)
    await going
    assert providers.cancelled == ["a"]


async def test_one_failure_is_not_the_end(providers: Providers) -> None:
    hedge, call = policy(), asked()
    going = begin(hedge, call, providers)
    await providers.wait_for(2)
    providers.let(0, overloaded())
    await turns()
    providers.let(1)
    assert (await going).target is B
    assert heard(call) == [200, b"b", "end"]


async def test_two_are(providers: Providers) -> None:
    hedge, call = policy(), asked()
    going = begin(hedge, call, providers)
    await providers.wait_for(2)
    providers.let(0, overloaded())
    await turns()
    providers.let(1, Failure("timeout", "late"))
    with pytest.raises(Failure, match="timeout"):
        await going
    assert heard(call) == []


async def test_a_failure_before_the_second_is_told_at_once(providers: Providers) -> None:
    hedge, call = policy(HedgeRule(after=30.0, share=1.0)), asked()
    going = begin(hedge, call, providers)
    await providers.wait_for(1)
    providers.let(0, overloaded())
    with pytest.raises(Failure, match="overloaded"):
        await going
    assert hedge.counted[MADE] == 0


async def test_a_hang_up_ends_both(providers: Providers) -> None:
    hedge, call = policy(), asked()
    going = begin(hedge, call, providers)
    await providers.wait_for(2)
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert sorted(providers.cancelled) == ["a", "b"]


async def test_only_a_share_of_the_calls(providers: Providers) -> None:
    hedge = policy(HedgeRule(after=0.0, share=0.25))
    for number in range(20):
        call = asked()
        before = len(providers.attempts)
        going = begin(hedge, call, providers)
        await providers.wait_for(before + 1)
        await turns()
        providers.let(len(providers.attempts) - 1)
        await going
        assert hedge.counted[MADE] <= 0.25 * (number + 1)
    assert hedge.counted[MADE] == 5


async def test_nobody_knows_yet_what_is_long(providers: Providers) -> None:
    clock = Clock()
    hedge = policy(HedgeRule(share=1.0), clock)
    standing = hedge._standings.of(A)
    call = asked()
    assert hedge._delay(call, HedgeRule()) is None
    standing.latencies.extend([0.1] * 95 + [0.9] * 5)
    assert hedge._delay(call, HedgeRule()) == 0.9


async def test_others_are_asked_as_ever(providers: Providers) -> None:
    hedge = Hedge({}, Standings({}, Clock()), lambda call: 7, Clock())
    call = asked()
    going = begin(hedge, call, providers)
    await providers.wait_for(1)
    assert providers.attempts[0][0] is call
    providers.let(0)
    await going
