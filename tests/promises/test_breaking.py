"""A target that fails again and again is left alone, then tried a little, then trusted; who asks hears when to come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import chat, until
from tests.promises.dialects import WIRES, alone, speaking_alone
from tests.promises.scripts import Script, call_lines, hangs_up, is_silent, refuses, says, sends
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider

RESET = 0.4
RULE = {"failures": 3, "successes": 2, "reset": RESET}
OPENAI = WIRES["openai"]
TARGET = {"provider": "up", "target_model": "m"}
CUT = sends(*OPENAI.stream(["x"]).opening, OPENAI.stream(["x"]).words[0], cut=True)


@asynccontextmanager
async def scene(directory: Path, script: Script, **more: Any) -> AsyncIterator[tuple[InLoop, Provider]]:
    limits = {"timeouts": {"first_byte": 0.2, "total": 5}}
    async with Provider(script) as provider:
        up = {"up": openai_like(provider.url, **limits)}
        async with sidecar(directory, up, **{"breaker": RULE, **more}) as running:
            yield running, provider


async def state_of(running: InLoop) -> str:
    state: str = (await running.status())["targets"]["up:m"]["breaker"]
    return state


async def test_its_whole_life(tmp_path: Path) -> None:
    script = Script(refuses(500))
    async with scene(tmp_path, script) as (running, _):
        assert [(await running.ask(chat())).status for _ in range(3)] == [502] * 3
        assert await state_of(running) == "open"
        refused = await running.ask(chat())
        assert (refused.status, refused.error["type"], refused.complete) == (503, "circuit_open", True)
        assert refused.headers["x-outrider-attempts"] == "0"
        assert 0 < int(refused.headers["retry-after-ms"]) <= RESET * 1000
        assert refused.headers["retry-after"] == "1"
        assert script.count == 3
        # As soon as the application may come back, one call is let through; it fails, and all is as before.
        await asyncio.sleep(int(refused.headers["retry-after-ms"]) / 1000 + 0.01)
        assert (await running.ask(chat())).status == 502
        assert (await running.ask(chat())).status == 503
        assert script.count == 4
        await asyncio.sleep(RESET + 0.01)
        script.acts[:] = [says()]
        assert (await running.ask(chat())).status == 200
        assert await state_of(running) == "half_open"
        assert (await running.ask(chat())).status == 200
        assert await state_of(running) == "closed"
        assert await running.counted("outrider_breaker_state", **TARGET) == 0
        assert await running.counted("outrider_breaker_opened_total", **TARGET) == 2
        assert await running.counted("llm_requests_failure", kind="circuit_open") == 2
        assert await running.counted("provider_error_total", kind="circuit_open") == 0
        await until(lambda: len(call_lines(running)) == 8)
        assert [line["kind"] for line in call_lines(running)].count("circuit_open") == 2


async def test_one_trial_at_a_time(tmp_path: Path) -> None:
    """While it is on its way the others are refused, and told to come back soon; one that hangs up leaves its place."""
    script = Script(refuses(500))
    async with scene(tmp_path, script) as (running, provider):
        for _ in range(3):
            await running.ask(chat())
        await asyncio.sleep(RESET + 0.01)
        provider.answer = None
        trial = await running.caller()
        trial.post(chat())
        await provider.asked()
        others = [await running.ask(chat()) for _ in range(3)]
        assert [(each.status, each.headers["retry-after"]) for each in others] == [(503, "1")] * 3
        trial.hang_up()
        await running.is_idle()
        assert await state_of(running) == "half_open"
        provider.answer = Script(says())
        assert [(await running.ask(chat())).status for _ in range(2)] == [200, 200]
        assert await state_of(running) == "closed"


@pytest.mark.parametrize(
    ("act", "opens"),
    [
        (refuses(500), True),
        (refuses(529), True),
        (hangs_up, True),
        (CUT, True),
        (is_silent, True),
        (refuses(400), False),
        (refuses(404), False),
        (refuses(401), False),
        (refuses(429, {"retry-after": "0"}), False),
    ],
)
async def test_what_counts_and_what_does_not(act: Any, opens: bool, tmp_path: Path) -> None:
    script = Script(act)
    async with scene(tmp_path, script) as (running, _):
        for _ in range(6):
            await running.ask(chat(stream=True))
        assert (await state_of(running) == "open") is opens
        assert script.count == (3 if opens else 6)


async def test_hang_ups_count_neither_way(tmp_path: Path) -> None:
    """Between two failures and the third: it opens all the same, and not before."""
    async with scene(tmp_path, Script(refuses(500))) as (running, provider):
        for _ in range(2):
            await running.ask(chat())
        answer, provider.answer = provider.answer, None
        for _ in range(5):
            caller = await running.caller()
            caller.post(chat())
            await provider.asked()
            caller.hang_up()
            await running.is_idle()
        assert await state_of(running) == "closed"
        provider.answer = answer
        await running.ask(chat())
        assert await state_of(running) == "open"


async def test_a_share_of_failures_opens_it_too(tmp_path: Path) -> None:
    """Every other call fails: never three in a row, and half of ten."""
    rule = {"failures": 100, "reset": 30, "rate": {"share": 0.5, "window": 30, "least": 10}}
    script = Script(*[says(), refuses(500)] * 5, says())
    async with scene(tmp_path, script, breaker=rule) as (running, _):
        statuses = [(await running.ask(chat())).status for _ in range(12)]
        assert statuses == [200, 502] * 5 + [503] * 2


async def test_each_model_has_its_own(tmp_path: Path) -> None:
    def answer(asked: Any) -> None:
        (refuses(500) if asked.json["model"] == "m" else says())(asked)

    async with scene(tmp_path, Script(answer)) as (running, _):
        for _ in range(4):
            await running.ask(chat("up:m"))
        assert (await running.ask(chat("up:m"))).status == 503
        assert (await running.ask(chat("up:other"))).status == 200


@pytest.mark.parametrize("dialect", ["anthropic", "gemini", "bedrock", "ollama", "cohere", "responses"])
async def test_every_dialect_is_told(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    script, rule = Script(refuses(500)), {"failures": 1}
    with speaking_alone():
        async with Provider(script) as at, sidecar(tmp_path, {"up": alone(wire, at.url)}, breaker=rule) as running:
            path = wire.path_to("up:m", True)
            await running.ask(wire.ask("up:m", True), wire.headers, path)
            refused = await running.ask(wire.ask("up:m", True), wire.headers, path)
            assert (refused.status, refused.complete, script.count) == (503, True, 1)
            assert "not asked for another" in wire.words_of(refused.json)
            assert 25 < int(refused.headers["retry-after"]) <= 30
