"""What a call reserves, what it gets back for every way it can end, and which limits it meets at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from proxy.call import Call, Failure, Outcome, Target, Usage
from proxy.config.limits import Rule
from proxy.policies.adaptive import Adaptive
from proxy.policies.rate_limit import FIRST_ANSWER
from tests.policies.limited import FAST, NOW, THERE, answering, asked, policy, used
from tests.simulation.clock import simulate


async def test_a_call_that_meets_no_limit_passes_directly() -> None:
    async def handler(call: Call) -> Outcome:
        return Outcome(200)

    passed = handler(asked("slow"))
    assert policy(FAST)(asked("slow"), lambda call: passed) is passed
    assert policy(FAST).around(lambda call: passed)(asked("slow")) is passed
    await passed


async def test_what_was_reserved_is_reconciled() -> None:
    limits, seen = policy(FAST), list[tuple[float, float]]()

    async def handler(call: Call) -> Outcome:
        seen.append(used(limits))
        call.attempts += 1
        return Outcome(200, Usage(input=90, output=40))

    await limits(asked(max_tokens=300), handler)
    await limits.around(handler)(asked(max_tokens=300))
    assert seen == [(1, 400), (2, 530)]
    assert used(limits) == (2, 260)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({}, FIRST_ANSWER),
        ({"max_tokens": 50}, 50),
        ({"max_completion_tokens": 60}, 60),
        ({"max_completion_tokens": 60, "max_tokens": 50}, 60),
        ({"max_tokens": 10**9}, 900),
        ({"max_tokens": "many"}, FIRST_ANSWER),
        ({"max_tokens": True}, FIRST_ANSWER),
        ({"max_tokens": None}, FIRST_ANSWER),
    ],
)
async def test_what_an_answer_is_thought_to_take(said: dict[str, Any], answer: int) -> None:
    limits = policy(FAST)
    await limits(asked(**said), answering(None))
    assert used(limits) == (1, 100 + answer)


async def test_answers_are_learned_from_answers() -> None:
    limits = policy(FAST._replace(requests=None, tokens=10**9))
    for _ in range(200):
        await limits(asked(), answering(Usage(input=100, output=1000)))
    seen = []

    async def handler(call: Call) -> Outcome:
        (limiter,) = limits.scopes[0].every()
        assert limiter.tokens is not None
        seen.append(limiter.tokens.fill(NOW)[0] - 200 * 1100)
        return Outcome(200)

    await limits(asked(), handler)
    assert seen == [pytest.approx(1100, abs=5)]


async def test_a_refusal_names_the_limit_and_when_to_come_again() -> None:
    limits = policy(FAST._replace(requests=1))
    await limits(asked(), answering())
    with pytest.raises(Failure, match="rate_limited: the limit fast is used up") as refused:
        await limits(asked(), answering())
    assert refused.value.status == 429
    assert refused.value.retry_after == pytest.approx(60, abs=1)
    with pytest.raises(Failure, match="request_too_large"):
        await limits(asked(prompt=1001), answering())


async def test_what_one_limit_gave_goes_back_when_the_next_refuses() -> None:
    narrow = FAST._replace(name="users", model="", header="x-user")
    limits = policy(FAST._replace(requests=1), narrow)
    assert [scope.rule.name for scope in limits.scopes] == ["users", "fast"]
    await limits(asked(), answering(Usage(input=1)))
    for _ in range(3):
        with pytest.raises(Failure, match="the limit fast"):
            await limits(asked(), answering(Usage(input=1)))
    assert used(limits, 0) == used(limits, 1) == (1, 1)
    assert not any(scope.every()[0].busy for scope in limits.scopes)


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        (THERE, {("there", "a"), ("there", "b")}),
        (THERE._replace(model="a"), {("there", "a")}),
        (THERE._replace(provider="here"), {("here", "a")}),
    ],
)
async def test_limits_of_targets(rule: Rule, met: set[tuple[str, str]]) -> None:
    for name, model in (("there", "a"), ("there", "b"), ("here", "a")):
        limits = policy(rule)
        await limits(asked("fast", Target(name, model, None)), answering())
        assert (used(limits)[0] == 1) is ((name, model) in met)


async def test_how_long_a_call_would_wait() -> None:
    limits = policy(FAST._replace(requests=1))
    assert limits.wait_for(asked()) == 0
    await limits(asked(), answering())
    assert limits.wait_for(asked()) == pytest.approx(60, abs=1)
    assert limits.wait_for(asked("slow")) == 0
    with pytest.raises(Failure, match="1001 tokens"):
        limits.wait_for(asked(prompt=1001))


async def test_what_did_not_change_goes_on_after_a_reload() -> None:
    before = policy(FAST, THERE)
    await before(asked(target=Target("there", "m", None)), answering())
    after = policy(FAST, THERE._replace(requests=5), previous=before)
    assert [scope in before.scopes for scope in after.scopes] == [True, False]
    assert used(before, 1)[0] == 1
    assert used(after, 1)[0] == 0


def test_a_wait_in_the_queue_is_part_of_the_call() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        limits = policy(FAST._replace(requests=1, wait=100.0), time=loop.time)
        await limits(asked(), answering())
        call, phases = asked(), list[str]()

        async def handler(call: Call) -> Outcome:
            phases.append(call.phase)
            return Outcome(200)

        began = loop.time()
        waiting = asyncio.ensure_future(limits(call, handler))
        await asyncio.sleep(1)
        assert call.phase == "queued"
        await waiting
        assert loop.time() - began == call.queued == pytest.approx(60, abs=1)
        await limits(asked(), answering())
        late, began = asked(), loop.time()
        late.deadline = began + 5
        with pytest.raises(Failure, match="for as long as the call may wait"):
            await limits(late, answering())
        assert loop.time() - began == late.queued == pytest.approx(5)

    simulate(main())


def test_a_learned_limit_is_met_after_the_operators() -> None:
    async def main() -> None:
        learned = {name: Adaptive(name, lambda _: None, lambda _: None, lambda: NOW) for name in ("there", "here")}
        limits = policy(THERE._replace(requests=2), learned=learned)
        assert [kept.line.name for kept in limits.kept] == ["there", "there (learned)", "here (learned)"]
        seen: list[int] = []

        async def handler(call: Call) -> Outcome:
            seen.extend(len(adaptive.every()) for adaptive in learned.values())
            (limiter,) = [limiter for adaptive in learned.values() for limiter in adaptive.every() if limiter.out]
            assert limiter.requests is not None
            assert limiter.requests.fill(NOW)[0] == 1
            return Outcome(200)

        await limits(asked(target=Target("there", "m", None)), handler)
        await limits(asked(target=Target("here", "m", None)), handler)
        assert seen == [1, 0, 1, 1]
        await limits(asked(target=Target("nowhere", "m", None)), answering())
        assert not any(limiter.busy for adaptive in learned.values() for limiter in adaptive.every())

    asyncio.run(main())
