"""When the targets of a call have failed, others are asked in their own dialects, and the application hears its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import Answer, chat, until
from tests.promises.dialects import WIRES, alone, speaking_alone
from tests.promises.falling import BROKEN, scene
from tests.promises.scripts import Act, Script, call_lines, hangs_up, is_silent, refuses, says, sends
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider

OPENAI = WIRES["openai"]


async def ask(running: InLoop, dialect: str = "openai", stream: bool = False, **more: Any) -> Answer:
    wire = WIRES[dialect]
    return await running.ask(wire.ask("fast", stream, **more), wire.headers, wire.path_to("fast", stream))


def heard_in(answer: Answer, dialect: str, stream: bool) -> str:
    assert (answer.status, answer.complete) == (200, True), answer
    if not stream:
        return WIRES[dialect].text_of(answer.json)
    heard = WIRES[dialect].hear(answer.body)
    assert (heard.finished, heard.errors) == (True, ())
    return heard.text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("other", ["anthropic", "gemini", "cohere", "ollama", "bedrock", "openai"])
@pytest.mark.parametrize("app", ["openai", "anthropic", "gemini"])
async def test_across_dialects(app: str, other: str, stream: bool, tmp_path: Path) -> None:
    acts = {"up": ("openai", BROKEN), "other": (other, says("hel", "lo", wire=WIRES[other]))}
    async with scene(tmp_path, acts) as at:
        answer = await ask(at.running, app, stream)
        assert heard_in(answer, app, stream) == "hello"
        assert answer.headers["x-outrider-provider"] == "other"
        assert answer.headers["x-outrider-model"] == "m-other"
        assert answer.headers["x-outrider-attempts"] == "2"
        assert answer.headers["x-outrider-tried"] == "up:m provider_error"
        assert at.asked() == {"up": 1, "other": 1}
        await at.running.is_idle()
        assert await at.running.counted("outrider_fallbacks_total", provider="up", kind="provider_error") == 1
        assert await at.running.counted("llm_requests_success", provider="other", model="fast") == 1
        assert await at.running.counted("llm_requests_total") == 1
        await until(lambda: bool(call_lines(at.running)))
        (line,) = call_lines(at.running)
        assert (line["provider"], line["model"], line["attempts"], line["kind"]) == ("other", "fast", 2, None)
        assert line["tried"] == ["up:m provider_error"]
        assert line["tokens_out"] == sum(
            number for bucket, number in WIRES[other].buckets.items() if bucket in ("output", "reasoning")
        )


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (hangs_up, "network_error"),
        (is_silent, "timeout"),
        (refuses(429, {"retry-after": "30"}), "provider_rate_limited"),
        (refuses(529), "provider_overloaded"),
        (refuses(401), "authentication_failed"),
        (sends(OPENAI.errors["server error"].event), "provider_error"),
        (sends(*OPENAI.stream(["x"]).opening, cut=True), "network_error"),
    ],
)
async def test_every_failure_but_the_callers(act: Act, kind: str, tmp_path: Path) -> None:
    acts = {"up": ("openai", act), "other": ("anthropic", says("well", wire=WIRES["anthropic"]))}
    async with scene(tmp_path, acts) as at:
        answer = await ask(at.running, stream=True)
        assert heard_in(answer, "openai", stream=True) == "well"
        assert answer.headers["x-outrider-tried"] == f"up:m {kind}"
        assert at.asked() == {"up": 1, "other": 1}


@pytest.mark.parametrize("status", [400, 404, 413, 422])
async def test_what_is_the_callers_fault_is_asked_nowhere_else(status: int, tmp_path: Path) -> None:
    acts = {"up": ("openai", refuses(status)), "other": ("openai", says())}
    async with scene(tmp_path, acts) as at:
        assert (await ask(at.running)).status == status
        assert at.asked() == {"up": 1, "other": 0}


@pytest.mark.parametrize("cut", [False, True])
async def test_nobody_else_once_a_word_was_heard(cut: bool, tmp_path: Path) -> None:
    said = OPENAI.stream(["hel", "lo"])
    events = [*said.opening, said.words[0], *(() if cut else (OPENAI.errors["server error"].event,))]
    acts = {"up": ("openai", sends(*events, cut=cut)), "other": ("openai", says())}
    async with scene(tmp_path, acts) as at:
        heard = OPENAI.hear((await ask(at.running, stream=True)).body)
        assert (heard.text, heard.finished, len(heard.errors)) == ("hel", False, 1)
        assert at.asked() == {"up": 1, "other": 0}


async def test_in_order_and_each_with_its_own_attempts(tmp_path: Path) -> None:
    acts = {
        "up": ("openai", BROKEN),
        "second": ("anthropic", refuses(529)),
        "third": ("gemini", says("third", wire=WIRES["gemini"])),
        "fourth": ("openai", says()),
    }
    async with scene(tmp_path, acts, retry={"attempts": 2, "initial": 0.01}) as at:
        answer = await ask(at.running)
        assert heard_in(answer, "openai", stream=False) == "third"
        assert at.asked() == {"up": 2, "second": 2, "third": 1, "fourth": 0}
        assert answer.headers["x-outrider-attempts"] == "5"
        tried = ["up:m provider_error"] * 2 + ["second:m-second provider_overloaded"] * 2
        assert answer.headers["x-outrider-tried"] == ", ".join(tried)


async def test_a_wait_that_is_too_long_is_not_begun(tmp_path: Path) -> None:
    """Longer than the call may take in all: whoever comes next is asked at once."""
    acts = {"up": ("openai", refuses(429, {"retry-after": "30"})), "other": ("openai", says("other"))}
    async with scene(tmp_path, acts, retry={"attempts": 3}) as at:
        async with asyncio.timeout(5):
            answer = await ask(at.running)
        assert heard_in(answer, "openai", stream=False) == "other"
        assert at.asked() == {"up": 1, "other": 1}


@pytest.mark.parametrize("app", ["openai", "anthropic", "gemini"])
async def test_where_nobody_answers_the_latest_failure_is_told(app: str, tmp_path: Path) -> None:
    """In the caller's dialect, with the wait that it asks for, whatever the others asked for."""
    acts = {
        "up": ("openai", refuses(429, {"retry-after": "30"})),
        "other": ("cohere", refuses(503, {"retry-after": "3"})),
    }
    async with scene(tmp_path, acts) as at:
        answer = await ask(at.running, app)
        assert (answer.status, answer.headers["retry-after"]) == (502, "3")
        assert WIRES[app].words_of(answer.json)
        assert answer.headers["x-outrider-tried"] == "up:m provider_rate_limited"
        assert answer.headers["x-outrider-provider"] == "other"
        await until(lambda: bool(call_lines(at.running)))
        assert [line["kind"] for line in call_lines(at.running)] == ["provider_overloaded"]


async def test_an_open_breaker_is_not_waited_for(tmp_path: Path) -> None:
    acts = {"up": ("openai", BROKEN), "other": ("openai", says("other"))}
    async with scene(tmp_path, acts, breaker={"failures": 2}) as at:
        answers = [await ask(at.running) for _ in range(5)]
        assert [heard_in(answer, "openai", stream=False) for answer in answers] == ["other"] * 5
        assert at.asked() == {"up": 2, "other": 5}
        assert answers[-1].headers["x-outrider-tried"] == "up:m circuit_open"
        assert answers[-1].headers["x-outrider-attempts"] == "1"


async def test_who_cannot_do_what_is_asked_is_passed_over(tmp_path: Path) -> None:
    """An image for a model that is known to see none: the one after it is asked."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    acts = {"up": ("openai", BROKEN), "blind": ("openai", says("blind")), "seeing": ("openai", says("seeing"))}
    blind = {"provider": "blind", "model": "m-blind", "capabilities": ["chat", "stream"]}
    async with scene(tmp_path, acts, catalog=[blind]) as at:
        answer = await ask(at.running, messages=[{"role": "user", "content": [image]}])
        assert heard_in(answer, "openai", stream=False) == "seeing"
        assert at.asked() == {"up": 1, "blind": 0, "seeing": 1}


# ---- the request's own


async def test_a_request_names_its_own(tmp_path: Path) -> None:
    acts = {
        "up": ("openai", BROKEN),
        "other": ("openai", says("other")),
        "own": ("anthropic", says("own", wire=WIRES["anthropic"])),
    }
    async with scene(tmp_path, acts) as at:
        answer = await ask(at.running, fallbacks=["own:m"])
        assert heard_in(answer, "openai", stream=False) == "own"
        assert at.asked() == {"up": 1, "other": 0, "own": 1}
        assert b"fallbacks" not in at.providers["up"].requests[0].body + at.providers["own"].requests[0].body
        answer = await at.running.ask(chat("up:m", fallbacks=["own:m"]))
        assert heard_in(answer, "openai", stream=False) == "own"
        assert (await ask(at.running, fallbacks=[])).status == 502


async def test_a_single_dialect_needs_no_alias(tmp_path: Path) -> None:
    """Whatever the application speaks, its `fallbacks` are read."""
    with speaking_alone():
        async with Provider(Script(BROKEN)) as up, Provider(Script(says("hello", wire=WIRES["cohere"]))) as other:
            entries = {"up": openai_like(up.url), "other": alone(WIRES["cohere"], other.url)}
            async with sidecar(tmp_path, entries) as running:
                for name in ("openai", "anthropic", "responses", "ollama", "cohere"):
                    wire = WIRES[name]
                    body = wire.ask("up:m", fallbacks=["other:m"])
                    answer = await running.ask(body, wire.headers, wire.path_to("up:m"))
                    assert (answer.status, wire.text_of(answer.json)) == (200, "hello"), (name, answer)
