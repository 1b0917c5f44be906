"""What is kept is told, and nothing but a whole answer is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import pytest

from proxy.call import Call, Failure, Outcome, Usage
from proxy.policies.cache import READ_AT_ONCE
from tests.cache.recordings import recorded
from tests.policies.sharing import OTHER, TARGET, USED, Stage, app, ask, rule


async def answered(stage: Stage, call: Call, data: bytes = b"all.") -> Outcome:
    """The outcome of a call that goes up."""
    count = len(stage.provider.asked)
    [task] = await stage.send(call)
    assert len(stage.provider.asked) == count + 1
    stage.provider.asked[-1].whole(data)
    return await task


async def test_what_is_kept_is_told_and_costs_nothing() -> None:
    stage, second = Stage(rule()), ask()
    await answered(stage, ask())
    [task] = await stage.send(second)
    outcome = await task
    assert (app(second).heard, app(second).ends, len(stage.provider.asked)) == (b"all.", ["finish"], 1)
    assert (second.cache, second.age, second.cost, second.saved) == ("hit", 0.0, Decimal(0), USED)
    assert (outcome.cost, outcome.attempts, outcome.usage) == (Decimal(0), 0, Usage())


@pytest.mark.parametrize(
    ("said", "call", "word"),
    [
        ({}, ask_with := {"temperature": 1}, "bypass"),
        ({"which": "all"}, ask_with, "miss"),
        ({}, {"cache": {}}, "miss"),
        ({}, {"temperature": 0, "cache": {"mode": "bypass"}}, "bypass"),
        ({"which": "all"}, {"cache": {"mode": "refresh"}}, "miss"),
    ],
)
async def test_whose_answers_are_kept(said: dict[str, Any], call: dict[str, Any], word: str) -> None:
    stage, made = Stage(rule(**said)), ask(json=call)
    [task] = await stage.send(made)
    [asked] = stage.provider.asked
    assert (made.cache, made.tape is None) == (word, word == "bypass")
    asked.over.set_result(Outcome(200, USED, TARGET))
    await task
    assert made.tape is None


@pytest.mark.parametrize("operation", ["images", "speech", "count_tokens", "moderations", "transcriptions"])
async def test_other_operations_pass_by_untouched(operation: str) -> None:
    stage, call = Stage(rule(which="all")), ask(operation=operation)
    [task] = await stage.send(call)
    assert (call.cache, call.tape) == ("", None)
    stage.provider.asked[0].over.set_result(Outcome(200))
    await task


@pytest.mark.parametrize("streams", ["pass", "store"])
@pytest.mark.parametrize("single_flight", [False, True])
async def test_streams_pass_by_where_they_are_neither_kept_nor_shared(streams: str, single_flight: bool) -> None:
    stage = Stage(rule(streams=streams, single_flight=single_flight))
    call = ask(True)
    [task] = await stage.send(call)
    passes = streams == "pass" and not single_flight
    assert (call.cache, call.tape is None) == ("bypass" if passes else "miss", passes)
    if passes:
        stage.provider.asked[0].over.set_result(Outcome(200))
    else:
        stage.provider.asked[0].whole(b"all.")
    await task
    await stage.cache.close()
    assert len(stage.memory.kept) == (streams == "store")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("data", [b"half", b"x" * 2000 + b"."])
async def test_what_is_not_whole_or_too_large_is_not_kept(stream: bool, data: bytes) -> None:
    stage = Stage(rule(streams="store", largest=1000))
    await answered(stage, ask(stream), data)
    await stage.cache.close()
    assert stage.memory.kept == {}


async def test_nor_what_failed_or_came_from_a_makeshift() -> None:
    stage = Stage(rule())
    [task] = await stage.send(ask())
    stage.provider.asked[0].begin(b"all.")
    stage.provider.asked[0].fail(Failure("provider_error", "it broke"))
    with pytest.raises(Failure):
        await task
    [task] = await stage.send(ask())
    stage.provider.asked[1].begin(b"all.", OTHER)
    stage.provider.asked[1].end()
    await task
    assert stage.memory.kept == {}


async def test_how_long_it_is_kept() -> None:
    stage = Stage(rule(ttl=60))
    await answered(stage, ask(json={"temperature": 0, "key": "a"}))
    await answered(stage, ask(json={"cache": {"ttl": 5}, "key": "b"}))
    assert [(each.kept_at, each.ttl) for each in stage.memory.kept.values()] == [(1000.0, 60.0), (1000.0, 5.0)]


async def test_one_may_want_a_kept_answer_or_none() -> None:
    stage = Stage(rule())
    only = {"cache": {"mode": "only"}}
    [task] = await stage.send(ask(json=only))
    with pytest.raises(Failure) as caught:
        await task
    assert (caught.value.status, caught.value.code, caught.value.param) == (504, "not_cached", "cache")
    stage.memory.elsewhere["k"], stage.memory.fetches = recorded(b"all.", now=1000.0), True
    call = ask(json=only)
    [task] = await stage.send(call)
    await task
    assert (call.cache, app(call).heard, stage.provider.asked) == ("hit", b"all.", [])


async def test_one_may_want_a_new_one_which_takes_the_place_of_the_old() -> None:
    stage = Stage(rule())
    await answered(stage, ask())
    await answered(stage, ask(json={"cache": {"mode": "refresh"}}), b"new.")
    assert stage.memory.kept["k"].body == b"new."


@pytest.mark.parametrize("late", [False, True])
async def test_what_has_no_key_passes_by(late: bool) -> None:
    async def later() -> str | None:
        return None

    def none(call: Call) -> Awaitable[str | None] | str | None:
        return later() if late else None

    stage, call = Stage(rule(), none), ask()
    [task] = await stage.send(call)
    assert call.cache == "bypass"
    stage.provider.asked[0].over.set_result(Outcome(200))
    await task
    [task] = await stage.send(ask(json={"cache": {"mode": "only"}}))
    with pytest.raises(Failure, match="no answer"):
        await task


async def test_a_kept_stream_is_told_in_its_own_time_and_not_beyond_the_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(rule(streams="store", pace="recorded"))
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(stage.cache, "_time", loop.time)
    kept = stage.memory.kept["k"] = recorded(b"one.", b"tw", b"o.", now=1000.0)
    for place, at in enumerate((0.0, 0.03, 0.5)):
        kept.times[place] = at
    call = ask(True, deadline=loop.time() + 0.1)
    [task] = await stage.send(call)
    assert app(call).heard == b"one."
    with pytest.raises(Failure) as caught:
        await task
    assert (caught.value.kind, caught.value.midway, app(call).heard) == ("timeout", True, b"one.tw")


async def test_what_of_a_kept_stream_cannot_be_said_is_a_failure_before_anything_was() -> None:
    stage, call = Stage(rule(streams="store")), ask(True, "cohere")
    stage.memory.kept["k"] = recorded(b"one", b"two!", now=1000.0)
    [task] = await stage.send(call)
    with pytest.raises(Failure, match="cannot be said"):
        await task
    assert not app(call).started


async def test_streams_are_read_for_being_whole_beside_the_calls_and_not_too_many_at_once() -> None:
    stage = Stage(rule(streams="store"))
    for number in range(READ_AT_ONCE + 5):
        call = ask(True, json={"temperature": 0, "key": str(number)})
        [task] = await stage.send(call)
        stage.provider.asked[-1].whole(b"all.")
        await asyncio.wait([task])
    assert stage.cache.reading[1] == READ_AT_ONCE >= stage.cache.reading[0]
    await stage.cache.close()
    assert stage.cache.reading[0] == 0
    assert len(stage.memory.kept) >= READ_AT_ONCE


async def test_only_buys_nothing_that_is_never_kept_either() -> None:
    stage = Stage(rule())
    call = ask(json={"cache": {"mode": "only"}})
    call.operation = "moderations"
    with pytest.raises(Failure) as refused:
        await stage.send(call)
    assert refused.value.status == 504
    assert not stage.provider.asked
