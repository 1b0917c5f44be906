"""What is kept is told again to who asks the same, and to nobody else; what is not whole is never kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.promises.caching import FIXED, ON, Counting, caching
from tests.promises.caller import chat
from tests.promises.upstream import Asked
from tests.promises.wires import OPENAI_USAGE, openai_reply


async def test_the_second_is_told_what_the_first_one_was_to_the_byte_and_nobody_is_asked(tmp_path: Path) -> None:
    answer = Counting()
    async with caching(tmp_path, answer) as running:
        first, second = [await running.ask(chat(**FIXED)) for _ in range(2)]
        assert first.status == 200, (first, running.log())
        assert (first.headers["x-outrider-cache"], second.headers["x-outrider-cache"]) == ("miss", "hit")
        assert first.body == second.body
        assert answer.asked == 1
        assert second.headers["age"] == "0"
        assert "age" not in first.headers
        assert second.headers["x-outrider-cost"] == "0"
        assert second.headers["x-outrider-attempts"] == "0"
        assert second.headers["x-outrider-provider"] == "up"
        assert second.headers["x-outrider-model"] == "m"
        assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_hits_count_as_calls_but_their_tokens_as_saved(tmp_path: Path) -> None:
    async with caching(tmp_path, Counting()) as running:
        for _ in range(3):
            await running.ask(chat(**FIXED))
        await running.is_idle()
        assert await running.counted("llm_requests_total", model="up:m") == 3
        assert await running.counted("llm_tokens_prompt") == OPENAI_USAGE["prompt_tokens"]
        assert await running.counted("outrider_cache_saved_tokens_total") == 2 * 150
        assert await running.counted("llm_cache_hits") == 2
        assert await running.counted("llm_cache_misses") == 1


@pytest.mark.parametrize("fields", [{}, {"temperature": 0.7}, {"temperature": 1}])
async def test_who_draws_gets_an_answer_of_his_own_unless_he_or_the_route_says_otherwise(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    answer = Counting()
    alias = {"model": "kept", "targets": [{"provider": "up", "model": "m"}], "cache": {"which": "all"}}
    async with caching(tmp_path, answer, models=[alias]) as running:
        for expected in (1, 2):
            found = await running.ask(chat(**fields))
            assert found.headers["x-outrider-cache"] == "bypass"
            assert answer.asked == expected
        for word in ("miss", "hit"):
            assert (await running.ask(chat(**fields, cache={"ttl": 60}))).headers["x-outrider-cache"] == word
        for word in ("miss", "hit"):
            assert (await running.ask(chat("kept", "other", **fields))).headers["x-outrider-cache"] == word


async def test_a_seed_fixes_the_sampling_too(tmp_path: Path) -> None:
    async with caching(tmp_path, Counting()) as running:
        found = [(await running.ask(chat(seed=7))).headers["x-outrider-cache"] for _ in range(2)]
        assert found == ["miss", "hit"]


async def test_a_request_may_pass_the_cache_by_renew_it_or_want_nothing_else(tmp_path: Path) -> None:
    answer = Counting()
    async with caching(tmp_path, answer) as running:

        async def said(**cache: Any) -> tuple[str, str]:
            found = await running.ask(chat(**FIXED, cache=cache))
            return found.headers["x-outrider-cache"], found.json["choices"][0]["message"]["content"]

        assert await said() == ("miss", "answer 1")
        assert await said(mode="bypass") == ("bypass", "answer 2")
        assert await said() == ("hit", "answer 1")
        assert await said(mode="refresh") == ("miss", "answer 3")
        assert await said(mode="only") == ("hit", "answer 3")
        lacking = await running.ask(chat(text="never asked", **FIXED, cache={"mode": "only"}))
        assert lacking.status == 504
        assert lacking.error["param"] == "cache"
        assert answer.asked == 3


@pytest.mark.parametrize(
    ("control", "words"),
    [
        ("no-store", "bypass"),
        ("no-cache", "miss"),
        ("max-age=0", "miss"),
        ("only-if-cached, max-stale", "hit"),
        ("odd=1", "hit"),
    ],
)
async def test_cache_control_is_understood(tmp_path: Path, control: str, words: str) -> None:
    async with caching(tmp_path, Counting()) as running:
        await running.ask(chat(**FIXED))
        found = await running.ask(chat(**FIXED), {"cache-control": control})
        assert found.headers["x-outrider-cache"] == words


async def test_only_if_cached_buys_nothing_even_where_nothing_is_kept(tmp_path: Path) -> None:
    answer = Counting()
    async with caching(tmp_path, answer, {"enabled": False}) as running:
        assert (await running.ask(chat(**FIXED), {"cache-control": "only-if-cached"})).status == 504
        assert (await running.ask(chat(**FIXED, cache={"mode": "only"}))).status == 504
        assert "x-outrider-cache" not in (await running.ask(chat(**FIXED))).headers
        assert answer.asked == 1


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ("yes", "cache"),
        ({"mode": "never"}, "cache.mode"),
        ({"ttl": 0}, "cache.ttl"),
        ({"ttl": "60"}, "cache.ttl"),
        ({"ttl": 1e12}, "cache.ttl"),
        ({"tttl": 1}, "cache.tttl"),
    ],
)
async def test_nonsense_is_refused_by_name(tmp_path: Path, said: Any, param: str) -> None:
    async with caching(tmp_path, Counting()) as running:
        found = await running.ask(chat(**FIXED, cache=said))
        assert (found.status, found.error["param"]) == (400, param)


def cut_short(reason: str) -> dict[str, Any]:
    reply = openai_reply("half")
    reply["choices"][0]["finish_reason"] = reason
    return reply


@pytest.mark.parametrize("reply", [cut_short("length"), cut_short("content_filter")])
async def test_what_was_cut_or_filtered_is_not_kept(tmp_path: Path, reply: dict[str, Any]) -> None:
    async with caching(tmp_path, lambda asked: asked.link.whole(reply)) as running:
        for _ in range(2):
            assert (await running.ask(chat(**FIXED))).headers["x-outrider-cache"] == "miss"


async def test_failures_are_not_kept(tmp_path: Path) -> None:
    refusal = {"error": {"message": "no", "type": "server_error", "param": None, "code": None}}
    answers = [(refusal, 500), (openai_reply(), 200)]
    async with caching(tmp_path, lambda asked: asked.link.whole(*answers.pop(0))) as running:
        assert (await running.ask(chat(**FIXED))).status == 502
        assert [(await running.ask(chat(**FIXED))).headers["x-outrider-cache"] for _ in range(2)] == ["miss", "hit"]


async def test_an_answer_of_a_makeshift_is_not_kept(tmp_path: Path) -> None:
    """A fallback answered while the model that was asked for was down."""

    def answer(asked: Asked) -> None:
        if asked.json["model"] == "good":
            asked.link.whole({"error": {"message": "down", "type": "server_error"}}, 500)
        else:
            asked.link.whole(openai_reply())

    alias = {"model": "a", "targets": [{"provider": "up", "model": "good"}], "fallback": ["up:makeshift"]}
    async with caching(tmp_path, answer, models=[alias]) as running:
        for _ in range(2):
            found = await running.ask(chat("a", **FIXED))
            assert (found.status, found.headers["x-outrider-cache"]) == (200, "miss")


async def test_tenants_do_not_hear_each_others_answers(tmp_path: Path) -> None:
    async with caching(tmp_path, Counting(), ON | {"by": ["X-Tenant"]}) as running:
        found = [
            (await running.ask(chat(**FIXED), {"x-tenant": tenant} if tenant else {})).headers["x-outrider-cache"]
            for tenant in ("a", "b", "a", "", "b", "")
        ]
        assert found == ["miss", "miss", "hit", "miss", "hit", "hit"]


async def test_an_answer_is_told_as_long_as_its_ttl_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with caching(tmp_path, Counting()) as running:
        own = running.sidecar.current.caching.stores[""].own
        now = own._wall()
        await running.ask(chat(**FIXED, cache={"ttl": 60}))
        monkeypatch.setattr(own, "_wall", lambda: now + 59)
        assert (await running.ask(chat(**FIXED))).headers["x-outrider-cache"] == "hit"
        monkeypatch.setattr(own, "_wall", lambda: now + 61)
        assert (await running.ask(chat(**FIXED))).headers["x-outrider-cache"] == "miss"


async def test_a_reload_keeps_what_is_kept(tmp_path: Path) -> None:
    answer = Counting()
    async with caching(tmp_path, answer) as running:
        await running.ask(chat(**FIXED))
        running.sidecar.adopt(running.sidecar.current.config)
        assert (await running.ask(chat(**FIXED))).headers["x-outrider-cache"] == "hit"
