"""Shared calls, while callers join, hang up, reset, read slowly, and providers cut, fail and stall: a seed decides who does what.

Whoever stays hears the whole answer or a truthful end, once; the provider is asked once; and nothing of it is left.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.promises.caching import flying
from tests.promises.caller import Answer, Caller, chat, until
from tests.promises.dialects import WIRES
from tests.promises.dialects.openai import OPENAI
from tests.promises.dialects.wire import Wire
from tests.promises.sidecars import InLoop
from tests.promises.upstream import Asked, Provider

ROUNDS = 10
USED = 100 - 30
WORDS = ["alpha ", "beta ", "gamma ", "delta ", "x" * 3000 + " ", "end"]
DIALECTS = ("openai", "openai", "anthropic", "cohere")
USUAL: dict[str, Any] = {"max_tokens": 64, "stream_options": {"include_usage": True}}
#: How the provider ends a stream, and how often.
ENDS = ("well", "well", "well", "cut", "cut in an event", "error")


@dataclass
class One:
    """A caller and what it does: stays, or leaves at some step; and what it has heard in the end."""

    caller: Caller
    wire: Wire
    leaves: int | None
    reset: bool
    heard: asyncio.Task[Answer] | None = None

    def step(self, number: int) -> None:
        if self.leaves != number:
            return
        if self.heard is not None:
            self.heard.cancel()
        if self.reset:
            self.caller.reset()
        else:
            self.caller.hang_up()

    @property
    def stays(self) -> bool:
        return self.leaves is None


@dataclass
class Fire:
    """One round after the other on one sidecar."""

    running: InLoop
    provider: Provider
    dice: Random
    gone: int = 0
    well: int = 0
    rounds: list[str] = field(default_factory=list)

    @property
    def policy(self) -> Any:
        return self.running.sidecar.current.caching.cache

    async def round(self, number: int) -> None:
        dice, joined = self.dice, self.policy.joined
        text, count, end = f"round {number}", dice.randint(2, 9), dice.choice(ENDS)
        late = dice.randint(1, count - 1)
        ones = [await self.one(text) for _ in range(count - late)]
        asked = await self.provider.asked()
        said = OPENAI.stream(WORDS)
        asked.link.start()
        asked.link.chunk(said.opening[0] + said.words[0])
        for one in ones:
            one.heard = asyncio.ensure_future(one.caller.answer())
        for _ in range(late):
            ones.append(await self.one(text))
            ones[-1].heard = asyncio.ensure_future(ones[-1].caller.answer())
        await until(lambda: self.policy.joined == joined + count - 1)
        self.rounds.append(f"{number}: {count} callers, {sum(one.stays for one in ones)} stay, {end}")
        for place, word in enumerate(said.words[1:], 1):
            for one in ones:
                one.step(place)
            await self.pause()
            if not any(one.stays or (one.leaves or 0) > place for one in ones):
                await asked.link.is_closed()
                break
            self.say(asked, word, end if place == len(WORDS) - 1 else "")
        else:
            self.well += end == "well"
        await self.check(ones, asked, end, text)

    async def one(self, text: str) -> One:
        dice, wire = self.dice, WIRES[self.dice.choice(DIALECTS)]
        caller = await self.running.caller(dice.choice([0, 0, 4096]))
        body = wire.ask("up:m", True, text, max_tokens=64)
        caller.post(
            chat(text=text, stream=True, **USUAL) if wire is OPENAI else body, wire.headers, wire.path_to("up:m", True)
        )
        return One(caller, wire, dice.choice([None, None, *range(1, len(WORDS))]), dice.random() < 0.5)

    async def pause(self) -> None:
        for _ in range(self.dice.randint(0, 6)):
            await asyncio.sleep(0)
        if self.dice.random() < 0.3:
            await asyncio.sleep(0.002)

    def say(self, asked: Asked, word: bytes, end: str) -> None:
        link = asked.link
        link.chunk(word[: len(word) // 2] if end == "cut in an event" else word)
        if end == "well":
            link.chunk(b"".join(OPENAI.stream(WORDS).ending))
            link.finish()
        elif end == "error":
            link.chunk(OPENAI.errors["server error"].event)
            link.finish()
        elif end:
            link.cut()

    async def check(self, ones: list[One], asked: Asked, end: str, text: str) -> None:
        for one in ones:
            if one.stays and one.heard is not None:
                self.judge(one, await one.heard, end)
        await self.running.is_idle()
        await until(lambda: self.policy.reading[0] == 0)
        assert not self.policy.flights
        assert self.policy.reading[0] == 0
        assert [request for request in self.provider.requests if text.encode() in request.body] == [asked]
        self.gone += sum(not one.stays for one in ones)
        for one in ones:
            one.caller.hang_up()

    def judge(self, one: One, answer: Answer, end: str) -> None:
        said = one.wire.hear(answer.body)
        told = (one.wire.name, end, answer, self.rounds[-1])
        assert answer.status == 200, told
        if end == "well":
            assert (said.text, said.finished, said.errors, answer.complete) == ("".join(WORDS), True, (), True), told
        else:
            assert "".join(WORDS).startswith(said.text), told
            assert not said.finished, told
            assert len(said.errors) <= 1, told
            assert said.errors or not answer.complete, told


@pytest.mark.parametrize("seed", range(6))
async def test_whoever_stays_hears_all_or_a_truthful_end(tmp_path: Path, seed: int) -> None:
    async with flying(tmp_path, which="all") as (running, provider):
        fire = Fire(running, provider, Random(seed))
        for number in range(ROUNDS):
            await fire.round(number)
        assert len(provider.requests) == ROUNDS
        assert await running.counted("outrider_client_gone_total") <= fire.gone, fire.rounds
        assert await running.counted("llm_active_connections") == 0
        billed = await running.counted("llm_tokens_prompt")
        assert billed <= ROUNDS * 100
        assert billed >= fire.well * 100, fire.rounds


async def test_three_hundred_and_a_leader_that_goes(tmp_path: Path) -> None:
    async with flying(tmp_path, which="all") as (running, provider):
        fire = Fire(running, provider, Random(1))
        callers = [await running.caller() for _ in range(300)]
        for caller in callers:
            caller.post(chat(stream=True, **USUAL))
        asked = await provider.asked()
        await until(lambda: fire.policy.joined == 299)
        said = OPENAI.stream(WORDS)
        asked.link.start()
        asked.link.chunk(said.opening[0] + said.words[0])
        heard = [asyncio.ensure_future(caller.answer()) for caller in callers[1:]]
        [flight] = fire.policy.flights.values()
        callers[0].reset()
        await until(lambda: flight._leader.client.gone)
        for event in [*said.words[1:], *said.ending]:
            asked.link.chunk(event)
        asked.link.finish()
        bodies = {answer.body for answer in await asyncio.gather(*heard) if answer.complete}
        assert bodies == {said.data}
        await running.is_idle()
        assert (len(provider.requests), fire.policy.flights) == (1, {})
        assert await running.counted("outrider_client_gone_total") == 1
        assert await running.counted("llm_tokens_prompt") == 100
