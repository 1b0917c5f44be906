"""Which of an alias's targets is asked: by its strategy, by what a caller sticks to, by its tags; and who is left alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.promises.caller import until
from tests.promises.scripts import Script, call_lines, is_silent, late, refuses, says
from tests.promises.stations import Scene, before

CALLS = 400


@pytest.fixture(autouse=True)
def dice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same shares in every run."""
    monkeypatch.setattr("proxy.generation.random", Random(5).random)


def targets(**said: Any) -> list[dict[str, Any]]:
    return [{"provider": name, "model": "m", **more} for name, more in said.items()]


async def test_priority(tmp_path: Path) -> None:
    async with before(tmp_path, "abc", {}) as at:
        assert await at.whos(5) == {"a": 5}


async def test_weights_are_shares(tmp_path: Path) -> None:
    """400 calls: within five in a hundred of what was said, by the providers' own count too."""
    model = {"strategy": "weighted", "targets": targets(a={"weight": 0.7}, b={"weight": 0.25}, c={"weight": 0.05})}
    async with before(tmp_path, "abc", model) as at:
        found = await at.whos(CALLS)
        assert found == at.asked()
        for name, share in (("a", 0.7), ("b", 0.25), ("c", 0.05)):
            assert abs(found[name] / CALLS - share) < 0.05, found
        for name in "abc":
            assert await at.running.counted("llm_requests_success", provider=name, model="fast") == found[name]


async def test_in_turn(tmp_path: Path) -> None:
    async with before(tmp_path, "abc", {"strategy": "round_robin"}) as at:
        assert [await at.who() for _ in range(6)] == [*"abcabc"]


async def test_even_odds(tmp_path: Path) -> None:
    async with before(tmp_path, "ab", {"strategy": "random"}) as at:
        assert 70 < (await at.whos(200))["a"] < 130


async def test_who_has_least_to_do(tmp_path: Path) -> None:
    async with before(tmp_path, "abc", {"strategy": "least_connections"}) as at:
        busy = Script(is_silent)
        at.providers["a"].answer = at.providers["b"].answer = busy
        callers = [await at.running.caller() for _ in range(4)]
        for number, caller in enumerate(callers):
            caller.post({"model": "fast", "messages": [{"role": "user", "content": "hello"}]})
            if number < 2:
                await until(lambda: busy.count + at.scripts["c"].count > number)  # noqa: B023 - awaited at once
        await until(lambda: busy.count == 2)
        assert await at.whos(10) == {"c": 10}


async def test_the_quick_one_is_asked_more_often(tmp_path: Path) -> None:
    async with before(tmp_path, "ab", {"strategy": "latency"}) as at:
        at.providers["a"].answer = late(0.03, says("a"))
        found = await at.whos(60)
        assert found["b"] > 3 * found["a"] > 0


async def test_the_cheap_one(tmp_path: Path) -> None:
    """By what the catalog says; a price that nobody knows is none."""
    prices = {"a": {"input": 5, "output": 10}, "b": {"input": 1, "output": 2}}
    catalog = [{"provider": name, "model": "m", "price": price} for name, price in prices.items()]
    async with before(tmp_path, "cab", {"strategy": "cheapest"}, catalog=catalog) as at:
        assert await at.whos(5) == {"b": 5}


# ---- sticking


STICKY: dict[str, tuple[dict[str, Any], Any]] = {
    "header": ({"by": "header", "header": "X-User"}, lambda key: {"headers": {"x-user": key}}),
    "user": ({"by": "user"}, lambda key: {"user": key}),
    "prompt": (
        {"by": "prompt"},
        lambda key: {"messages": [{"role": "system", "content": key}, {"role": "user", "content": "hello"}]},
    ),
}


@pytest.mark.parametrize("by", STICKY)
async def test_the_same_caller_gets_the_same_target(by: str, tmp_path: Path) -> None:
    """And when that one is not well, only its own callers move; when it is again they come back."""
    sticky, said = STICKY[by]
    model = {"strategy": "round_robin", "sticky": sticky}
    async with before(tmp_path, "abc", model, breaker={"failures": 1, "reset": 60}) as at:
        keys = [f"key-{number}" for number in range(30)]
        home = {key: await at.who(**said(key)) for key in keys}
        assert set(home.values()) == set("abc")
        assert {key: await at.who(**said(key)) for key in keys} == home
        hold(at, "a", "open")
        moved = {key: await at.who(**said(key)) for key in keys}
        assert {key for key in keys if moved[key] != home[key]} == {key for key in keys if home[key] == "a"}
        hold(at, "a", None)
        assert {key: await at.who(**said(key)) for key in keys} == home


async def test_a_conversation_stays_where_it_began(tmp_path: Path) -> None:
    async with before(tmp_path, "abc", {"strategy": "round_robin", "sticky": {"by": "prompt"}}) as at:
        messages = [{"role": "user", "content": "tell me a story"}]
        homes = []
        for _ in range(6):
            homes.append(await at.who(messages=messages))
            messages = [*messages, {"role": "assistant", "content": "once"}, {"role": "user", "content": "go on"}]
        assert len(set(homes)) == 1


async def test_without_the_header_the_strategy_chooses(tmp_path: Path) -> None:
    model = {"strategy": "round_robin", "sticky": {"by": "header", "header": "x-user"}}
    async with before(tmp_path, "ab", model) as at:
        assert [await at.who() for _ in range(4)] == [*"abab"]


def hold(at: Scene, name: str, state: Any) -> None:
    standings = at.running.sidecar.standings.all()
    next(standing for provider, _, standing in standings if provider == name).breaker.force(state)


# ---- who is left alone


async def test_who_asks_for_a_pause_gets_it(tmp_path: Path) -> None:
    """The call itself is answered by another one, at once; when the time is over it is the first one's turn again."""
    async with before(tmp_path, "ab", {}, retry={"attempts": 2}) as at:
        at.scripts["a"].acts.insert(0, refuses(429, {"retry-after": "0.6"}))
        answer = await at.ask()
        assert answer.headers["x-outrider-provider"] == "b"
        assert answer.headers["x-outrider-tried"] == "a:m provider_rate_limited"
        assert await at.whos(5) == {"b": 5}
        assert (await at.running.status())["targets"]["a:m"]["reasons"] == ["rate_limited"]
        assert await at.running.counted("outrider_target_healthy", provider="a") == 0
        assert at.asked() == {"a": 1, "b": 6}

        async def is_back() -> bool:
            return await at.who() == "a"

        await until(is_back)
        assert at.scripts["a"].times[1] - at.scripts["a"].times[0] > 0.59


async def test_where_nobody_is_well_whoever_may_be_is_asked(tmp_path: Path) -> None:
    """Both have asked for a pause: the one whose pause ends first."""
    async with before(tmp_path, "ab", {}, retry={"attempts": 2}) as at:
        at.scripts["a"].acts.insert(0, refuses(429, {"retry-after": "30"}))
        at.scripts["b"].acts.insert(0, refuses(429, {"retry-after": "20"}))
        answer = await at.ask()
        assert (answer.status, answer.headers["retry-after"]) == (429, "20")
        assert await at.whos(3) == {"b": 3}


async def test_every_failure_is_tried_elsewhere_at_once(tmp_path: Path) -> None:
    rules = {"retry": {"attempts": 3, "initial": 5, "jitter": False}}
    async with before(tmp_path, "abc", {}, **rules) as at:
        at.scripts["a"].acts[:] = [refuses(500)]
        at.scripts["b"].acts[:] = [refuses(529)]
        async with asyncio.timeout(3):
            answer = await at.ask()
        assert answer.headers["x-outrider-provider"] == "c"
        assert answer.headers["x-outrider-tried"] == "a:m provider_error, b:m provider_overloaded"
        await until(lambda: bool(call_lines(at.running)))
        assert call_lines(at.running)[0]["tried"] == ["a:m provider_error", "b:m provider_overloaded"]


# ---- tags


TAGGED = {
    "strategy": "round_robin",
    "targets": targets(a={"tags": ["eu"]}, b={"tags": ["us"]}, c={"tags": ["eu", "fast"]}),
}


@pytest.mark.parametrize(("tags", "who"), [("eu", "ac"), ("us", "b"), ("eu, fast", "c"), ("", "abc")])
async def test_tags(tags: str, who: str, tmp_path: Path) -> None:
    async with before(tmp_path, "abc", TAGGED) as at:
        found = Counter([await at.who({"x-outrider-tags": tags}) for _ in range(6)])
        assert set(found) == set(who)


async def test_tags_that_nobody_has(tmp_path: Path) -> None:
    async with before(tmp_path, "abc", TAGGED) as at:
        answer = await at.ask({"x-outrider-tags": "us,fast"})
        assert (answer.status, answer.error["param"]) == (400, "x-outrider-tags")
        assert "eu, fast, us" in answer.error["message"]
        assert at.asked() == {"a": 0, "b": 0, "c": 0}
