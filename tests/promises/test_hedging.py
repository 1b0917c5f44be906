"""A second attempt beside a slow one: the first to answer is heard whole, the other one is left, and one call is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import Caller, chat, until
from tests.promises.dialects import WIRES, like
from tests.promises.dialects.openai import OPENAI
from tests.promises.scripts import Act, Script, alias, call_lines, is_silent, late, refuses, says, sends
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Asked, Link, Provider

SAID = OPENAI.stream(["hel", "lo"])
QUICK = {"after": 0.05, "share": 1.0}


class Scene:
    """`slow` is asked first, `other` beside it. Both wait for the test unless they have a script."""

    def __init__(self, running: InLoop, slow: Provider, other: Provider) -> None:
        self.running = running
        self.slow = slow
        self.other = other

    async def hedged(self, caller: Caller, **more: Any) -> tuple[Asked, Asked]:
        """A call that both were asked."""
        caller.post({**chat("fast"), **more})
        return await self.slow.asked(), await self.other.asked()

    async def counted(self) -> dict[str, float]:
        await self.running.is_idle()
        found = {what: await self.running.counted("outrider_hedges_total", what=what) for what in ("made", "won")}
        return found | {"calls": await self.running.counted("llm_requests_total")}


@asynccontextmanager
async def scene(
    directory: Path, slow: Act | None = None, other: Act | None = None, **model: Any
) -> AsyncIterator[Scene]:
    acts = [None if act is None else Script(act) for act in (slow, other)]
    async with Provider(acts[0]) as first, Provider(acts[1]) as second:
        entries = {"slow": openai_like(first.url), "other": openai_like(second.url)}
        models = [alias("slow", "other", **{"hedge": QUICK, **model})]
        async with sidecar(directory, entries, models=models) as running:
            yield Scene(running, first, second)


def answer_at(link: Link, stream: bool) -> None:
    if stream:
        link.stream(SAID.data)
    else:
        link.whole(OPENAI.reply("hello"))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("winner", ["slow", "other"])
async def test_who_answers_first_is_heard(winner: str, stream: bool, tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        caller = await at.running.caller()
        both = await at.hedged(caller, stream=stream)
        won, lost = both if winner == "slow" else both[::-1]
        answer_at(won.link, stream)
        answer = await caller.answer()
        assert (answer.status, answer.complete) == (200, True)
        assert answer.body == SAID.data if stream else answer.json == OPENAI.reply("hello")
        assert answer.headers["x-outrider-provider"] == winner
        await lost.link.is_closed()
        assert not won.link.gone.is_set()
        assert await at.counted() == {"made": 1, "won": float(winner == "other"), "calls": 1}
        assert await at.running.counted("outrider_hedges_total", what="wasted_tokens") > 0
        assert await at.running.counted("outrider_attempts_total") == 2 if winner == "other" else 1
        await until(lambda: bool(call_lines(at.running)))
        (line,) = call_lines(at.running)
        assert (line["provider"], line["kind"], line["tokens_out"]) == (winner, None, 50)
        targets = (await at.running.status())["targets"]
        assert [targets[f"{name}:m"]["in_flight"] for name in ("slow", "other")] == [0, 0]
        assert [targets[f"{name}:m"]["failures"] for name in ("slow", "other")] == [0, 0]


async def begun(at: Scene, caller: Caller) -> tuple[Link, Link]:
    """One of two has said everything but its first word, the other one's first word has been heard."""
    slow, other = await at.hedged(caller, stream=True)
    slow.link.start()
    slow.link.chunk(b"".join(OPENAI.stream(["never"]).opening))
    other.link.start()
    other.link.chunk(b"".join([*SAID.opening, SAID.words[0]]))
    assert (await caller.head()).status == 200
    return slow.link, other.link


async def test_the_loser_is_left_at_once_and_the_winner_goes_on(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        caller = await at.running.caller()
        slow, other = await begun(at, caller)
        async with asyncio.timeout(2):  # less than what an answer without a word is held for
            await slow.gone.wait()
        assert not other.gone.is_set()
        other.chunk(b"".join([*SAID.words[1:], *SAID.ending]))
        other.finish()
        assert await caller.rest() == (SAID.data, True)


async def test_nothing_of_the_loser_is_heard(tmp_path: Path) -> None:
    """Both say their first word in the same moment: all that is heard is one answer, and whole."""
    async with scene(tmp_path) as at:
        for _ in range(20):
            caller = await at.running.caller()
            both = await at.hedged(caller, stream=True)
            said = [OPENAI.stream([name, "!"]).data for name in ("one", "two")]
            for asked, data in zip(both, said, strict=True):
                asked.link.stream(data)
            answer = await caller.answer()
            assert answer.complete
            assert answer.body in said
            caller.hang_up()


async def test_who_answers_in_time_is_asked_alone(tmp_path: Path) -> None:
    async with scene(tmp_path, says("slow"), says("other"), hedge={"after": 5, "share": 1}) as at:
        assert (await at.running.ask(chat("fast"))).headers["x-outrider-provider"] == "slow"
        assert (len(at.slow.requests), len(at.other.requests)) == (1, 0)


async def test_only_a_share_of_the_calls_is_asked_twice(tmp_path: Path) -> None:
    """A fifth of ten."""
    async with scene(tmp_path, late(0.05, says("slow")), says("other"), hedge={"after": 0.001, "share": 0.2}) as at:
        answers = [await at.running.ask(chat("fast")) for _ in range(10)]
        assert {answer.status for answer in answers} == {200}
        assert (len(at.slow.requests), len(at.other.requests)) == (10, 2)
        assert await at.counted() == {"made": 2, "won": 2, "calls": 10}


async def test_when_one_fails_the_other_is_waited_for(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        caller = await at.running.caller()
        slow, other = await at.hedged(caller)
        refuses(500)(slow)
        await until(lambda: is_failed(at, "slow"))
        says("other")(other)
        answer = await caller.answer()
        assert (answer.status, answer.headers["x-outrider-provider"]) == (200, "other")


async def is_failed(at: Scene, name: str) -> bool:
    return bool((await at.running.status())["targets"][f"{name}:m"]["failures"])


async def test_when_both_fail_the_call_does(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        caller = await at.running.caller()
        slow, other = await at.hedged(caller)
        refuses(500)(slow)
        refuses(529)(other)
        answer = await caller.answer()
        assert (answer.status, answer.complete) == (502, True)
        assert (await at.counted())["calls"] == 1


async def test_across_dialects(tmp_path: Path) -> None:
    claude = WIRES["anthropic"]
    async with Provider(Script(is_silent)) as first, Provider(Script(says("hel", "lo", wire=claude))) as second:
        entries = {"slow": openai_like(first.url), "other": like(claude, second.url)}
        async with sidecar(tmp_path, entries, models=[alias("slow", "other", hedge=QUICK)]) as running:
            answer = await running.ask(chat("fast", stream=True))
            assert OPENAI.hear(answer.body) == ("hello", True, ())
            await first.links[0].is_closed()


# ---- hanging up


@pytest.mark.parametrize("how", [Caller.hang_up, Caller.reset])
async def test_who_hangs_up_leaves_both(how: Callable[[Caller], None], tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        caller = await at.running.caller()
        asked = await at.hedged(caller)
        how(caller)
        for each in asked:
            await each.link.is_closed()
        assert (await at.counted())["calls"] == 1
        assert await at.running.counted("outrider_client_gone_total", phase="waiting") == 1
        assert await at.running.counted("provider_error_total") == 0


async def test_what_was_heard_before_a_hang_up_is_billed(tmp_path: Path) -> None:
    start = WIRES["anthropic"].stream(["hel"])
    async with Provider(Script(sends(*start.opening, *start.words, wire=WIRES["anthropic"]))) as provider:
        provider.answer = None
        entries = {"slow": like(WIRES["anthropic"], provider.url)}
        async with sidecar(tmp_path, entries, models=[alias("slow", hedge={"after": 9, "share": 1})]) as running:
            caller = await running.caller()
            caller.post(chat("fast", stream=True))
            link = (await provider.asked()).link
            link.start()
            link.chunk(b"".join([*start.opening, *start.words]))
            await caller.head()
            await caller.chunk()
            caller.hang_up()
            await running.is_idle()
            assert await running.counted("outrider_client_gone_total", phase="streaming") == 1
            await until(lambda: bool(call_lines(running)))
            (line,) = call_lines(running)
            assert (line["provider"], line["attempts"], line["kind"]) == ("slow", 1, "client_gone")
            assert line["tokens_in"] > 70


async def test_who_has_heard_everything_was_not_gone(tmp_path: Path) -> None:
    """However soon it hangs up: the answer was whole, and it is counted as that."""
    async with scene(tmp_path, says("hel", "lo")) as at:
        for stream in [False, True] * 20:
            answer = await at.running.ask(chat("fast", stream=stream))
            assert answer.complete
        assert await at.counted() == {"made": 0, "won": 0, "calls": 40}
        assert await at.running.counted("llm_requests_success") == 40


async def test_an_end_of_the_process_is_no_hang_up(tmp_path: Path) -> None:
    """Whoever is cut is told so, and counted as that."""
    async with scene(tmp_path) as at:
        caller = await at.running.caller()
        await at.hedged(caller)
        at.running.sidecar.start_drain()
        at.running.sidecar.gateway.cut()
        answer = await caller.answer()
        assert (answer.status, answer.error["type"]) == (503, "draining")
        await at.running.is_idle()
        assert await at.running.counted("llm_requests_failure", kind="draining") == 1
