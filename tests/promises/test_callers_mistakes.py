"""What the caller did wrong is said to the caller, once: no retry, no provider blamed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.call import KINDS
from tests.promises.caller import chat
from tests.promises.sidecars import anthropic_like, openai_like, sidecar
from tests.promises.upstream import Provider

KIND_OF = {400: "invalid_request", 404: "model_not_found", 413: "request_too_large", 422: "invalid_request"}
BODIES: dict[Callable[..., dict[str, Any]], dict[str, Any]] = {
    openai_like: {
        "error": {"message": "that is wrong", "type": "invalid_request_error", "param": "messages", "code": None}
    },
    anthropic_like: {"type": "error", "error": {"type": "invalid_request_error", "message": "that is wrong"}},
}


@pytest.mark.parametrize("like", BODIES, ids=lambda like: like.__name__)
@pytest.mark.parametrize("status", KIND_OF)
@pytest.mark.parametrize("stream", [True, False])
async def test_the_provider_refuses_the_request(
    status: int, stream: bool, like: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    kind = KIND_OF[status]
    async with (
        Provider(lambda asked: asked.link.whole(BODIES[like], status)) as provider,
        sidecar(tmp_path, {"up": like(provider.url)}) as running,
    ):
        answer = await running.ask(chat(stream=stream))
        assert (answer.status, answer.headers["x-should-retry"]) == (status, "false")
        assert answer.error["message"] == "that is wrong"
        assert "retry-after" not in answer.headers
        assert len(provider.requests) == 1
        assert answer.headers["x-outrider-attempts"] == "1"
        assert KINDS[kind].party == "caller"
        assert await running.counted("llm_requests_failure", kind=kind) == 1
        assert await running.counted("provider_error_total") == 0


async def test_the_provider_s_own_bytes_where_it_speaks_the_caller_s_dialect(tmp_path: Path) -> None:
    body = b'{ "error": {"message":"no \\u0073uch thing","type":"invalid_request_error","param":null,"code":"x","more":[1]}}'
    async with (
        Provider(lambda asked: asked.link.whole(body, 400)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        assert (await running.ask(chat())).body == body


async def test_the_connection_of_a_refused_call_is_used_again(tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole(BODIES[openai_like], 400)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        caller = await running.caller()
        for _ in range(5):
            assert (await caller.ask(chat())).status == 400
        assert len(provider.links) == 1


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_refused_key_is_the_operator_s_and_no_5xx_loop(status: int, tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole({"error": {"message": "bad key"}}, status)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        answer = await running.ask(chat())
        assert (answer.status, answer.error["type"]) == (500, "authentication_failed")
        assert answer.headers["x-should-retry"] == "false"
        assert len(provider.requests) == 1


async def test_what_is_refused_here_never_reaches_a_provider(tmp_path: Path) -> None:
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        bodies: list[Any] = [
            b"{",
            {"model": "up:m"},
            chat("nobody:m"),
            chat(temperature="hot"),
            b"[]",
            chat(messages=[]),
        ]
        for body in bodies:
            answer = await running.ask(body)
            assert answer.status in (400, 404)
            assert answer.headers["x-should-retry"] == "false"
        assert provider.links == []
        assert await running.counted("llm_requests_total") == len(bodies)
        assert await running.counted("provider_request_total") == 0
