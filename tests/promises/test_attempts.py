"""Attempts that fail for a reason that passes are made again, with the waits that providers ask for; what has begun never is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import Answer, Caller, chat, until
from tests.promises.dialects import WIRES, alone, like, speaking_alone
from tests.promises.dialects.openai import OPENAI, WORDS
from tests.promises.dialects.wire import sse
from tests.promises.scripts import QUICK, Act, Script, alias, call_lines, hangs_up, is_silent, refuses, says, sends
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Asked, Provider

GOOD = OPENAI.stream(["hello"]).data


async def check_counted(running: InLoop, provider: Provider, again: int, kind: str) -> None:
    """One call that ended well, `again` attempts more than that, and a line that tells whom it asked in vain."""
    await running.is_idle()
    assert len(provider.requests) == again + 1
    assert await running.counted("llm_requests_total") == await running.counted("llm_requests_success") == 1
    assert await running.counted("outrider_attempts_total") == again + 1
    assert await running.counted("outrider_retries_total", provider="up", kind=kind) == again
    await until(lambda: bool(call_lines(running)))
    (line,) = call_lines(running)
    assert (line["status"], line["kind"], line["attempts"]) == (200, None, again + 1)
    assert line["tried"] == [f"up:m {kind}"] * again


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, "provider_error"),
        (502, "provider_error"),
        (503, "provider_overloaded"),
        (529, "provider_overloaded"),
        (504, "timeout"),
        (429, "provider_rate_limited"),
    ],
)
async def test_the_application_sees_only_the_good_answer(status: int, kind: str, stream: bool, tmp_path: Path) -> None:
    script = Script(refuses(status, {"retry-after": "0"}), refuses(status), says())
    async with Provider(script) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **QUICK) as running:
        answer = await running.ask(chat(stream=stream))
        assert (answer.status, answer.complete) == (200, True)
        assert (answer.body == GOOD) is stream
        assert answer.headers["x-outrider-attempts"] == "3"
        assert answer.headers["x-outrider-tried"] == ", ".join([f"up:m {kind}"] * 2)
        assert len({asked.body for asked in provider.requests}) == 1
        await check_counted(running, provider, 2, kind)


def resets(asked: Asked) -> None:
    asked.link.transport.abort()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("act", "kind"), [(hangs_up, "network_error"), (resets, "network_error"), (is_silent, "timeout")]
)
async def test_silence_and_ends_without_an_answer(act: Act, kind: str, stream: bool, tmp_path: Path) -> None:
    """Who does not answer in time is left before another attempt is made."""
    limits = {"timeouts": {"total": 0.3, "first_byte": 0.3}}
    script = Script(act, says())
    # A call of an alias may take longer than one provider's answer.
    rules = {"timeouts": {"total": 20}, "models": [alias("up")], **QUICK}
    async with (
        Provider(script) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url, **limits)}, **rules) as on,
    ):
        answer = await on.ask(chat("fast", stream=stream))
        assert (answer.status, answer.headers["x-outrider-attempts"]) == (200, "2")
        await check_counted(on, provider, 1, kind)
        assert provider.links[0].gone.is_set()
        assert not provider.links[1].gone.is_set()


# ---- streams


@pytest.mark.parametrize(
    ("dialect", "error"),
    [(name, error) for name in ("openai", "responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")
     for error, said in WIRES[name].errors.items() if said.kind.startswith("provider_")],
)  # fmt: skip
async def test_an_error_in_a_200_before_the_first_word(dialect: str, error: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    said = wire.stream(["hel", "lo"])
    events = [*said.opening, wire.errors[error].event]
    with speaking_alone():
        script = Script(sends(*events, wire=wire), says("hel", "lo", wire=wire))
        async with (
            Provider(script) as provider,
            sidecar(tmp_path, {"up": alone(wire, provider.url)}, **QUICK) as running,
        ):
            answer = await running.ask(wire.ask("up:m", True), wire.headers, wire.path_to("up:m", True))
            assert (answer.status, answer.body, answer.complete) == (200, said.data, True)
            await check_counted(running, provider, 1, wire.errors[error].kind)


@pytest.mark.parametrize(("cut", "kind"), [(False, "provider_error"), (True, "network_error")])
@pytest.mark.parametrize("dialect", ["openai", "anthropic", "cohere", "bedrock"])
async def test_an_end_before_the_first_word(dialect: str, cut: bool, kind: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    said = wire.stream(["hel", "lo"])
    script = Script(sends(*said.opening, wire=wire, cut=cut), says("hel", "lo", wire=wire))
    async with Provider(script) as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}, **QUICK) as running:
        answer = await running.ask(wire.ask("up:m", True), wire.headers, wire.path_to("up:m", True))
        assert (answer.status, answer.body, answer.complete) == (200, said.data, True)
        await check_counted(running, provider, 1, kind)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini"])
async def test_nothing_is_tried_again_once_a_word_was_heard(dialect: str, cut: bool, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    said = wire.stream(["hel", "lo"])
    error = next(each.event for each in wire.errors.values())
    events = [*said.opening, said.words[0], *(() if cut else (error,))]
    script = Script(sends(*events, wire=wire, cut=cut))
    async with Provider(script) as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}, **QUICK) as running:
        answer = await running.ask(wire.ask("up:m", True), wire.headers, wire.path_to("up:m", True))
        heard = wire.hear(answer.body)
        assert (heard.text, heard.finished, len(heard.errors)) == ("hel", False, 1)
        assert (script.count, answer.headers["x-outrider-attempts"]) == (1, "1")


# ---- what is not tried again


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 404, 413, 422, 401, 403])
async def test_what_another_attempt_cannot_mend(status: int, stream: bool, tmp_path: Path) -> None:
    script = Script(refuses(status, {"retry-after": "0"}), says())
    async with Provider(script) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **QUICK) as running:
        answer = await running.ask(chat(stream=stream))
        assert (answer.status, answer.headers["x-should-retry"]) == (500 if status in (401, 403) else status, "false")
        assert script.count == 1
        assert await running.counted("outrider_retries_total") == 0


async def test_a_callers_mistake_inside_a_200_is_not_tried_again(tmp_path: Path) -> None:
    event = sse({"error": WORDS | {"type": "invalid_request_error"}})
    script = Script(sends(event), says())
    async with Provider(script) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **QUICK) as running:
        answer = await running.ask(chat(stream=True))
        assert (answer.status, script.count) == (400, 1)


async def test_the_budget_bounds_what_an_outage_costs(tmp_path: Path) -> None:
    """Thirty calls at a provider that answers nobody: with a floor of five, five attempts more."""
    script = Script(refuses(500))
    rules: dict[str, Any] = QUICK | {"retry_budget": {"share": 0, "floor": 5}, "breaker": {"enabled": False}}
    async with Provider(script) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **rules) as running:
        answers = [await running.ask(chat()) for _ in range(30)]
        assert {answer.status for answer in answers} == {502}
        assert script.count == 35
        assert await running.counted("outrider_retry_budget_left") == 0
        assert await running.counted("outrider_retry_budget_refused_total", provider="up") == 30 - 2


async def ask_again_and_again(running: InLoop, counts: list[str | None]) -> list[Answer]:
    headers: list[dict[str, str]] = [{} if count is None else {"x-stainless-retry-count": count} for count in counts]
    caller: Caller = await running.caller()
    return [await caller.ask(chat(), each) for each in headers]


async def test_the_attempts_of_an_applications_sdk_are_counted_in(tmp_path: Path) -> None:
    script = Script(refuses(500))
    async with Provider(script) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **QUICK) as running:
        answers = await ask_again_and_again(running, ["0", "1", "2", "3", None, "nonsense", "-1", "99999"])
        attempts = [int(answer.headers["x-outrider-attempts"]) for answer in answers]
        assert attempts == [3, 2, 1, 1, 3, 3, 3, 3]
        assert script.count == sum(attempts)
        assert "x-stainless-retry-count" not in provider.requests[0].headers
