"""Who asks the same at the same time shares one call: each hears all of it, live, and nobody pays twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caching import FIXED, flying, joined, posted
from tests.promises.caller import chat, until
from tests.promises.dialects import TARGETS, WIRES
from tests.promises.upstream import Asked
from tests.promises.wires import OPENAI_OPENING, OPENAI_USAGE, openai_end, openai_reply, openai_stream, openai_word

STREAM = chat(stream=True, **FIXED)
REFUSAL = {"error": {"message": "it broke", "type": "server_error", "param": None, "code": None}}


async def test_a_hundred_who_ask_the_same_cost_one_call(tmp_path: Path) -> None:
    async with flying(tmp_path) as (running, provider):
        callers = await posted(running, 100, chat(**FIXED))
        asked = await provider.asked()
        await joined(running, 99)
        asked.link.whole(openai_reply("once", usage=OPENAI_USAGE))
        answers = [await caller.answer() for caller in callers]
        words = sorted(answer.headers["x-outrider-cache"] for answer in answers)
        assert words == ["miss"] + ["shared"] * 99
        assert len({answer.body for answer in answers}) == 1
        assert len(provider.requests) == 1
        assert len({answer.headers["x-request-id"] for answer in answers}) == 100
        await running.is_idle()
        assert await running.counted("llm_tokens_prompt") == OPENAI_USAGE["prompt_tokens"]
        assert await running.counted("llm_requests_success", model="up:m") == 100


async def test_a_latecomer_hears_the_beginning_and_then_follows_live(tmp_path: Path) -> None:
    async with flying(tmp_path) as (running, provider):
        [leader] = await posted(running, 1, STREAM)
        asked = await provider.asked()
        asked.link.start()
        asked.link.chunk(OPENAI_OPENING + openai_word("one"))
        head = await leader.head()
        assert head.headers["x-outrider-cache"] == "miss"
        assert await leader.chunk() == OPENAI_OPENING + openai_word("one")
        [late] = await posted(running, 1, STREAM)
        assert (await late.head()).headers["x-outrider-cache"] == "shared"
        assert await late.chunk() == OPENAI_OPENING + openai_word("one")
        for word in ("two", "three"):
            asked.link.chunk(openai_word(word))
            assert await leader.chunk() == openai_word(word)
            assert await late.chunk() == openai_word(word)
        asked.link.chunk(openai_end(OPENAI_USAGE))
        asked.link.finish()
        for caller in (leader, late):
            assert await caller.rest() == (openai_end(OPENAI_USAGE), True)
        assert len(provider.requests) == 1


async def test_a_piece_reaches_all_in_the_same_turn_of_the_loop(tmp_path: Path) -> None:
    async with flying(tmp_path) as (running, provider):
        callers = await posted(running, 20, STREAM)
        asked = await provider.asked()
        await joined(running, 19)
        asked.link.start()
        for word in ("one", "two", "three"):
            asked.link.chunk(openai_word(word))
            if word == "one":
                for caller in callers:
                    await caller.head()
            assert {await caller.chunk() for caller in callers} == {openai_word(word)}
        asked.link.chunk(openai_end())
        asked.link.finish()
        for caller in callers:
            assert (await caller.rest())[1]


async def test_the_call_goes_on_when_the_leader_hangs_up_while_anyone_listens(tmp_path: Path) -> None:
    async with flying(tmp_path, streams="store") as (running, provider):
        [leader] = await posted(running, 1, STREAM)
        asked = await provider.asked()
        asked.link.start()
        asked.link.chunk(openai_word("one"))
        await leader.head()
        await leader.chunk()
        [late] = await posted(running, 1, STREAM)
        await late.head()
        await late.chunk()
        leader.hang_up()
        policy: Any = running.sidecar.current.caching.cache
        [flight] = policy.flights.values()
        await until(lambda: flight._leader.client.gone)
        asked.link.chunk(openai_word("two"))
        assert await late.chunk() == openai_word("two")
        asked.link.chunk(openai_end(OPENAI_USAGE))
        asked.link.finish()
        assert (await late.rest())[1]
        await running.is_idle()
        await until(lambda: policy.reading[0] == 0)
        assert await running.counted("outrider_client_gone_total") == 1
        assert await running.counted("llm_tokens_prompt") == OPENAI_USAGE["prompt_tokens"]
        assert (await running.ask(STREAM)).headers["x-outrider-cache"] == "hit"


async def test_it_goes_on_for_a_whole_answer_too(tmp_path: Path) -> None:
    async with flying(tmp_path) as (running, provider):
        [leader] = await posted(running, 1, chat(**FIXED))
        asked = await provider.asked()
        [late] = await posted(running, 1, chat(**FIXED))
        await joined(running, 1)
        leader.hang_up()
        policy: Any = running.sidecar.current.caching.cache
        [flight] = policy.flights.values()
        await until(lambda: flight._leader.client.gone)
        assert not asked.link.gone.is_set()
        asked.link.whole(openai_reply())
        assert (await late.answer()).status == 200


@pytest.mark.parametrize("stream", [False, True])
async def test_when_all_have_gone_the_provider_is_left_at_once(tmp_path: Path, stream: bool) -> None:
    async with flying(tmp_path) as (running, provider):
        body = chat(stream=stream, **FIXED)
        leader, late = await posted(running, 2, body)
        asked = await provider.asked()
        await joined(running, 1)
        if stream:
            asked.link.start()
            asked.link.chunk(openai_word("one"))
            for caller in (leader, late):
                await caller.head()
        leader.hang_up()
        await asyncio.sleep(0.05)
        assert not asked.link.gone.is_set()
        late.hang_up()
        await asked.link.is_closed()
        await running.is_idle()
        cache = running.sidecar.current.caching.cache
        assert cache is not None
        assert not cache.flights


async def test_a_leader_without_followers_is_left_as_ever(tmp_path: Path) -> None:
    async with flying(tmp_path) as (running, provider):
        [leader] = await posted(running, 1, STREAM)
        asked = await provider.asked()
        leader.hang_up()
        await asked.link.is_closed()


async def test_followers_fail_with_the_call_they_share(tmp_path: Path) -> None:
    async with flying(tmp_path) as (running, provider):
        callers = await posted(running, 5, chat(**FIXED))
        asked = await provider.asked()
        await joined(running, 4)
        asked.link.whole(REFUSAL, 500)
        answers = [await caller.answer() for caller in callers]
        assert [answer.status for answer in answers] == [502] * 5
        assert all("it broke" in answer.error["message"] for answer in answers)
        assert len(provider.requests) == 1


async def test_or_ask_on_their_own_account_where_that_is_configured(tmp_path: Path) -> None:
    async with flying(tmp_path, followers="retry") as (running, provider):
        callers = await posted(running, 3, chat(**FIXED))
        first = await provider.asked()
        await joined(running, 2)
        first.link.whole(REFUSAL, 500)
        for _ in range(2):
            (await provider.asked()).link.whole(openai_reply())
        assert sorted([(await caller.answer()).status for caller in callers]) == [200, 200, 502]


async def test_a_shared_stream_that_is_cut_ends_in_an_error_for_all(tmp_path: Path) -> None:
    async with flying(tmp_path) as (running, provider):
        callers = await posted(running, 3, STREAM)
        asked = await provider.asked()
        await joined(running, 2)
        asked.link.start()
        asked.link.chunk(openai_word("half"))
        for caller in callers:
            await caller.head()
            await caller.chunk()
        asked.link.cut()
        for caller in callers:
            rest, complete = await caller.rest()
            assert b"provider_stream_cut" in rest
            assert not complete
            assert b"[DONE]" not in rest


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in ("openai", "responses")])
async def test_callers_of_other_dialects_share_the_call_too(tmp_path: Path, name: str) -> None:
    """What goes up is the same, whoever says it; each hears it in its own words."""
    ours = WIRES[name]
    async with flying(tmp_path, which="all") as (running, provider):
        path = ours.path_to("up:m", True)
        pair = await posted(running, 0, b"")
        for wire_path in (path, path):
            caller = await running.caller()
            caller.post(ours.ask("up:m", True), ours.headers, wire_path)
            pair.append(caller)
        asked = await provider.asked()
        await joined(running, 1)
        asked.link.stream(openai_stream("hello ", "there", usage=OPENAI_USAGE))
        heard = [await caller.answer() for caller in pair]
        assert ours.hear(heard[0].body).text == ours.hear(heard[1].body).text == "hello there"
        assert heard[0].body == heard[1].body
        assert len(provider.requests) == 1


async def test_different_questions_are_not_shared(tmp_path: Path) -> None:
    async with flying(tmp_path) as (running, provider):
        first, second = [(await posted(running, 1, chat(text=text, **FIXED)))[0] for text in ("a", "b")]
        for _ in range(2):
            asked: Asked = await provider.asked()
            asked.link.whole(openai_reply(asked.json["messages"][0]["content"]))
        for caller, text in ((first, "a"), (second, "b")):
            assert (await caller.answer()).json["choices"][0]["message"]["content"] == text


async def test_who_draws_does_not_share(tmp_path: Path) -> None:
    async with flying(tmp_path) as (running, provider):
        callers = await posted(running, 2, chat(temperature=1))
        for _ in range(2):
            (await provider.asked()).link.whole(openai_reply())
        assert [(await caller.answer()).headers["x-outrider-cache"] for caller in callers] == ["bypass"] * 2
