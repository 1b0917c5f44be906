"""What the status page is told of a running sidecar: who is in flight, what it came to so far, and how it is configured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.call import Call, Target
from proxy.config import load
from proxy.shown_cache import Nobody
from proxy.shown_page import LONGEST_NAME, MOST_CALLS, in_flight, shown_config
from tests.promises.caller import chat, get, until
from tests.promises.sidecars import KEY, openai_like, sidecar
from tests.promises.upstream import Provider
from tests.promises.wires import openai_reply

SECRET = "a prompt that nobody else may read"
USED = {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020}


def test_a_call_is_shown_by_its_names_cut_short() -> None:
    call = Call("i" * 500, "openai", "chat", SECRET.encode(), {"x": SECRET}, "m" * 500, True, {}, Nobody(), 10.0)
    call.target = Target("up", "t" * 500, None)
    call.attempts, call.phase = 2, "waiting"
    assert in_flight(call, 12.5) == {
        "id": "i" * LONGEST_NAME,
        "model": "m" * LONGEST_NAME,
        "provider": "up",
        "target_model": "t" * LONGEST_NAME,
        "phase": "waiting",
        "age": 2.5,
        "attempts": 2,
        "stream": True,
    }


async def test_calls_in_flight_are_the_oldest_and_say_nothing_of_what_was_asked(tmp_path: Path) -> None:
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        (await running.caller()).post(chat(text=SECRET), {"x-request-id": "oldest"})
        await provider.asked()
        for number in range(MOST_CALLS + 5):
            (await running.caller()).post(chat(text=SECRET), {"x-request-id": str(number)})
            await provider.asked()
        answer = await get(running.ops, "/status.json")
        calls = answer.json["calls"]
        assert (len(calls), answer.json["calls_in_flight"]) == (MOST_CALLS, MOST_CALLS + 6)
        assert [call["id"] for call in calls[:3]] == ["oldest", "0", "1"]
        assert {(call["model"], call["provider"], call["phase"], call["attempts"]) for call in calls} == {
            ("up:m", "up", "waiting", 1)
        }
        assert [call["age"] for call in calls] == sorted((call["age"] for call in calls), reverse=True)
        assert SECRET not in answer.body.decode()


async def test_totals_are_over_all_models(tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole(openai_reply("hi", usage=USED))) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        used = [(await running.ask(chat(model))).json["usage"] for model in ("up:m", "up:n", "mock")]
        await running.ask(chat("nowhere/x"))
        await running.ask(chat("mock:mock-status-500"))
        await running.is_idle()
        totals = (await running.status())["totals"]
    assert totals == {
        "calls": 5,
        "failed": 2,
        "failures": {"model_not_found": 1, "provider_error": 1},
        "tokens_in": sum(usage["prompt_tokens"] for usage in used),
        "tokens_out": sum(usage["completion_tokens"] for usage in used),
        "cost": totals["cost"],
    }


async def test_the_feed_has_each_call_whatever_the_log_says(tmp_path: Path) -> None:
    async with sidecar(tmp_path, logging={"level": "error"}) as running:
        before = (await running.status())["feed"]["last"]
        await running.ask(chat("mock"))
        await until(lambda: running.sidecar.feed.last == before + 1)
        assert b'"model":"mock"' in running.sidecar.feed.since(before).events


@pytest.mark.parametrize("where", ["api_key", "header", "keys"])
async def test_the_configuration_is_shown_and_its_secrets_are_not(where: str, tmp_path: Path) -> None:
    own = {
        "api_key": openai_like("http://127.0.0.1:9"),
        "header": openai_like("http://127.0.0.1:9", headers={"authorization": f"Bearer {KEY}"}),
        "keys": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "api_keys": [KEY, "b" * 40]},
    }[where]
    async with sidecar(tmp_path, {"up": own}) as running:
        answer = await get(running.ops, "/status/setup.json")
        status = await running.status()
    assert KEY not in answer.body.decode()
    assert "b" * 40 not in answer.body.decode()
    setup = answer.json
    assert setup["config_fingerprint"] == status["config_fingerprint"] == running.sidecar.current.fingerprint
    assert setup["config"]["providers"]["up"]["base_url"] == "http://127.0.0.1:9/v1"
    assert setup["config"]["listen"]["body_limit"] == 64 << 20
    assert setup["kinds"]["timeout"].keys() == {"party", "meaning", "hint"}


def test_of_a_key_it_is_told_where_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("providers: {openai: {}}", "utf-8")
    shown = shown_config(load(str(tmp_path / "config.yaml"), {"OPENAI_API_KEY": KEY}))
    assert shown["providers"]["openai"]["api_key"] == f"{KEY[:3]}…{KEY[-4:]} (OPENAI_API_KEY)"
    assert KEY not in json.dumps(shown)


async def test_a_name_that_looks_like_a_key_does_not_break_the_status(tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole(openai_reply("hi"))) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        for model in ("up:api_key", f"up:{KEY}", 'up:authorization":{"a'):
            await running.ask(chat(model))
        await running.is_idle()
        answer = await get(running.ops, "/status.json")
    assert answer.json["targets"].keys() == {"up:api_key", "up:[redacted]", 'up:authorization":[redacted]"a'}
