"""Who asks the same at the same time is told the same, and as few calls are made as can be."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from proxy.call import Call, Failure, Outcome
from tests.cache.recordings import recorded
from tests.policies.sharing import OTHER, TARGET, Stage, app, ask, rule, turns


async def test_what_another_pod_has_kept_is_told_to_all_who_ask_at_once() -> None:
    for stream in (False, True):
        stage = Stage(rule(streams="store"))
        pieces = (b"o", b"ne.") if stream else (b"one.",)
        stage.memory.elsewhere["k"], stage.memory.fetches = recorded(*pieces, now=990.0), True
        calls = [ask(stream) for _ in range(3)]
        for call in calls:
            call.targets = (TARGET,)
        await stage.send(*calls)
        await asyncio.gather(*stage.tasks)
        assert [app(call).heard for call in calls] == [b"one."] * 3
        assert [call.cache for call in calls] == ["hit", "shared", "shared"]
        assert (calls[0].age, stage.provider.asked) == (10.0, [])


async def test_many_who_ask_the_same_cost_one_call_and_others_their_own() -> None:
    stage = Stage(rule())
    calls = [ask(json={"temperature": 0, "key": str(number % 3)}) for number in range(300)]
    await stage.send(*calls)
    assert len(stage.provider.asked) == 3
    for asked in stage.provider.asked:
        asked.whole(asked.call.json["key"].encode() + b".")
    await asyncio.gather(*stage.tasks)
    assert [app(call).heard for call in calls] == [b"%d." % (number % 3) for number in range(300)]
    assert (stage.cache.joined, stage.cache.flights) == (297, {})


@pytest.mark.parametrize("differs", [{"allowed": 50.0}, {"json": {"temperature": 0, "fallbacks": ["other:m"]}}])
async def test_who_has_less_time_or_another_fallback_does_not_share(differs: dict[str, Any]) -> None:
    stage, now = Stage(rule()), asyncio.get_running_loop().time()

    def asking(since: float = 0.0, allowed: float = 60.0, **more: Any) -> Call:
        return ask(started=now + since, deadline=now + since + allowed, **more)

    await stage.send(asking(), asking(**differs))
    assert len(stage.provider.asked) == 2
    await stage.send(asking(1.0))
    assert (len(stage.provider.asked), stage.cache.joined) == (2, 1)
    for asked in stage.provider.asked:
        asked.whole(b"all.")
    await asyncio.gather(*stage.tasks)


@pytest.mark.parametrize("kind", ["provider_error", "timeout", "rate_limited", "invalid_request"])
async def test_who_shares_a_call_fails_with_it_or_asks_again_as_is_configured(kind: str) -> None:
    for followers, asked in (("fail", 1), ("retry", 3)):
        stage = Stage(rule(followers=followers))
        await stage.send(ask(), ask(), ask())
        stage.provider.asked[0].fail(Failure(kind, "no", retry_after=3.0))
        await turns()
        assert len(stage.provider.asked) == asked
        for each in stage.provider.asked[1:]:
            each.over.set_result(Outcome(200))
        ends = await asyncio.gather(*stage.tasks, return_exceptions=True)
        assert [isinstance(end, Failure) for end in ends] == [True, followers == "fail", followers == "fail"]
        assert all(end.retry_after == 3.0 for end in ends if isinstance(end, Failure))


@pytest.mark.parametrize("kind", ["budget_exceeded", "internal_error"])
async def test_what_is_the_leaders_own_affair_leaves_the_others_who_share_another_call(kind: str) -> None:
    """Not a call for each of them: a thousand would be asked for at once."""
    stage = Stage(rule())
    calls = [ask() for _ in range(1000)]
    await stage.send(*calls)
    for number in range(3):
        stage.provider.asked[number].fail(Failure(kind, "mine"))
        await turns()
        assert len(stage.provider.asked) == number + 2
    stage.provider.asked[3].whole(b"all.")
    ends = await asyncio.gather(*stage.tasks, return_exceptions=True)
    assert sum(isinstance(end, Failure) for end in ends) == 3
    assert [call.cache for call in calls[3:]] == ["miss"] + ["shared"] * 996
    assert stage.memory.kept["k"].body == b"all."


async def test_what_cannot_be_told_to_a_follower_is_asked_for_by_each() -> None:
    stage = Stage(rule())
    await stage.send(ask(), ask())
    stage.provider.asked[0].begin(b"all.", OTHER)
    stage.provider.asked[0].end()
    await turns()
    assert len(stage.provider.asked) == 2
    stage.provider.asked[1].over.set_result(Outcome(200))
    await asyncio.gather(*stage.tasks)


async def test_a_follower_has_a_deadline_of_its_own() -> None:
    stage = Stage(rule())
    loop = asyncio.get_running_loop()
    stage.clock.now = began = loop.time()
    calls = [ask(True, started=began, deadline=began + 0.05) for _ in range(2)]
    await stage.send(calls[0])
    await stage.send(calls[1])
    stage.provider.asked[0].begin(b"half an eve")
    with pytest.raises(Failure) as caught:
        await stage.tasks[1]
    assert (caught.value.kind, caught.value.midway) == ("timeout", True)
    stage.provider.asked[0].end()
    await stage.tasks[0]
