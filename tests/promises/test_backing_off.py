"""While a call waits for its next attempt: whoever hangs up is not asked for, and an end of the process waits, or says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest
from openai import AsyncOpenAI

from tests.promises.caller import Caller, chat, until
from tests.promises.dialects import WIRES, like
from tests.promises.scripts import HELLO, Script, call_lines, refuses, says
from tests.promises.sidecars import InLoop, openai_like, process, sidecar
from tests.promises.upstream import Provider

LONG = refuses(429, {"retry-after": "20"})
SHORT = refuses(503, {"retry-after": "0.4"})
RULES: dict[str, Any] = {"retry": {"attempts": 3, "initial": 0.01, "cap": 0.02}}


async def backs_off(running: InLoop) -> None:
    await until(lambda: [call.phase for call in running.sidecar.gateway.calls] == ["backing_off"])


@pytest.fixture
def script() -> Script:
    return Script(LONG, says())


@pytest.fixture
async def running(script: Script, tmp_path: Path) -> AsyncIterator[InLoop]:
    async with Provider(script) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **RULES) as running:
        yield running


@pytest.mark.parametrize("how", [Caller.hang_up, Caller.reset])
@pytest.mark.parametrize("stream", [False, True])
async def test_who_hangs_up_is_not_asked_for(how: Any, stream: bool, running: InLoop, script: Script) -> None:
    caller = await running.caller()
    caller.post(chat(stream=stream))
    await backs_off(running)
    how(caller)
    await running.is_idle()
    assert script.count == 1
    assert await running.counted("outrider_client_gone_total", phase="backing_off") == 1
    assert await running.counted("llm_requests_failure", kind="client_gone") == 1
    assert await running.counted("provider_error_total") == 0
    assert (await running.status())["targets"]["up:m"]["in_flight"] == 0
    await until(lambda: bool(call_lines(running)))
    (line,) = call_lines(running)
    assert (line["kind"], line["attempts"], line["provider"]) == ("client_gone", 1, "up")


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini"])
async def test_an_end_that_does_not_wait_so_long_says_so(dialect: str, tmp_path: Path) -> None:
    wire, script = WIRES[dialect], Script(LONG, says())
    async with Provider(script) as provider:
        up = {"up": like(wire, provider.url)}
        async with process(tmp_path, up, drain={"grace": 0.3}, **RULES) as running:
            caller = await running.caller()
            caller.post(wire.ask("up:m"), wire.headers, wire.path_to("up:m"))
            await until(lambda: script.count == 1)
            running.stop()
            answer = await caller.answer()
            assert (answer.status, answer.complete) == (503, True)
            assert "shut down" in wire.words_of(answer.json)
            assert int(answer.headers["retry-after"]) >= 1
            assert await running.ended() == 0
        assert script.count == 1
        assert [line["kind"] for line in call_lines(running)] == ["draining"]


async def test_an_end_that_has_the_time_waits_for_the_next_attempt(tmp_path: Path) -> None:
    script = Script(SHORT, says("late"))
    async with Provider(script) as provider:
        async with process(tmp_path, {"up": openai_like(provider.url)}, drain={"grace": 10}, **RULES) as running:
            caller = await running.caller()
            caller.post(chat())
            await until(lambda: script.count == 1)
            running.stop()
            answer = await caller.answer()
            assert answer.json["choices"][0]["message"]["content"] == "late"
            assert await running.ended() == 0
        assert script.count == 2


async def test_the_wait_is_the_calls_own(running: InLoop, script: Script) -> None:
    """Another call at the same target is answered meanwhile."""
    caller = await running.caller()
    caller.post(chat())
    await backs_off(running)
    assert (await running.ask(chat("up:m"))).status == 200
    assert (script.count, len(running.sidecar.gateway.calls)) == (2, 1)


# ---- an application's SDK


@pytest.mark.parametrize(("retries", "requests"), [(0, 3), (1, 5), (2, 6)])
async def test_an_sdks_own_retries_make_few_requests_more(
    retries: int, requests: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three attempts at the first request, two at the second, one at the third: not nine."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.002)
    script = Script(refuses(500))
    async with Provider(script) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **RULES) as running:
        address = f"http://127.0.0.1:{running.port}/v1"
        async with AsyncOpenAI(base_url=address, api_key="unused", max_retries=retries, timeout=20) as client:
            with pytest.raises(openai.InternalServerError) as caught:
                await client.chat.completions.create(model="up:m", messages=HELLO)  # type: ignore[arg-type]
        assert caught.value.status_code == 502
        assert script.count == requests
        await running.is_idle()
        assert await running.counted("llm_requests_total") == retries + 1


async def test_calls_that_wait_hold_no_connection(tmp_path: Path) -> None:
    """With a single one, somebody else has it meanwhile."""
    script = Script(SHORT, says("between"), says("after"))
    async with Provider(script) as provider:
        up = openai_like(provider.url, pool={"connections": 1})
        async with sidecar(tmp_path, {"up": up}, **RULES) as running:
            first = await running.caller()
            first.post(chat())
            await backs_off(running)
            between = await asyncio.wait_for(running.ask(chat()), 5)
            after = await first.answer()
            said = [orjson.loads(each.body)["choices"][0]["message"]["content"] for each in (between, after)]
            assert said == ["between", "after"]
