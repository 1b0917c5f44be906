"""How long to wait, in whatever words a provider says it, reaches every application in a header that its SDK reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.promises.dialects import WIRES, alone, like, pairs, speaking_alone
from tests.promises.dialects.wire import Wire, frame, sse
from tests.promises.sidecars import InLoop, sidecar
from tests.promises.upstream import Provider

WAIT = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12.5s"}
QUOTA = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaValue": "20"}]}
GOOGLE = {"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED", "details": [QUOTA, WAIT]}}
OPENAI = {"error": {"message": "slow down", "type": "rate_limit_error", "param": None, "code": "rate_limit_exceeded"}}
ANTHROPIC = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
THROTTLED = {"x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"}
DATES = {"date": "Sat, 21 Nov 2026 12:00:00 GMT", "retry-after": "Sat, 21 Nov 2026 12:00:13 GMT"}


class Case(NamedTuple):
    """A refusal, and the milliseconds that it asks for."""

    dialect: str
    body: dict[str, Any]
    headers: Mapping[str, str]
    milliseconds: int
    status: int = 429


CASES = {
    "seconds": Case("openai", OPENAI, {"retry-after": "13"}, 13_000),
    "fractions": Case("cohere", {"message": "slow down"}, {"retry-after": "12.5"}, 12_500),
    "a date": Case("anthropic", ANTHROPIC, DATES, 13_000),
    "milliseconds": Case("responses", OPENAI, {"retry-after-ms": "12500", "retry-after": "13"}, 12_500),
    "a reset": Case(
        "openai",
        OPENAI,
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2.5s"},
        62_500,
    ),
    "a moment": Case(
        "anthropic",
        ANTHROPIC,
        {
            "date": DATES["date"],
            "anthropic-ratelimit-tokens-remaining": "0",
            "anthropic-ratelimit-tokens-reset": "2026-11-21T12:00:13Z",
        },
        13_000,
    ),
    "RetryInfo": Case("gemini", GOOGLE, {}, 12_500),
    "RetryInfo, overloaded": Case(
        "gemini", {"error": GOOGLE["error"] | {"code": 503, "status": "UNAVAILABLE"}}, {}, 12_500, 503
    ),
    "words": Case(
        "openai",
        {"error": OPENAI["error"] | {"message": "slow down. Please try again in 1.25s."}},
        {},
        1_250,
    ),
    "bedrock": Case("bedrock", {"message": "slow down"}, {**THROTTLED, "retry-after": "13"}, 13_000),
    "ollama": Case("ollama", {"error": "slow down"}, {"retry-after": "13"}, 13_000, 503),
    "cohere": Case("cohere", {"message": "slow down", "id": "x"}, {"retry-after": "13"}, 13_000),
}


async def check(running: InLoop, ours: Wire, case: Case) -> None:
    for stream in (False, True):
        answer = await running.ask(ours.ask("up:m", stream), ours.headers, ours.path_to("up:m", stream))
        assert answer.status == (429 if case.status == 429 else 502)
        assert "slow down" in ours.words_of(answer.json)
        assert answer.headers["retry-after-ms"] == str(case.milliseconds)
        assert answer.headers["retry-after"] == str(-(-case.milliseconds // 1000))
        assert "x-should-retry" not in answer.headers
        if ours.name.startswith("gemini"):
            [delay] = [each["retryDelay"] for each in answer.json["error"]["details"] if "retryDelay" in each]
            assert float(delay.removesuffix("s")) * 1000 == case.milliseconds


@pytest.mark.parametrize("case", CASES)
async def test_it_comes_through_a_relay(case: str, tmp_path: Path) -> None:
    wire = WIRES[CASES[case].dialect]
    async with (
        Provider(lambda asked: asked.link.whole(CASES[case].body, CASES[case].status, CASES[case].headers)) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}) as running,
    ):
        await check(running, wire, CASES[case])


BY_DIALECT = {case.dialect: case for case in CASES.values()} | {"gemini": CASES["RetryInfo"]}


@pytest.mark.parametrize(("client", "target"), pairs(step=2))
async def test_it_comes_through_a_translation(client: str, target: str, tmp_path: Path) -> None:
    case = BY_DIALECT[target]
    with speaking_alone():
        async with (
            Provider(lambda asked: asked.link.whole(case.body, case.status, case.headers)) as provider,
            sidecar(tmp_path, {"up": alone(WIRES[target], provider.url)}) as running,
        ):
            await check(running, WIRES[client], case)


IN_STREAM = {
    "gemini": sse(GOOGLE, newline="\r\n"),
    "responses": sse({"type": "error", "error": OPENAI["error"] | {"message": "Please try again in 12.5s."}}, "error"),
    "bedrock": frame({"message": "slow down. Please try again in 12.5s."}, "throttlingException", "exception"),
}


@pytest.mark.parametrize("dialect", IN_STREAM)
async def test_it_is_found_in_an_error_event(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    async with (
        Provider(lambda asked: asked.link.stream(IN_STREAM[dialect], wire.content_type)) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}) as running,
    ):
        answer = await running.ask(wire.ask("up:m", True), wire.headers, wire.path_to("up:m", True))
        assert (answer.status, answer.headers["retry-after-ms"]) == (429, "12500")


@pytest.mark.parametrize("dialect", WIRES)
async def test_where_nobody_said_it_nothing_is_made_up(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    async with (
        Provider(lambda asked: asked.link.whole({"message": "no"}, 429, THROTTLED)) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}) as running,
    ):
        answer = await running.ask(wire.ask("up:m"), wire.headers, wire.path_to("up:m"))
        assert answer.status == 429
        assert not {"retry-after", "retry-after-ms"} & answer.headers.keys()


async def test_what_was_left_of_a_success_is_no_reason_to_wait(tmp_path: Path) -> None:
    """Anthropic sends these headers with good answers too; they go on, and nothing is made of them."""
    wire = WIRES["anthropic"]
    headers = {"retry-after": "13", "anthropic-ratelimit-tokens-remaining": "0"}
    async with (
        Provider(lambda asked: asked.link.whole(wire.reply("hi"), 200, headers)) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}) as running,
    ):
        answer = await running.ask(wire.ask("up:m"), wire.headers, wire.path_to("up:m"))
        assert (answer.status, answer.headers["anthropic-ratelimit-tokens-remaining"]) == (200, "0")
