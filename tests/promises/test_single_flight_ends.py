"""However a shared call ends, each caller hears one true end in words of its own, and nothing of the call is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.promises.caching import FIXED, begun, cache_of, flying, joined, posted
from tests.promises.caller import chat, get, until
from tests.promises.dialects import WIRES
from tests.promises.dialects.openai import OPENAI, RESPONSES
from tests.promises.scripts import alias
from tests.promises.sidecars import openai_like, process, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import OPENAI_OPENING, OPENAI_USAGE, openai_end, openai_reply, openai_word

STREAM = chat(stream=True, **FIXED)
ON = {"enabled": True}


@pytest.mark.parametrize("name", ["anthropic", "gemini", "bedrock", "ollama", "cohere"])
async def test_an_error_event_is_heard_once_by_each_in_its_own_words(tmp_path: Path, name: str) -> None:
    other = WIRES[name]
    async with flying(tmp_path, which="all") as (running, provider):
        more: dict[str, Any] = {"max_tokens": 64} if name == "anthropic" else {}
        same = await posted(running, 2, chat(text="hello", stream=True, stream_options={"include_usage": True}, **more))
        odd = await running.caller()
        odd.post(other.ask("up:m", True), other.headers, other.path_to("up:m", True))
        asked = await provider.asked()
        await joined(running, 2)
        said, error = OPENAI.stream(["hello"]), OPENAI.errors["server error"]
        asked.link.stream(said.opening[0] + said.words[0] + error.event)
        for caller, wire in ((same[0], OPENAI), (same[1], OPENAI), (odd, other)):
            answer = await caller.answer()
            heard = wire.hear(answer.body)
            assert (heard.text, heard.finished, len(heard.errors)) == ("hello", False, 1), (wire.name, answer)
            assert "the model broke" in heard.errors[0]
        assert len(provider.requests) == 1


async def test_nobody_is_told_in_a_response_who_somebody_else_is(tmp_path: Path) -> None:
    """The Responses API repeats the request: also where a call is shared with one for another user."""
    async with flying(tmp_path, which="all", streams="store") as (running, provider):
        for user in ("anna", "bert"):
            caller = await running.caller()
            caller.post(RESPONSES.ask("up:m", True, user=user), {}, RESPONSES.path_to("up:m", True))
            asked = await provider.asked()
            assert asked.json["user"] == user
            asked.link.stream(RESPONSES.stream(["hi"]).data)
            assert (await caller.answer()).headers["x-outrider-cache"] == "miss"


async def test_nor_where_it_is_translated_and_the_call_is_one(tmp_path: Path) -> None:
    async with Provider() as provider:
        up = {"up": {"kind": "anthropic", "base_url": provider.url, "api_key": "sk-1"}}
        async with sidecar(tmp_path, up, cache=ON | {"which": "all"}) as running:
            callers, users = [], ("anna", "bert", "anna")
            for user in users:
                callers.append(await running.caller())
                callers[-1].post(RESPONSES.ask("up:m", True, user=user), {}, RESPONSES.path_to("up:m", True))
            asked = await provider.asked()
            await joined(running, 2)
            asked.link.stream(WIRES["anthropic"].stream(["hi"]).data)
            for user, caller in zip(users, callers, strict=True):
                body = (await caller.answer()).body
                assert b'"user":"%b"' % user.encode() in body
                assert not any(b'"user":"%b"' % each.encode() in body for each in users if each != user)
            assert len(provider.requests) == 1


async def test_a_reload_leaves_a_shared_call_to_its_callers(tmp_path: Path) -> None:
    async with flying(tmp_path) as (running, provider):
        callers = await posted(running, 3, STREAM)
        asked = await begun(running, provider, callers)
        old = cache_of(running)
        running.sidecar.adopt(running.sidecar.current.config)
        assert cache_of(running) is not old
        callers[0].hang_up()
        [new] = await posted(running, 1, STREAM)
        other = await provider.asked()
        other.link.stream(OPENAI.stream(["new"]).data)
        assert (await new.answer()).headers["x-outrider-cache"] == "miss"
        asked.link.chunk(openai_word("two") + openai_end(OPENAI_USAGE))
        asked.link.finish()
        for caller in callers[1:]:
            assert await caller.rest() == (openai_word("two") + openai_end(OPENAI_USAGE), True)
        await running.is_idle()
        assert (old.flights, cache_of(running).flights) == ({}, {})


async def test_at_the_end_of_the_process_all_are_told_also_where_the_leader_has_gone(tmp_path: Path) -> None:
    async with Provider() as provider:
        up = {"up": openai_like(provider.url)}
        async with process(tmp_path, up, cache=ON, drain={"grace": 0.5}) as running:
            callers = [await running.caller() for _ in range(3)]
            for caller in callers:
                caller.post(STREAM)
            asked = await provider.asked()
            await until(lambda: shared_by(running.ops, 2))
            asked.link.start()
            asked.link.chunk(OPENAI_OPENING + openai_word("one"))
            for caller in callers:
                await caller.head()
                await caller.chunk()
            callers[0].hang_up()
            running.stop()
            for caller in callers[1:]:
                rest, complete = await caller.rest()
                assert b"draining" in rest or b"shut down" in rest
                assert not complete
            await asked.link.is_closed()
            assert await running.ended() == 0
        assert "Traceback" not in running.log()


async def shared_by(ops: int, count: int) -> bool:
    return b"outrider_single_flight_joined_total %d" % count in (await get(ops, "/metrics")).body


async def test_of_a_makeshifts_answer_each_asks_for_its_own(tmp_path: Path) -> None:
    """It is no answer to the question of who joined: each finds out for itself whether the model is there again."""

    def answer(asked: Asked) -> None:
        if asked.json["model"] == "good":
            asked.link.whole({"error": {"message": "down", "type": "server_error"}}, 500)
        else:
            asked.link.whole(openai_reply("makeshift"))

    async with Provider(answer) as provider:
        models = [{"model": "a", "targets": [{"provider": "up", "model": "good"}], "fallback": ["up:makeshift"]}]
        async with sidecar(tmp_path, {"up": openai_like(provider.url)}, cache=ON, models=models) as running:
            callers = await posted(running, 4, chat("a", **FIXED))
            answers = [await caller.answer() for caller in callers]
            assert {each.status for each in answers} == {200}
            assert {each.json["choices"][0]["message"]["content"] for each in answers} == {"makeshift"}
            assert all(each.headers["x-outrider-model"] == "makeshift" for each in answers)


@pytest.mark.parametrize("stream", [False, True])
async def test_of_two_attempts_that_race_all_hear_the_winner(tmp_path: Path, stream: bool) -> None:
    async with Provider() as slow, Provider() as quick:
        up = {"up": openai_like(slow.url), "other": openai_like(quick.url)}
        racing = alias("up", "other", name="racing", hedge={"after": 0.02, "share": 1})
        async with sidecar(tmp_path, up, cache=ON | {"streams": "store"}, models=[racing]) as running:
            callers = await posted(running, 3, chat("racing", stream=stream, **FIXED))
            first, second = await slow.asked(), await quick.asked()
            await joined(running, 2)
            if stream:
                second.link.stream(OPENAI.stream(["winner"]).data)
            else:
                second.link.whole(OPENAI.reply("winner"))
            answers = [await caller.answer() for caller in callers]
            assert len({each.body for each in answers}) == 1
            assert all(each.complete and b"winner" in each.body for each in answers)
            assert {each.headers["x-outrider-provider"] for each in answers} == {"other"}
            await first.link.is_closed()
            await running.is_idle()
            await until(lambda: cache_of(running).reading[0] == 0)
            assert (await running.ask(chat("racing", stream=stream, **FIXED))).headers["x-outrider-cache"] == "hit"
