"""What is listened to for the log changes nothing for anyone: the cache, callers that share, bytes, endings, those who leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caching import FIXED, Counting, caching, read
from tests.promises.caller import chat, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import OPENAI_OPENING, OPENAI_USAGE, openai_stream, openai_word

LISTENING: dict[str, Any] = {"content": {"prompts": True, "answers": True}}
OFF: dict[str, Any] = {}


def content(running: InLoop) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in running.log().splitlines()]
    return [line for line in lines if line["event"] == "content"]


@asynccontextmanager
async def listening(directory: Path, answer: Any, **sections: Any) -> AsyncIterator[InLoop]:
    async with Provider(answer) as provider:
        up = {"up": openai_like(provider.url)}
        async with sidecar(directory, up, logging=LISTENING, **sections) as running:
            yield running


@pytest.mark.parametrize("stream", [True, False])
async def test_the_cache_keeps_what_it_would(tmp_path: Path, stream: bool) -> None:
    bodies = {}
    for name, logging in (("off", OFF), ("on", LISTENING)):
        (tmp_path / name).mkdir()
        cache = {"enabled": True, "streams": "store"}
        async with caching(tmp_path / name, Counting(), cache, logging=logging) as running:
            first = await running.ask(chat("up:m", stream=stream, **FIXED))
            await read(running)
            again = await running.ask(chat("up:m", stream=stream, **FIXED))
            assert (first.headers["x-outrider-cache"], again.headers["x-outrider-cache"]) == ("miss", "hit")
            bodies[name] = first.body, again.body
            await running.is_idle()
    assert bodies["off"][0] == bodies["on"][0]
    assert bodies["off"][1] == bodies["on"][1]
    assert [(line["answer"], line["cut"]) for line in content(running)] == [("answer 1", None)]


async def test_those_who_share_a_call_hear_all_of_it(tmp_path: Path) -> None:
    def answer(asked: Asked) -> None:
        asked.link.stream(openai_stream(*[f"word{number} " for number in range(200)], usage=OPENAI_USAGE))

    async with caching(tmp_path, answer, {"enabled": True, "single_flight": True}, logging=LISTENING) as running:
        asked = chat("up:m", stream=True, **FIXED)
        answers = await asyncio.gather(*(running.ask(asked) for _ in range(5)))
        assert {each.body for each in answers} == {
            openai_stream(*[f"word{n} " for n in range(200)], usage=OPENAI_USAGE)
        }
        await running.is_idle()
    assert len(content(running)) >= 1
    assert all(line["answer"].startswith("word0 word1 ") for line in content(running))


async def test_what_a_provider_cut_is_told_as_far_as_it_came(tmp_path: Path) -> None:
    def answer(asked: Asked) -> None:
        asked.link.start()
        asked.link.chunk(OPENAI_OPENING + openai_word("as far as "))
        asked.link.chunk(openai_word("this"))
        asked.link.cut()

    async with listening(tmp_path, answer) as running:
        await running.ask(chat("up:m", stream=True))
        await running.is_idle()
    assert [(line["answer"], line["cut"]) for line in content(running)] == [("as far as this", True)]


async def test_an_application_that_leaves_lets_go_of_everything(tmp_path: Path) -> None:
    def answer(asked: Asked) -> None:
        asked.link.start()
        asked.link.chunk(OPENAI_OPENING + openai_word("begun"))

    async with listening(tmp_path, answer) as running:
        caller = await running.caller()
        caller.post(chat("up:m", stream=True))
        room = running.sidecar.journal.room
        assert room is not None
        await until(lambda: room.held > 0)
        caller.hang_up()
        await running.is_idle()
        assert room.held == 0
    assert [(line["answer"], line["cut"]) for line in content(running)] == [("begun", True)]


async def test_of_several_attempts_the_one_that_answered_is_told(tmp_path: Path) -> None:
    asked_for: list[Asked] = []

    def answer(asked: Asked) -> None:
        asked_for.append(asked)
        if len(asked_for) < 3:
            asked.link.whole({"error": {"message": "not now"}}, 503)
        else:
            asked.link.stream(openai_stream("at last"))

    async with listening(tmp_path, answer, retry={"attempts": 3, "initial": 0.001}) as running:
        assert (await running.ask(chat("up:m", stream=True))).status == 200
        await running.is_idle()
    assert [line["answer"] for line in content(running)] == ["at last"]


async def test_the_winner_of_a_hedge_is_told(tmp_path: Path) -> None:
    def answer(asked: Asked) -> None:
        if asked.json["model"] == "fast":
            asked.link.stream(openai_stream("the fast one"))

    targets = [{"provider": "up", "model": "slow"}, {"provider": "up", "model": "fast"}]
    alias = {"model": "both", "targets": targets, "hedge": {"after": 0.05, "share": 1.0}}
    async with listening(tmp_path, answer, models=[alias]) as running:
        assert (await running.ask(chat("both", stream=True))).status == 200
        await running.is_idle()
    assert [(line["answer"], line["cut"]) for line in content(running)] == [("the fast one", None)]
