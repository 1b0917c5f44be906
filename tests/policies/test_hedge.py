"""Who answers first is heard, the other is cancelled, and both are counted."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from proxy.call import Call, Client, Failure, Handler, Outcome, Route, Usage
from proxy.policies.hedge import MADE, WASTED, WON, Hedge, HedgeRule
from proxy.policies.standing import Standings
from tests.policies.clocked import Clock, call_to, overloaded, target

A, B = target("a"), target("b")


class Heard:
    """A client that keeps what it is told."""

    def __init__(self) -> None:
        self.started = False
        self.heard: list[Any] = []

    def follow(self, source: Any) -> None: ...

    def start(self, status: int, headers: Any) -> None:
        self.started = True
        self.heard.append(status)

    def write(self, data: bytes) -> None:
        self.heard.append(data)

    async def finish(self) -> None:
        self.heard.append("end")


class Providers:
    """Each attempt waits until the test lets it answer."""

    def __init__(self) -> None:
        self.attempts: list[tuple[Call, asyncio.Future[Failure | None]]] = []
        self.cancelled: list[str] = []
        self.came = asyncio.Condition()

    async def __call__(self, call: Call) -> Outcome:
        assert call.target is not None
        call.attempts += 1
        go: asyncio.Future[Failure | None] = asyncio.get_running_loop().create_future()
        async with self.came:
            self.attempts.append((call, go))
            self.came.notify_all()
        try:
            failure = await go
            if failure is not None:
                raise failure
            call.client.start(200, [])
            call.client.write(call.target.name.encode())
            await call.client.finish()
        except asyncio.CancelledError:
            self.cancelled.append(call.target.name)
            raise
        return Outcome(200, Usage(input=5), call.target)

    async def wait_for(self, number: int) -> None:
        async with self.came:
            await asyncio.wait_for(self.came.wait_for(lambda: len(self.attempts) >= number), 5)

    def let(self, number: int, failure: Failure | None = None) -> None:
        self.attempts[number][1].set_result(failure)


@pytest.fixture
def providers() -> Providers:
    return Providers()


def policy(rule: HedgeRule | None = None, clock: Clock | None = None) -> Hedge:
    clock = clock or Clock()
    return Hedge({"alias": rule or HedgeRule(after=0.001, share=1.0)}, Standings({}, clock), lambda call: 7, clock)


def asked(*targets: Any) -> Call:
    return call_to(*(targets or (A, B)), client=cast(Client, Heard()), route=Route("alias"))


def begin(hedge: Hedge, call: Call, providers: Handler) -> asyncio.Future[Outcome]:
    return asyncio.ensure_future(hedge(call, providers))


async def turns() -> None:
    """Everything that can go on does."""
    for _ in range(10):
        await asyncio.sleep(0)


def heard(call: Call) -> list[Any]:
    return cast(Heard, call.client).heard


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


async def test_who_has_heard_everything_may_hang_up_at_once(providers: Providers) -> None:
    hedge, call = policy(), asked()
    going = begin(hedge, call, providers)
    await providers.wait_for(2)
    providers.let(1)
    while heard(call)[-1:] != ["end"]:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    going.cancel()
    assert (await going).usage == Usage(input=5)
    assert (call.target, call.attempts, hedge.counted[WON]) == (B, 2, 1)


async def test_what_was_heard_until_a_hang_up_is_known() -> None:
    """It was paid for."""
    spoken = asyncio.Event()

    async def speak(own: Call) -> Outcome:
        own.attempts += 1
        own.phase = "streaming"
        own.client.start(200, [])
        spoken.set()
        try:
            await asyncio.Event().wait()
            return Outcome(200)
        finally:
            own.usage = Usage(output=3)

    call = asked()
    going = begin(policy(), call, speak)
    await spoken.wait()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert (call.usage, call.attempts, call.phase) == (Usage(output=3), 1, "streaming")


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
