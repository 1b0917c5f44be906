"""However a shared call ends, each hears one end of it, and it is true."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from proxy.call import Failure, Outcome
from tests.policies.sharing import USED, Stage, app, ask, rule, streaming, turns

CUT = Failure("provider_stream_cut", "it broke off")


@pytest.mark.parametrize("stream", [False, True])
async def test_the_call_goes_on_while_anyone_listens_and_no_longer(stream: bool) -> None:
    stage = Stage(rule())
    leader, first, second = (ask(stream) for _ in range(3))
    await stage.send(leader, first, second)
    for each in (leader, first):
        app(each).hang_up()
        await turns()
    assert not stage.tasks[0].done()
    app(second).hang_up()
    await turns()
    assert all(task.cancelled() for task in stage.tasks)
    assert not stage.cache.flights


async def test_a_stream_that_breaks_off_breaks_off_for_all() -> None:
    stage = Stage(rule())
    asked, calls = await streaming(stage, 2)
    other = ask(True, "cohere")
    await stage.send(other)
    asked.more(b"half")
    asked.fail(CUT)
    ends = await asyncio.gather(*stage.tasks, return_exceptions=True)
    assert all(isinstance(end, Failure) and end.kind == "provider_stream_cut" for end in ends)
    assert len({id(end) for end in ends}) == 4
    followers = [end for end in ends[1:] if isinstance(end, Failure)]
    assert [(end.midway, end.told) for end in followers] == [(True, False), (True, False), (False, False)]
    assert [app(call).heard for call in calls[1:]] == [b"one.half"] * 2


async def test_who_has_heard_the_providers_own_words_of_it_is_not_told_again() -> None:
    stage = Stage(rule())
    asked, _ = await streaming(stage)
    asked.more(b"error.")
    asked.fail(CUT)
    ends = await asyncio.gather(*stage.tasks, return_exceptions=True)
    assert isinstance(ends[1], Failure)
    assert (ends[1].midway, ends[1].told) == (False, True)


async def test_what_cannot_be_said_in_one_dialect_is_heard_in_the_others() -> None:
    stage = Stage(rule())
    asked, [leader, same] = await streaming(stage)
    other = ask(True, "cohere")
    await stage.send(other)
    asked.more(b"two!")
    with pytest.raises(Failure, match="cannot be said"):
        await stage.tasks[2]
    late = ask(True, "cohere")
    await stage.send(late)
    with pytest.raises(Failure, match="cannot be said"):
        await stage.tasks[3]
    asked.end()
    await asyncio.gather(*stage.tasks[:2])
    assert app(leader).heard == app(same).heard == b"one.two!"


async def test_of_a_stream_that_nobody_kept_followers_make_a_call_of_their_own() -> None:
    stage = Stage(rule())
    leader, late = ask(True), ask(True)
    await stage.send(leader, late)
    stage.provider.asked[0].over.set_result(Outcome(200, USED))
    await turns()
    assert len(stage.provider.asked) == 2
    stage.provider.asked[1].over.set_result(Outcome(200, USED))
    await asyncio.gather(*stage.tasks)
    assert not app(late).started


async def test_what_ends_in_the_turn_in_which_a_follower_goes_is_no_noise() -> None:
    noise: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    stage = Stage(rule())
    asked, calls = await streaming(stage, 2)
    asked.fail(CUT)
    [flight] = stage.cache.flights.values()
    flight.fail(CUT, False)
    app(calls[1]).hang_up()
    await asyncio.gather(*stage.tasks, return_exceptions=True)
    del asked, flight
    stage.tasks.clear()
    gc.collect()
    assert noise == []
