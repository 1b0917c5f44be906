"""A call that several share: who is slow holds up nobody, who goes is missed by nobody, and everyone hears one end."""

from __future__ import annotations

import asyncio

import pytest

from proxy.call import Failure, Outcome
from proxy.policies import flight as flights
from tests.policies.sharing import USED, Stage, app, ask, rule, streaming, turns


async def test_everyone_hears_all_of_it_whenever_they_join() -> None:
    stage = Stage(rule())
    asked, calls = await streaming(stage, 2)
    asked.more(b"two.")
    late = ask(True)
    await stage.send(late)
    assert app(late).heard == b"one.two."
    asked.more(b"three.")
    asked.end()
    outcomes = await asyncio.gather(*stage.tasks)
    assert {app(call).heard for call in [*calls, late]} == {b"one.two.three."}
    assert [call.cache for call in [*calls, late]] == ["miss", "shared", "shared", "shared"]
    assert [call.saved for call in [*calls, late]] == [None, USED, USED, USED]
    assert [outcome.cost for outcome in outcomes[1:]] == [0, 0, 0]
    assert not stage.cache.flights


async def test_who_hears_another_dialect_hears_it_from_the_beginning_too() -> None:
    stage = Stage(rule())
    asked, _ = await streaming(stage, 1, "cohere")
    asked.more(b"two.")
    late = ask(True, "cohere")
    await stage.send(late)
    asked.end()
    await asyncio.gather(*stage.tasks)
    assert app(late).heard == b"<one.><two.><end>"


async def test_a_leader_that_reads_too_slowly_holds_up_nobody_from_the_moment_that_somebody_joins() -> None:
    stage = Stage(rule())
    asked, [leader] = await streaming(stage, 0)
    app(leader).stop_reading()
    assert asked.pipe.said == ["pause"]
    late = ask(True)
    await stage.send(late)
    assert asked.pipe.said == ["pause", "resume"]
    asked.more(b"two.")
    assert app(late).heard == b"one.two."
    app(leader).read()
    asked.end()
    await asyncio.gather(*stage.tasks)


async def test_followers_do_not_wait_until_the_leader_has_read_the_end() -> None:
    stage = Stage(rule(streams="store"))
    asked, [leader, late] = await streaming(stage)
    app(leader).stop_reading()
    asked.end()
    await turns()
    [led, followed] = stage.tasks
    assert (led.done(), followed.done(), app(late).ends) == (False, True, ["finish"])
    assert late.saved == USED
    app(leader).read()
    await led


async def test_nor_of_a_whole_answer() -> None:
    stage = Stage(rule())
    leader, late, later = ask(), ask(), ask()
    await stage.send(leader, late)
    app(leader).full = True
    stage.provider.asked[0].whole(b"all.")
    await turns()
    [led, followed] = stage.tasks
    assert (led.done(), followed.done(), app(late).heard) == (False, True, b"all.")
    await stage.send(later)
    assert len(stage.provider.asked) == 2, "who comes after the end does not join"
    app(leader).full = False
    await led
    stage.provider.asked[1].whole(b"again.")
    await stage.tasks[-1]


async def test_once_all_has_come_nobody_slows_down_a_connection_that_is_somebody_elses() -> None:
    stage = Stage(rule(largest=6))
    asked, [leader, late] = await streaming(stage)
    app(leader).stop_reading()
    asked.more(b"too much.")
    assert asked.pipe.said == ["pause"]
    app(leader).read()
    app(leader).full = True
    asked.complete()
    said = list(asked.pipe.said)
    app(late).stop_reading()
    app(late).read()
    assert asked.pipe.said == said
    app(leader).full = False
    asked.end()
    await asyncio.gather(*stage.tasks)


async def test_a_slow_follower_is_told_the_rest_when_it_reads_again() -> None:
    stage = Stage(rule())
    asked, [leader, late] = await streaming(stage)
    app(late).stop_reading()
    asked.more(b"two.")
    assert (app(leader).heard, app(late).heard, asked.pipe.said) == (b"one.two.", b"one.", [])
    app(late).read()
    assert app(late).heard == b"one.two."
    asked.end()
    await asyncio.gather(*stage.tasks)


async def test_beyond_what_is_kept_all_wait_for_the_slowest_and_nobody_joins() -> None:
    stage = Stage(rule(largest=6))
    asked, [_, late] = await streaming(stage)
    app(late).stop_reading()
    assert asked.pipe.said == []
    asked.more(b"too much.")
    assert asked.pipe.said == ["pause"]
    other = ask(True)
    await stage.send(other)
    assert len(stage.provider.asked) == 2
    app(late).read()
    assert asked.pipe.said == ["pause", "resume"]
    asked.end()
    stage.provider.asked[1].begin(b"new.")
    stage.provider.asked[1].end()
    await asyncio.gather(*stage.tasks)
    assert app(late).heard == b"one.too much."


async def test_who_holds_up_others_for_too_long_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "PATIENCE", 0.02)
    stage = Stage(rule(largest=6))
    asked, [leader, slow, quick] = await streaming(stage, 2)
    app(slow).stop_reading()
    app(leader).stop_reading()
    asked.more(b"too much.")
    await asyncio.sleep(0.04)
    with pytest.raises(Failure) as caught:
        await stage.tasks[1]
    assert (caught.value.kind, caught.value.midway) == ("client_gone", True)
    assert app(leader).ends == ["cut"]
    assert asked.pipe.said == ["pause", "resume"]
    asked.more(b"more.")
    assert app(quick).heard == b"one.too much.more."
    app(leader).full = False
    asked.end()
    await stage.tasks[2]
    with pytest.raises(Failure, match="others heard"):
        await stage.tasks[0]


async def test_but_not_who_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "PATIENCE", 0.02)
    stage = Stage(rule(largest=6))
    asked, [leader, late] = await streaming(stage)
    app(late).hang_up()
    await turns()
    app(leader).stop_reading()
    asked.more(b"too much.")
    await asyncio.sleep(0.06)
    assert (app(leader).ends, asked.pipe.said) == ([], ["pause"])
    app(leader).read()
    assert asked.pipe.said == ["pause", "resume"]
    asked.end()
    assert isinstance(await stage.tasks[0], Outcome)


async def test_nobody_joins_an_answer_that_has_ended_while_its_leader_still_reads() -> None:
    """Also where nobody had joined before its end: there is nothing left to wait for."""
    stage = Stage(rule())
    leader, late = ask(), ask()
    await stage.send(leader)
    app(leader).full = True
    stage.provider.asked[0].whole(b"all.")
    await turns()
    await stage.send(late)
    assert len(stage.provider.asked) == 2
    app(leader).full = False
    stage.provider.asked[1].whole(b"again.")
    await asyncio.gather(*stage.tasks)
    assert app(late).heard == b"again."


async def test_nobody_joins_a_stream_that_has_ended_while_its_leader_still_reads() -> None:
    stage = Stage(rule(streams="store"))
    asked, [leader] = await streaming(stage, 0)
    app(leader).stop_reading()
    asked.end()
    await turns()
    late = ask(stream=True)
    await stage.send(late)
    assert len(stage.provider.asked) == 2
    app(leader).read()
    stage.provider.asked[1].begin(b"again.")
    stage.provider.asked[1].end()
    await asyncio.gather(*stage.tasks)
    assert app(late).heard == b"again."


async def test_nobody_joins_a_call_that_its_application_has_given_up() -> None:
    stage = Stage(rule(streams="store"))
    _, [leader] = await streaming(stage, 0)
    flight = next(iter(stage.cache.flights.values()))
    assert flight.open
    app(leader).gone = True
    assert not flight.open
    stage.tasks[0].cancel()
    await asyncio.gather(*stage.tasks, return_exceptions=True)
