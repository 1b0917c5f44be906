"""What an application on the official `openai` package sees of a fault, and how often the provider is asked in all.

The SDK tries again by itself: with its default of two more times, each of them is a call of the sidecar's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from tests.chaos.faults import FAULTS
from tests.chaos.modes import MODES, ONCE, Mode
from tests.chaos.stage import Certificates, Stage

HELLO: Any = [{"role": "user", "content": "hello"}]


class Case(NamedTuple):
    """raised: what the application gets at last; asked: requests at the provider, by the SDK's further tries."""

    raised: type[openai.APIError] | None
    asked: dict[int, int]


#: By each try of the SDK's: it tells the sidecar which one it is, and the sidecar's own attempts get fewer by as many.
AGAIN = {0: 3, 2: 3 + 2 + 1}
ONE = {0: 1, 2: 1}
NONE = {0: 0, 2: 0}
SERVER_ERROR = openai.InternalServerError

CASES: dict[str, Case] = {
    "mistaken": Case(openai.BadRequestError, ONE),
    "bad-key": Case(SERVER_ERROR, ONE),
    "limited": Case(openai.RateLimitError, AGAIN),
    "overloaded": Case(SERVER_ERROR, AGAIN),
    "refused": Case(SERVER_ERROR, NONE),
    "no-such-name": Case(SERVER_ERROR, NONE),
    "tls-expired": Case(SERVER_ERROR, NONE),
    "reset-after-request": Case(SERVER_ERROR, AGAIN),
    "stalled-after-request": Case(SERVER_ERROR, AGAIN),
    "garbage-bytes": Case(SERVER_ERROR, AGAIN),
    "endless-headers": Case(SERVER_ERROR, AGAIN),
    "error-event-after-the-opening": Case(SERVER_ERROR, AGAIN),
    "reset-in-the-head": Case(SERVER_ERROR, AGAIN),
    "dripped": Case(None, ONE),
}

#: Streams that break after their first words: the SDK does not ask again, and says what the sidecar said.
BROKEN = {
    "reset-midway": "provider_stream_cut",
    "tool-call-cut": "provider_stream_cut",
    "ended-midway": "provider_stream_cut",
    "stalled-midway": "timeout",
    "error-event-midway": "overloaded_error",
}
#: Those that say nothing of it, for their last words stand in the middle of an event.
MUTE = ("reset-in-a-chunk", "stalled-in-a-chunk")

NEEDED = [FAULTS[name] for name in (*CASES, *BROKEN, *MUTE)]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK waits half a second and more before it tries again."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.002)


@pytest.fixture
async def stage(certificates: Certificates, around: object, tmp_path: Path) -> AsyncIterator[Stage]:
    mode: Mode = MODES.get("retry", ONCE)
    async with AsyncExitStack() as stack:
        stage = Stage(NEEDED, mode, stream=False, certificates=certificates)
        await stage.open(stack, tmp_path)
        yield stage


class Result(NamedTuple):
    """`error` is the SDK's, or while a stream is read that of the HTTP library beneath it."""

    error: openai.APIError | httpx2.HTTPError | None
    words: str


async def ask_all(stage: Stage, names: Iterable[str], tries: int, stream: bool) -> list[Result]:
    """`tries`: how often the SDK may ask again."""
    address = f"http://127.0.0.1:{stage.running.port}/v1"
    async with AsyncOpenAI(base_url=address, api_key="sk-app-own-key", max_retries=tries, timeout=20) as client:
        return await asyncio.gather(*(ask(client, name, stream) for name in names))


async def ask(client: AsyncOpenAI, name: str, stream: bool) -> Result:
    words = ""
    try:
        reply: Any = await client.chat.completions.create(model=name, messages=HELLO, stream=stream)
        if not stream:
            return Result(None, reply.choices[0].message.content)
        async for chunk in reply:
            words += (chunk.choices and chunk.choices[0].delta.content) or ""
    except (openai.APIError, httpx2.HTTPError) as error:
        return Result(error, words)
    return Result(None, words)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("tries", [0, openai.DEFAULT_MAX_RETRIES])
async def test_what_is_raised_and_how_often_the_provider_is_asked(stage: Stage, tries: int, stream: bool) -> None:
    results = await ask_all(stage, CASES, tries, stream)
    for (name, case), result in zip(CASES.items(), results, strict=True):
        kind = FAULTS[name].seen_by(stream).kind
        assert len(stage.upstreams[name].requests) == case.asked[tries], name
        assert type(result.error) is (case.raised or type(None)), name
        if isinstance(result.error, openai.APIStatusError):
            assert result.error.type == kind, name
        else:
            assert result.words.startswith(name)


@pytest.mark.parametrize("tries", [0, openai.DEFAULT_MAX_RETRIES])
async def test_a_stream_that_breaks_is_an_error_and_is_not_asked_for_again(stage: Stage, tries: int) -> None:
    results = await ask_all(stage, (*BROKEN, *MUTE), tries, stream=True)
    for name, result in zip((*BROKEN, *MUTE), results, strict=True):
        assert len(stage.upstreams[name].requests) == 1, name
        assert result.words == name
        assert result.error is not None, f"{name}: a broken stream looks whole"
        if name in BROKEN:
            assert getattr(result.error, "type", None) == BROKEN[name], name
