"""However a batched call ends, it ends alone: nobody else hears of it, and nothing of it is left."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from proxy.call import CUT, Call, Failure, Outcome
from proxy.config.batching import Batching as Section
from proxy.policies.batching import Batch, Batching, Member
from tests.policies.clocked import Clock
from tests.policies.embedding import Provider, ask, begin, embedding, heard, policy, reply, vector, vectors
from tests.policies.racing import turns

LONG = Section(enabled=True, window=0.5)


async def gone(*going: asyncio.Future[Outcome]) -> list[Any]:
    for each in going:
        each.cancel()
    return await asyncio.gather(*going, return_exceptions=True)


def tasks() -> int:
    return len(asyncio.all_tasks())


async def test_who_hangs_up_before_the_batch_leaves_is_not_asked_for() -> None:
    batching, provider = policy(Section(enabled=True, window=0.03)), Provider()
    calls = [embedding(text, number=number) for number, text in enumerate("abc")]
    going = begin(batching, provider, *calls)
    await turns()
    await gone(going[1])
    await asyncio.gather(going[0], going[2])
    assert provider.inputs == [["a", "c"]]
    assert [vectors(calls[0]), vectors(calls[2])] == [[vector("a")], [vector("c")]]
    assert heard(calls[1]) == []


async def test_who_is_left_alone_goes_as_it_came() -> None:
    provider, calls = Provider(), [embedding("a"), embedding("b", number=1)]
    going = begin(policy(Section(enabled=True, window=0.03)), provider, *calls)
    await turns()
    await gone(going[0])
    await going[1]
    assert provider.asked == [calls[1]]


async def test_if_all_hang_up_before_it_leaves_nobody_is_asked() -> None:
    batching, provider = policy(LONG), Provider()
    before = tasks()
    going = begin(batching, provider, embedding("a"), embedding("b", number=1))
    await turns()
    await gone(*going)
    assert (provider.asked, batching.waiting, tasks()) == ([], 0, before)
    calls = [embedding(["a"] * 96), embedding("c")]
    await ask(policy(Section(enabled=True, window=0.01)), provider, *calls)
    assert len(provider.asked) == 2


async def test_who_hangs_up_later_loses_only_its_own_part() -> None:
    provider = Provider(hold=True)
    calls = [embedding(text, number=number) for number, text in enumerate("abc")]
    going = begin(policy(Section(enabled=True, window=0.01)), provider, *calls)
    await provider.came.wait()
    await gone(going[0])
    provider.go.set()
    await asyncio.gather(*going[1:])
    assert [vectors(call) for call in calls[1:]] == [[vector("b")], [vector("c")]]
    assert heard(calls[0]) == []
    assert provider.cancelled == 0
    assert (calls[0].phase, calls[0].attempts) == ("waiting", 1)


async def test_when_the_last_one_hangs_up_the_request_is_given_up_at_once() -> None:
    batching, provider = policy(Section(enabled=True, window=0.01)), Provider(hold=True)
    before = tasks()
    going = begin(batching, provider, embedding("a"), embedding("b", number=1))
    await provider.came.wait()
    going[0].cancel()
    await turns()
    assert provider.cancelled == 0
    going[1].cancel()
    await asyncio.sleep(0)  # the caller hears of it
    await asyncio.sleep(0)  # and so does the request
    assert provider.cancelled == 1
    await asyncio.gather(*going, return_exceptions=True)
    assert (batching.waiting, tasks()) == (0, before)


async def test_a_call_that_the_sidecar_cuts_stays_cut() -> None:
    provider, calls = Provider(hold=True), [embedding("a"), embedding("b", number=1)]
    going = begin(policy(Section(enabled=True, window=0.01)), provider, *calls)
    await provider.came.wait()
    for call in calls:
        call.phase = CUT
    await gone(*going)
    assert [call.phase for call in calls] == [CUT, CUT]


async def test_each_leaves_by_its_own_deadline_and_the_last_one_ends_it() -> None:
    clock, provider = Clock(), Provider(hold=True)
    batching = policy(Section(enabled=True, window=0.01), clock=clock)
    calls = [embedding(text, number=n, deadline=clock.now + 0.05 * (n + 1)) for n, text in enumerate("ab")]
    going = begin(batching, provider, *calls)
    with pytest.raises(Failure, match="timeout"):
        await going[0]
    assert provider.cancelled == 0
    assert provider.asked[0].deadline == calls[1].deadline
    with pytest.raises(Failure, match="timeout"):
        await going[1]
    assert (provider.cancelled, batching.waiting) == (1, 0)


async def test_a_deadline_within_the_window() -> None:
    clock, provider = Clock(), Provider()
    batching, call = policy(LONG, clock=clock), embedding("a", deadline=clock.now + 0.01)
    going = begin(batching, provider, call, embedding("b", number=1))
    with pytest.raises(Failure, match="timeout"):
        await going[0]
    await gone(going[1])
    assert provider.asked == []


async def test_one_that_is_late_does_not_lose_a_good_answer_of_the_others() -> None:
    clock, provider = Clock(), Provider(hold=True)
    batching = policy(Section(enabled=True, window=0.01), clock=clock)
    calls = [embedding("a", deadline=clock.now + 0.03), embedding("b", number=1)]
    going = begin(batching, provider, *calls)
    with pytest.raises(Failure, match="timeout"):
        await going[0]
    provider.go.set()
    await going[1]
    assert vectors(calls[1]) == [vector("b")]


# ---- nothing is left


async def good(batching: Batching) -> None:
    await ask(batching, Provider(), *several())


async def refused(batching: Batching) -> None:
    await ask(batching, Provider(Failure("provider_error", "broken")), *several())


async def apart(batching: Batching) -> None:
    await ask(batching, Provider(*[Failure("invalid_request", "bad")] * 4), *several())


async def not_shared_out(batching: Batching) -> None:
    await ask(batching, Provider(reply("a")), *several())


async def given_up(batching: Batching) -> None:
    provider = Provider(hold=True)
    going = begin(batching, provider, *several())
    await provider.came.wait()
    await gone(*going)


async def too_late(batching: Batching) -> None:
    await ask(batching, Provider(hold=True), *[embedding(text, deadline=100.0 + 0.02) for text in "abc"])


def several() -> list[Call]:
    return [embedding(text, number=number) for number, text in enumerate("abc")]


@pytest.mark.parametrize("end", [good, refused, apart, not_shared_out, given_up, too_late])
async def test_nothing_waits_for_the_collector(end: Any) -> None:
    batching = policy(Section(enabled=True, window=0.002))
    await end(batching)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(3):
            await end(batching)
        gc.collect()
        assert [type(each) for each in gc.garbage if isinstance(each, Call | Failure | Batch | Member)] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
