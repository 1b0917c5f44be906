"""What a running sidecar shows of its targets, its attempts and its bounds; and how an operator holds a breaker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import Answer, get, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Asked, Provider

HELLO = {"model": "up:m", "messages": [{"role": "user", "content": "hello"}]}
MESSAGE = {"role": "assistant", "content": "hello"}
GOOD: dict[str, Any] = {"id": "1", "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}]}
TARGET = {"provider": "up", "target_model": "m"}
RULES: dict[str, Any] = {"retry": {"attempts": 2, "initial": 0.001}, "breaker": {"failures": 3}}


class Answers:
    """Each request gets the next status, and then 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []

    def __call__(self, asked: Asked) -> None:
        status = self.statuses.pop(0) if self.statuses else 200
        asked.link.whole(GOOD if status == 200 else {"error": {"message": "broken"}}, status)


@pytest.fixture
async def answers() -> Answers:
    return Answers()


@pytest.fixture
async def running(answers: Answers, tmp_path: Path) -> AsyncIterator[InLoop]:
    async with Provider(answers) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **RULES) as running:
        yield running


async def hold(running: InLoop, target: str, state: str) -> Answer:
    return await get(running.ops, f"/breaker?target={target}&state={state}", "POST")


async def test_targets_are_reported(running: InLoop, answers: Answers) -> None:
    answers.statuses = [500]
    assert (await running.ask(HELLO)).headers["x-outrider-tried"] == "up:m provider_error"
    report = (await running.status())["targets"]["up:m"]
    assert (report["healthy"], report["attempts"], report["failures"], report["error_rate"]) == (True, 2, 1, 0.5)
    assert report["last_failure"] == "provider_error"
    assert report["latency_ms"] > 0
    assert await running.counted("outrider_retries_total", provider="up", kind="provider_error") == 1
    assert await running.counted("outrider_target_error_rate", **TARGET) == 0.5
    assert await running.counted("outrider_target_healthy", **TARGET) == 1


async def test_a_breaker_that_opens_is_seen(running: InLoop, answers: Answers) -> None:
    answers.statuses = [500] * 3
    await running.ask(HELLO)
    refused = await running.ask(HELLO)
    assert (refused.status, refused.error["type"]) == (503, "circuit_open")
    assert 25 < int(refused.headers["retry-after"]) <= 30
    status = await running.status()
    report, health = status["targets"]["up:m"], status["health"]
    assert (report["healthy"], report["breaker"], report["reasons"]) == (False, "open", ["circuit_open"])
    assert health["up"] == {"healthy": False, "latency_ms": None, "error_rate": 1.0, "reasons": ["circuit_open"]}
    assert health["mock"] == {"healthy": True, "latency_ms": None, "error_rate": 0.0, "reasons": []}
    assert await running.counted("outrider_breaker_state", **TARGET) == 2
    assert await running.counted("outrider_breaker_opened_total", **TARGET) == 1
    await until(lambda: "a breaker has changed" in running.log())


async def test_an_operator_holds_a_breaker(running: InLoop, answers: Answers) -> None:
    await running.ask(HELLO)
    assert (await hold(running, "up:m", "open")).json["up:m"]["breaker"] == "open"
    assert (await running.ask(HELLO)).status == 503
    assert (await hold(running, "up:m", "closed")).json["up:m"]["forced"] is True
    answers.statuses = [500] * 20
    for _ in range(5):
        assert (await running.ask(HELLO)).status == 502
    answers.statuses = []
    assert (await hold(running, "up:m", "auto")).json["up:m"]["breaker"] == "closed"
    assert (await running.ask(HELLO)).status == 200


@pytest.mark.parametrize(
    ("target", "state", "words"),
    [("up:m", "ajar", "open, closed, auto"), ("up:x", "open", "target must be one of up:m")],
)
async def test_a_wish_that_cannot_be_granted(target: str, state: str, words: str, running: InLoop) -> None:
    await running.ask(HELLO)
    answer = await hold(running, target, state)
    assert answer.status == 400
    assert words in answer.json["error"]


async def test_bounds_are_shown(running: InLoop) -> None:
    await running.ask(HELLO)
    metrics = await running.metrics()
    for bound in ("targets", "generations", "models", "routes", "listed_models", "jobs_ending"):
        fill, limit = (metrics[f'outrider_bound_{what}{{bound="{bound}"}}'] for what in ("fill", "limit"))
        assert fill <= limit
    assert metrics['outrider_bound_fill{bound="targets"}'] == 1
