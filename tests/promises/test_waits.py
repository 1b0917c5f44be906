"""How long a call waits for its next attempt: what the provider asks for, in any spelling, and never longer than it may take."""

from __future__ import annotations

import time
from email.utils import formatdate
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import chat
from tests.promises.scripts import QUICK, Act, Script, alias, is_silent, refuses, says
from tests.promises.sidecars import openai_like, sidecar
from tests.promises.upstream import Asked, Provider

#: Seconds by which timers may be early, and by which a busy machine may be late.
EARLY, LATE = 0.005, 2.0


def in_a_second() -> dict[str, str]:
    now = time.time()
    return {"date": formatdate(now, usegmt=True), "retry-after": formatdate(now + 1, usegmt=True)}


INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.15s"}
SPELLINGS: dict[str, tuple[float, Act]] = {
    "seconds": (1.0, refuses(429, {"retry-after": "1"})),
    "fractions": (0.2, refuses(503, {"retry-after": "0.2"})),
    "milliseconds": (0.15, refuses(529, {"retry-after-ms": "150", "retry-after": "9"})),
    "date": (1.0, lambda asked: refuses(500, in_a_second())(asked)),
    "reset": (0.12, refuses(429, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "120ms"})),
    "info": (0.15, refuses(429, body={"error": {"message": "slow down", "details": [INFO]}})),
    "words": (0.1, refuses(429, body={"error": {"message": "Please try again in 100ms."}})),
}


async def test_each_way_to_ask_for_a_wait_is_heard(tmp_path: Path) -> None:
    """By the provider's own clock. All of them at once, each as a model of its own."""
    scripts = {name: Script(act, says()) for name, (_, act) in SPELLINGS.items()}

    def answer(asked: Asked) -> None:
        scripts[asked.json["model"]](asked)

    async with Provider(answer) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **QUICK) as running:
        callers = {name: await running.caller() for name in SPELLINGS}
        for name, caller in callers.items():
            caller.post(chat(f"up:{name}"))
        for name, caller in callers.items():
            assert (await caller.answer()).status == 200
            (waited,) = [after - before for before, after in pairwise(scripts[name].times)]
            wanted, _ = SPELLINGS[name]
            assert wanted - EARLY < waited < wanted + LATE, name


async def test_the_latest_wish_counts(tmp_path: Path) -> None:
    """For the wait, and for what the application is told in the end."""
    waits = [refuses(429, {"retry-after": said}) for said in ("0.3", "0.05", "7.5")]
    script = Script(*waits)
    async with Provider(script) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **QUICK) as running:
        answer = await running.ask(chat())
        assert (answer.status, answer.error["type"]) == (429, "provider_rate_limited")
        assert (answer.headers["retry-after"], answer.headers["retry-after-ms"]) == ("8", "7500")
        first, second = [after - before for before, after in pairwise(script.times)]
        assert first > 0.3 - EARLY
        assert second > 0.05 - EARLY


@pytest.mark.parametrize(
    ("body", "sections"),
    [({}, {"timeouts": {"total": 2}}), ({"timeout": 2}, {}), ({}, {"retry": {"attempts": 3, "longest_wait": 2}})],
    ids=["total", "timeout", "longest_wait"],
)
async def test_a_wait_that_is_too_long_is_not_begun(
    body: dict[str, Any], sections: dict[str, Any], tmp_path: Path
) -> None:
    """The application is told at once, and how long."""
    script = Script(refuses(429, {"retry-after": "30"}))
    rules = QUICK | sections
    async with Provider(script) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **rules) as running:
        began = time.monotonic()
        answer = await running.ask(chat(**body))
        assert time.monotonic() - began < 1.5
        assert (answer.status, answer.headers["retry-after"], script.count) == (429, "30", 1)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_says_how_long_it_may_take_in_all(stream: bool, tmp_path: Path) -> None:
    """Attempts share it: the last one gets what is left."""
    limits = {"timeouts": {"first_byte": 0.3, "total": 0.3}}
    script = Script(is_silent)
    rules = {"timeouts": {"total": 20}, "models": [alias("up")], **QUICK}
    async with (
        Provider(script) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url, **limits)}, **rules) as on,
    ):
        began = time.monotonic()
        answer = await on.ask(chat("fast", stream=stream, timeout=0.5))
        assert (answer.status, answer.error["type"]) == (504, "timeout")
        assert 0.45 < time.monotonic() - began < 0.5 + LATE
        assert script.count == 2
        assert "timeout" not in provider.requests[0].json


async def test_an_alias_says_how_long_its_calls_may_take_in_all(tmp_path: Path) -> None:
    """Whoever asks for less gets less, and whoever asks for more gets no more."""
    script = Script(is_silent)
    rules = {"models": [alias("up", timeout=0.4)], **QUICK}
    bodies: list[tuple[dict[str, Any], float]] = [({}, 0.4), ({"timeout": 0.2}, 0.2), ({"timeout": 30}, 0.4)]
    async with Provider(script) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **rules) as running:
        for more, allowed in bodies:
            began = time.monotonic()
            answer = await running.ask(chat("fast", **more))
            assert (answer.status, answer.error["type"]) == (504, "timeout")
            assert allowed - 0.05 < time.monotonic() - began < allowed + LATE
        assert script.count == 3
