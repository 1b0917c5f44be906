"""Promise 15 (reload): another configuration is checked and swapped whole; streams in flight finish on the old one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import get, until
from tests.promises.sidecars import InProcess, openai_like, process, write_config
from tests.promises.upstream import Asked, Provider

HELLO = {"messages": [{"role": "user", "content": "hello"}]}
OLD = [{"model": "fast", "targets": [{"provider": "old", "model": "m"}]}]
NEW = [{"model": "fast", "targets": [{"provider": "new", "model": "m"}]}]
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def say(name: str) -> Any:
    def answer(asked: Asked) -> None:
        message = {"role": "assistant", "content": name}
        asked.link.whole({"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    return answer


async def said(running: InProcess) -> str:
    answer = await running.ask({"model": "fast", **HELLO})
    assert answer.status == 200, answer.body
    content: str = answer.json["choices"][0]["message"]["content"]
    return content


async def take_over(running: InProcess, directory: Path, providers: Mapping[str, Any], **sections: Any) -> None:
    """Write another configuration and reload. The sidecar may have seen the file by itself before that."""
    before = (await running.status())["config_fingerprint"]
    write_config(directory, providers, sections)
    answer = await get(running.ops, "/reload", "POST")
    assert (answer.status, answer.json["faults"]) == (200, [])
    assert answer.json["config_fingerprint"] != before


@pytest.fixture
def providers() -> tuple[Provider, Provider]:
    return Provider(), Provider(say("new"))


async def test_streams_in_flight_finish_on_the_old_one(providers: tuple[Provider, Provider], tmp_path: Path) -> None:
    old, new = providers
    async with old, new:
        both = {"old": openai_like(old.url), "new": openai_like(new.url)}
        async with process(tmp_path, both, models=OLD) as running:
            caller = await running.caller()
            caller.post({"model": "fast", "stream": True, **HELLO})
            asked = await old.asked()
            asked.link.start()
            asked.link.chunk(EVENT % b"one ")
            assert (await caller.head()).status == 200
            assert b"one " in (await caller.chunk() or b"")
            await take_over(running, tmp_path, {"new": openai_like(new.url)}, models=NEW)
            assert await said(running) == "new"
            assert (await running.metrics())['outrider_bound_fill{bound="generations"}'] == 1
            asked.link.chunk(EVENT % b"two" + LAST)
            asked.link.finish()
            rest, whole = await caller.rest()
            assert (b"two" in rest, rest.endswith(LAST), whole) == (True, True, True)
            await asked.link.is_closed()


async def test_one_with_a_fault_changes_nothing(providers: tuple[Provider, Provider], tmp_path: Path) -> None:
    _, new = providers
    async with new, process(tmp_path, {"new": openai_like(new.url)}, models=NEW) as running:
        before = (await running.status())["config_fingerprint"]
        path = tmp_path / "config.yaml"
        good = path.read_text("utf-8")
        path.write_text(good.replace("provider: new", "provider: nobody"), "utf-8")
        answer = await get(running.ops, "/reload", "POST")
        assert (answer.status, answer.json["reloaded"]) == (409, False)
        assert "models[0].targets[0].provider is 'nobody'" in answer.json["faults"][0]
        assert (await running.status())["config_fingerprint"] == before
        assert await said(running) == "new"
        assert await running.counted("outrider_config_reloads_total", result="refused") == 1


async def test_a_signal_reloads(providers: tuple[Provider, Provider], tmp_path: Path) -> None:
    _, new = providers
    async with new, process(tmp_path, {"new": openai_like(new.url)}, models=NEW) as running:
        before = (await running.status())["config_fingerprint"]
        write_config(tmp_path, {"new": openai_like(new.url)}, {"models": NEW, "drain": {"grace": 3}})
        os.kill(running.pid, signal.SIGHUP)

        async def is_another() -> bool:
            return bool((await running.status())["config_fingerprint"] != before)

        await until(is_another)
        assert await said(running) == "new"


def failing(asked: Asked) -> None:
    asked.link.whole({"error": {"message": "broken"}}, 500)


async def test_a_breaker_outlives_a_reload_that_does_not_touch_its_rule(tmp_path: Path) -> None:
    async with Provider(failing) as provider:
        rules: dict[str, Any] = {"breaker": {"failures": 2}, "retry": {"attempts": 1}}
        both = {"old": openai_like(provider.url)}
        async with process(tmp_path, both, models=OLD, **rules) as running:
            for _ in range(2):
                assert (await running.ask({"model": "fast", **HELLO})).status == 502
            assert (await running.ask({"model": "fast", **HELLO})).status == 503
            await take_over(running, tmp_path, both, models=OLD, **rules, drain={"grace": 3})
            assert (await running.ask({"model": "fast", **HELLO})).status == 503
            await take_over(running, tmp_path, both, models=OLD, **rules | {"breaker": {"failures": 3}})
            assert (await running.ask({"model": "fast", **HELLO})).status == 502
            assert await running.counted("outrider_breaker_opened_total", provider="old") == 1


async def test_nothing_is_lost_while_it_is_reloaded_again_and_again(tmp_path: Path) -> None:
    async with Provider(say("new")) as provider:
        up = {"new": openai_like(provider.url)}
        async with process(tmp_path, up, models=NEW) as running:
            over = False

            async def ask() -> int:
                asked = 0
                while not over:
                    assert await said(running) == "new"
                    asked += 1
                return asked

            callers = [asyncio.ensure_future(ask()) for _ in range(4)]
            for number in range(20):
                await take_over(running, tmp_path, up, models=NEW, drain={"grace": 3 + number})
            over = True
            assert sum(await asyncio.gather(*callers)) > 20

            async def are_gone() -> bool:
                return not (await running.metrics())['outrider_bound_fill{bound="generations"}']

            await until(are_gone)
