"""Calls for embeddings that come together go up as one, and each gets its own part of the answer, or of the trouble."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from proxy.call import Failure, Outcome, Usage
from proxy.config.batching import Batching as Section
from proxy.policies.batching import APART, CALLS, MERGED, MOST_INPUTS
from tests.policies.embedding import ON, Provider, ask, begin, embedding, heard, policy, reply, vector, vectors
from tests.policies.racing import turns


async def test_many_go_as_one() -> None:
    batching, provider = policy(), Provider()
    calls = [embedding("a"), embedding("bb", "ccc", number=1), embedding("dddd", number=2)]
    outcomes = await ask(batching, provider, *calls)
    assert provider.inputs == [["a", "bb", "ccc", "dddd"]]
    assert [vectors(call) for call in calls] == [
        [vector("a")],
        [vector("bb"), vector("ccc")],
        [vector("dddd")],
    ]
    assert [outcome.status for outcome in outcomes if isinstance(outcome, Outcome)] == [200] * 3
    assert (batching.counted[MERGED], batching.counted[CALLS], batching.waiting) == (1, 3, 0)


async def test_tokens_and_money_are_shared_out_to_the_last_digit() -> None:
    calls = [embedding("a"), embedding("bb", "ccc", number=1), embedding("dddd", number=2)]
    await ask(policy(), Provider(), *calls)
    assert [call.usage for call in calls] == [Usage(1), Usage(5), Usage(4)]
    assert [call.cost for call in calls] == [Decimal("0.0001"), Decimal("0.0005"), Decimal("0.0004")]


async def test_each_is_told_what_became_of_the_merged_call() -> None:
    calls = [embedding("a"), embedding("b", number=1, notes=[("x-budget", "low")])]
    await ask(policy(), Provider(), *calls)
    assert [call.attempts for call in calls] == [1, 1]
    assert list(calls[0].notes) == [("x-outrider-batched", "2")]
    assert list(calls[1].notes) == [("x-budget", "low"), ("x-outrider-batched", "2")]


async def test_who_is_alone_goes_as_it_came() -> None:
    batching, provider, call = policy(), Provider(), embedding("a")
    [outcome] = await ask(batching, provider, call)
    assert provider.asked == [call]
    assert provider.asked[0] is call
    assert isinstance(outcome, Outcome)
    assert (heard(call)[1], list(call.notes), batching.counted[MERGED]) == (reply("a"), [], 0)


async def test_what_is_no_embedding_is_not_looked_at() -> None:
    provider, call = Provider(hold=True), embedding("a", operation="chat")
    [going] = begin(policy(Section(enabled=True, window=1.0)), provider, call)
    await turns()
    assert provider.asked == [call]
    going.cancel()


@pytest.mark.parametrize(("enabled", "alias", "requests"), [(True, None, 1), (True, False, 2), (False, True, 1)])
async def test_an_alias_says_otherwise(enabled: bool, alias: bool | None, requests: int) -> None:
    batching = policy(Section(enabled=enabled, window=0.02), {} if alias is None else {"alias": alias})
    provider = Provider()
    await ask(batching, provider, embedding("a"), embedding("b", number=1))
    assert len(provider.asked) == requests


async def test_after_the_window_another_batch_begins() -> None:
    batching, provider = policy(Section(enabled=True, window=0.005)), Provider()
    calls = [embedding(text, number=number) for number, text in enumerate("abcd")]
    first = begin(batching, provider, *calls[:2])
    await asyncio.gather(*first)
    await ask(batching, provider, *calls[2:])
    assert provider.inputs == [["a", "b"], ["c", "d"]]


async def test_a_full_batch_leaves_at_once() -> None:
    batching, provider = policy(Section(enabled=True, window=1.0, inputs=3)), Provider()
    calls = [embedding("a", "b"), embedding("c", number=1), embedding("d", number=2)]
    going = begin(batching, provider, *calls)
    async with asyncio.timeout(0.5):
        await asyncio.gather(*going[:2])
    assert provider.inputs == [["a", "b", "c"]]
    going[2].cancel()
    await asyncio.gather(going[2], return_exceptions=True)


async def test_who_does_not_fit_opens_the_next_one() -> None:
    batching, provider = policy(Section(enabled=True, window=0.02, inputs=3)), Provider()
    calls = [embedding("a", "b"), embedding("c", "d", number=1), embedding("e", number=2)]
    await ask(batching, provider, *calls)
    assert sorted(provider.inputs) == [["a", "b"], ["c", "d", "e"]]
    assert calls[0] in provider.asked


async def test_a_batch_has_so_many_tokens_and_no_more() -> None:
    batching, provider = policy(Section(enabled=True, window=0.02, tokens=10)), Provider()
    await ask(batching, provider, *[embedding(text * 4, number=number) for number, text in enumerate("abcd")])
    assert [sum(map(len, inputs)) for inputs in provider.inputs] == [8, 8]


@pytest.mark.parametrize("texts", [["a"] * 96, ["a" * 20_000]], ids=["inputs", "tokens"])
async def test_who_fills_a_batch_alone_does_not_wait(texts: list[str]) -> None:
    provider, call = Provider(), embedding(texts)
    await ask(policy(Section(enabled=True, window=1.0)), provider, call)
    assert provider.asked == [call]


async def test_only_so_many_inputs_are_held() -> None:
    batching = policy(Section(enabled=True, window=0.5, inputs=2048, tokens=1_000_000))
    provider = Provider(hold=True)
    crowd = begin(batching, provider, *[embedding(["a"] * 1000, number=number) for number in range(12)])
    await turns()
    assert batching.fill == (MOST_INPUTS, MOST_INPUTS)
    assert sorted(map(len, provider.inputs)) == [1000] * 2 + [2000] * 4
    for going in crowd:
        going.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    assert batching.waiting == 0


async def test_different_questions_stay_apart() -> None:
    provider = Provider()
    calls = [embedding(text, number=number, json={"dimensions": number % 2 + 1}) for number, text in enumerate("abcd")]
    await ask(policy(), provider, *calls)
    assert sorted(provider.inputs) == [["a", "c"], ["b", "d"]]


# ---- trouble


async def test_only_the_faulty_one_fails() -> None:
    def refusal() -> Failure:
        return Failure("invalid_request", "input[3] is too long", provider_status=400)

    provider = Provider(refusal(), None, None, None, refusal())
    batching, calls = policy(), [embedding(text, number=number) for number, text in enumerate("abcdefghij")]
    outcomes = await ask(batching, provider, *calls)
    assert provider.inputs == [list("abcdefghij"), *([text] for text in "abcdefghij")]
    assert [type(outcome) for outcome in outcomes] == [Outcome] * 3 + [Failure] + [Outcome] * 6
    assert [call.attempts for call in calls] == [1] * 10
    assert [list(call.notes) for call in calls] == [[]] * 10
    assert batching.counted[APART] == 10


@pytest.mark.parametrize("kind", ["unsupported_capability", "request_too_large", "model_not_found", "budget_exceeded"])
async def test_what_is_not_granted_to_all_is_asked_for_each(kind: str) -> None:
    provider = Provider(Failure(kind, "not all of it"))
    calls = [embedding("a"), embedding("b", number=1)]
    outcomes = await ask(policy(), provider, *calls)
    assert [type(outcome) for outcome in outcomes] == [Outcome, Outcome]
    assert provider.inputs == [["a", "b"], ["a"], ["b"]]


async def test_any_other_failure_is_told_to_all() -> None:
    failure = Failure("provider_rate_limited", "slow down", retry_after=7.0, provider_status=429)
    provider, calls = Provider(failure), [embedding("a"), embedding("b", number=1)]
    first, second = await ask(policy(), provider, *calls)
    assert isinstance(first, Failure)
    assert isinstance(second, Failure)
    assert first is not second
    assert [(each.kind, each.retry_after, each.provider_status) for each in (first, second)] == [
        ("provider_rate_limited", 7.0, 429)
    ] * 2
    assert len(provider.asked) == 1
    assert list(calls[0].notes) == [("x-outrider-batched", "2")]


async def test_an_answer_that_cannot_be_shared_out_is_paid_for_all_the_same() -> None:
    calls = [embedding("a"), embedding("b", number=1)]
    outcomes = await ask(policy(), Provider(reply("a")), *calls)
    assert [each.kind for each in outcomes if isinstance(each, Failure)] == ["provider_error"] * 2
    assert [call.usage for call in calls] == [Usage(1), Usage(0)]
    assert all(heard(call) == [] for call in calls)


async def test_a_fault_of_our_own_is_told_to_all_too() -> None:
    class Broken(Provider):
        async def __call__(self, call: object) -> Outcome:
            raise ZeroDivisionError

    batching = policy(ON)
    outcomes = await ask(batching, Broken(), embedding("a"), embedding("b", number=1))
    assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError] * 2
    assert batching.waiting == 0
