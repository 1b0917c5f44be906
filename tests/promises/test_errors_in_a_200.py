"""An error event before the model has spoken is an error answer, whatever status it came with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.promises.caller import chat
from tests.promises.dialects import WIRES, alone, like, pairs, speaking_alone
from tests.promises.dialects.wire import BROKEN, Error, Wire
from tests.promises.sidecars import InLoop, anthropic_like, openai_like, sidecar
from tests.promises.upstream import Provider
from tests.promises.wires import OPENAI_OPENING, anthropic_event, anthropic_opening, openai_chunk, sse


class Case(NamedTuple):
    """What the provider streams, and the error that the application must see."""

    like: Callable[..., dict[str, Any]]
    data: bytes
    status: int
    kind: str


OVERLOADED = anthropic_event("error", error={"type": "overloaded_error", "message": "Overloaded"})
SERVER_ERROR = sse({"error": {"message": "the server had an error", "type": "server_error"}})
CASES = {
    "at once": Case(openai_like, SERVER_ERROR, 502, "provider_error"),
    "after the role": Case(openai_like, OPENAI_OPENING + SERVER_ERROR, 502, "provider_error"),
    "named event": Case(openai_like, sse({"message": "busy", "code": 429}, "error"), 429, "provider_rate_limited"),
    "the caller's fault": Case(
        openai_like, sse({"error": {"message": "bad", "type": "invalid_request_error"}}), 400, "invalid_request"
    ),
    "anthropic at once": Case(anthropic_like, OVERLOADED, 502, "provider_overloaded"),
    "anthropic after the start": Case(anthropic_like, anthropic_opening() + OVERLOADED, 502, "provider_overloaded"),
    "no event at all": Case(openai_like, b": nothing\n\n", 502, "provider_error"),
    "not JSON": Case(openai_like, b"data: <html>\n\n", 502, "provider_error"),
}


@pytest.mark.parametrize("case", CASES)
async def test_an_error_before_the_model_has_spoken(case: str, tmp_path: Path) -> None:
    like, data, status, kind = CASES[case]
    async with (
        Provider(lambda asked: asked.link.stream(data)) as provider,
        sidecar(tmp_path, {"up": like(provider.url)}) as running,
    ):
        answer = await running.ask(chat(stream=True))
        assert (answer.status, answer.error["type"], answer.complete) == (status, kind, True)
        assert answer.headers["content-type"] == "application/json"
        assert await running.counted("llm_requests_failure", kind=kind) == 1
        assert (await running.status())["providers"]["up"]["active"] == 0


async def test_the_provider_s_words_come_through(tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.stream(OVERLOADED)) as provider,
        sidecar(tmp_path, {"up": anthropic_like(provider.url)}) as running,
    ):
        error = (await running.ask(chat(stream=True))).error
        assert (error["message"], error["code"]) == ("Overloaded", "overloaded_error")


@pytest.mark.parametrize("delta", [{"reasoning_content": "hm"}, {"tool_calls": [{"index": 0}]}, {"content": "x"}])
async def test_whatever_the_model_says_is_the_point_of_no_return(delta: dict[str, Any], tmp_path: Path) -> None:
    data = OPENAI_OPENING + openai_chunk(delta)
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        caller = await running.caller()
        caller.post(chat(stream=True))
        link = (await provider.asked()).link
        link.start()
        link.chunk(data)
        assert (await caller.head()).status == 200
        assert await caller.chunk() == data
        link.chunk(SERVER_ERROR)
        assert await caller.chunk() == SERVER_ERROR


async def test_what_is_held_of_an_opening_is_bounded(tmp_path: Path) -> None:
    """So much without a word is passed on unjudged."""
    pings = b": still here\n\n" * 10_000
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        caller = await running.caller()
        caller.post(chat(stream=True))
        link = (await provider.asked()).link
        link.start()
        link.chunk(pings)
        assert (await caller.head()).status == 200


@pytest.mark.parametrize("like", [openai_like, anthropic_like])
async def test_a_whole_reply_that_is_an_error(like: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    async with (
        Provider(lambda asked: asked.link.whole(body)) as provider,
        sidecar(tmp_path, {"up": like(provider.url)}) as running,
    ):
        for stream in (False, True):
            answer = await running.ask(chat(stream=stream))
            assert (answer.status, answer.error["type"]) == (502, "provider_overloaded")


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"[]", b"{}", b'{"choices":', b"null"])
@pytest.mark.parametrize("like", [openai_like, anthropic_like])
async def test_a_whole_reply_that_is_no_reply(like: Callable[..., dict[str, Any]], body: bytes, tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole(body)) as provider,
        sidecar(tmp_path, {"up": like(provider.url)}) as running,
    ):
        for stream in (False, True):
            answer = await running.ask(chat(stream=stream))
            assert (answer.status, answer.error["type"]) == (502, "provider_error")


async def check(running: InLoop, provider: Provider, ours: Wire, theirs: Wire, error: Error) -> None:
    """At once, and after everything that comes before the model's first word: an answer with the status of the error."""
    opening = [] if theirs.name == "gemini_array" else theirs.stream(["word"]).opening
    for before in {b"", b"".join(opening)}:
        provider.answer = lambda asked, said=before + error.event: asked.link.stream(said, theirs.content_type)
        answer = await running.ask(ours.ask("up:m", True), ours.headers, ours.path_to("up:m", True))
        assert (answer.status, answer.complete) == (error.status, True), answer.body
        assert answer.headers["content-type"] == "application/json"
        assert ours.words_of(answer.json) == BROKEN
    await running.is_idle()
    assert await running.counted("llm_requests_failure", kind=error.kind) > 0


@pytest.mark.parametrize("dialect", WIRES)
async def test_the_errors_of_every_relay(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        for error in wire.errors.values():
            await check(running, provider, wire, wire, error)


@pytest.mark.parametrize(("client", "target"), pairs(step=2))
async def test_the_errors_of_every_target_in_the_words_of_every_client(
    client: str, target: str, tmp_path: Path
) -> None:
    ours, theirs = WIRES[client], WIRES[target]
    with speaking_alone():
        async with Provider() as provider, sidecar(tmp_path, {"up": alone(theirs, provider.url)}) as running:
            for error in theirs.errors.values():
                await check(running, provider, ours, theirs, error)


@pytest.mark.parametrize("dialect", WIRES)
async def test_later_they_end_the_stream(dialect: str, tmp_path: Path) -> None:
    """The provider's own event goes through a relay, and the call counts as failed."""
    wire = WIRES[dialect]
    said = wire.stream(["one"])
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        for error in wire.errors.values():
            event = b",\r\n" + error.event[1:] if dialect == "gemini_array" else error.event
            data = b"".join([*said.opening, *said.words, event])
            provider.answer = lambda asked, data=data: asked.link.stream(data, wire.content_type)
            answer = await running.ask(wire.ask("up:m", True), wire.headers, wire.path_to("up:m", True))
            assert (answer.status, answer.body) == (200, data)
            assert wire.hear(answer.body) == ("one", False, (BROKEN,))
            await running.is_idle()
            assert await running.counted("llm_requests_failure", kind=error.kind) > 0
        assert await running.counted("llm_requests_success") == 0
