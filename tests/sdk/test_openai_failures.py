"""What an app on the official `openai` package sees when things go wrong: typed exceptions, and the SDK's retries."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.sdk.anthropic_upstream import AnthropicUpstream, error, events_of, message_of, refuses, text
from tests.sdk.sidecar import Running
from tests.sdk.upstreams.server import PATIENCE, Turn

MODEL = "claude:claude-sonnet-4-5"
HASTY = "hasty:claude-sonnet-4-5"
HELLO: Any = [{"role": "user", "content": "Hello"}]
WORDS = "the provider's own words"
AT_ONCE = {"retry-after": "0.01"}


@pytest.fixture
def stubborn(client: OpenAI, monkeypatch: pytest.MonkeyPatch) -> OpenAI:
    """A client with the SDK's two retries, which do not take long."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    return client.with_options(max_retries=2)


class Broken:
    """A script that streams the beginning of a message and, when the app has it all, ends it in some other way."""

    words = "so far so good"

    def __init__(self, ending: Callable[[Turn], None]) -> None:
        self.ending = ending
        self.heard = threading.Event()

    def hear(self, words: str) -> None:
        if words == self.words:
            self.heard.set()

    def __call__(self, turn: Turn) -> None:
        turn.begin()
        for event in events_of(message_of(turn.request["model"], (text(self.words),), "end_turn")):
            if event["type"] == "content_block_stop":
                break
            turn.event(event)
        assert self.heard.wait(PATIENCE)
        self.ending(turn)


def broken(stream: Any, hear: Callable[[str], object] = bool) -> tuple[str, openai.APIError]:
    """What a stream says until it breaks, and how it breaks; `hear` is told all the words so far."""
    words = ""
    try:
        for chunk in stream:
            assert not chunk.choices[0].finish_reason
            words += chunk.choices[0].delta.content or ""
            hear(words)
    except openai.APIError as error:
        return words, error
    raise AssertionError(f"the stream did not break after {words!r}")


# ---- refused


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("status", "kind", "raised", "seen", "requests"),
    [
        (400, "invalid_request_error", openai.BadRequestError, 400, 1),
        (401, "authentication_error", openai.InternalServerError, 500, 1),
        (403, "permission_error", openai.InternalServerError, 500, 1),
        (404, "not_found_error", openai.NotFoundError, 404, 1),
        (413, "request_too_large", openai.APIStatusError, 413, 1),
        (429, "rate_limit_error", openai.RateLimitError, 429, 3),
        (500, "api_error", openai.InternalServerError, 502, 3),
        (529, "overloaded_error", openai.InternalServerError, 502, 3),
    ],
)
def test_a_refusal(
    stubborn: OpenAI,
    upstream: AnthropicUpstream,
    status: int,
    kind: str,
    raised: type[openai.APIStatusError],
    seen: int,
    requests: int,
    streamed: bool,
) -> None:
    upstream.script = refuses(status, kind, WORDS, AT_ONCE if status == 429 else None)
    with pytest.raises(raised) as caught:
        stubborn.chat.completions.create(model=MODEL, messages=HELLO, stream=streamed)
    assert caught.value.status_code == seen
    assert WORDS in caught.value.message
    assert len(upstream.turns) == requests
    assert (caught.value.response.headers.get("x-should-retry") == "false") is (requests == 1)


@pytest.mark.parametrize(
    ("status", "raised", "seen"),
    [
        (400, openai.BadRequestError, 400),
        (401, openai.InternalServerError, 500),
        (404, openai.NotFoundError, 404),
        (413, openai.APIStatusError, 413),
        (422, openai.UnprocessableEntityError, 422),
        (429, openai.RateLimitError, 429),
        (500, openai.InternalServerError, 502),
        (503, openai.InternalServerError, 502),
        (529, openai.InternalServerError, 502),
    ],
)
async def test_a_refusal_of_the_mock(
    async_client: AsyncOpenAI, status: int, raised: type[openai.APIStatusError], seen: int
) -> None:
    with pytest.raises(raised) as caught:
        await async_client.chat.completions.create(model=f"mock-status-{status}", messages=HELLO)
    assert caught.value.status_code == seen
    assert "The mock was asked for this status." in caught.value.message


def test_the_time_to_wait_comes_through(client: OpenAI, upstream: AnthropicUpstream) -> None:
    upstream.script = refuses(429, "rate_limit_error", WORDS, {"retry-after": "7"})
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model=MODEL, messages=HELLO)
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.response.headers["retry-after-ms"] == "7000"
    assert caught.value.type == "provider_rate_limited"


def test_the_sdk_retries_until_it_works(stubborn: OpenAI, sidecar: Running) -> None:
    before = sidecar.metric("provider_request_total", model="mock-flaky-2")
    response = stubborn.chat.completions.with_raw_response.create(model="mock-flaky-2", messages=HELLO)
    assert response.retries_taken == 2
    assert sidecar.metric("provider_request_total", model="mock-flaky-2") == before + 3


def test_a_model_that_is_not_there(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="cleverer", messages=HELLO)
    assert (caught.value.type, caught.value.param) == ("model_not_found", "model")
    assert "near: clever" in caught.value.message


def test_a_field_of_the_wrong_type(client: OpenAI) -> None:
    wrong: Any = "hot"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="mock", messages=HELLO, temperature=wrong)
    assert caught.value.param == "temperature"
    assert "temperature must be a number, not a string" in caught.value.message


def test_what_the_target_cannot_do(client: OpenAI, upstream: AnthropicUpstream) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=HELLO, n=2)
    assert (caught.value.type, caught.value.param) == ("unsupported_capability", "n")
    assert upstream.turns == []


def test_a_provider_that_is_not_there(client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="absent:x", messages=HELLO)
    assert (caught.value.status_code, caught.value.type) == (502, "network_error")


# ---- streams that break


@pytest.mark.parametrize(
    ("ending", "kind", "words"),
    [
        (Turn.cut, "provider_stream_cut", "the provider closed the connection in the middle of its answer"),
        (Turn.end, "provider_stream_cut", "the provider's stream ended before the message did"),
        (lambda turn: turn.event(error("overloaded_error", WORDS)), "provider_overloaded", WORDS),
        (Turn.stall, "timeout", "the provider sent nothing for 0.3 seconds"),
    ],
    ids=["cut", "ended", "error event", "silent"],
)
def test_a_stream_that_breaks(
    client: OpenAI, upstream: AnthropicUpstream, ending: Callable[[Turn], None], kind: str, words: str
) -> None:
    upstream.script = script = Broken(ending)
    said, error = broken(client.chat.completions.create(model=HASTY, messages=HELLO, stream=True), script.hear)
    assert (said, error.type, error.message) == (script.words, kind, words)


def test_an_error_event_before_the_first_words_is_an_error(client: OpenAI, upstream: AnthropicUpstream) -> None:
    def script(turn: Turn) -> None:
        turn.begin()
        turn.event({"type": "ping"})
        turn.event(error("overloaded_error", WORDS))
        turn.end()

    upstream.script = script
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    assert (caught.value.status_code, caught.value.type) == (502, "provider_overloaded")
    assert WORDS in caught.value.message


@pytest.mark.parametrize(
    "model",
    [
        "mock-cut-3",
        "mock-end-early-3",
        "mock-error-event-3",
        "mock-cut-event-3",
    ],
)
def test_a_relayed_stream_that_breaks(client: OpenAI, model: str) -> None:
    said, _ = broken(client.chat.completions.create(model=model, messages=HELLO, stream=True))
    assert said == "You said:"


# ---- time


@pytest.mark.parametrize("streamed", [False, True])
def test_a_provider_that_does_not_answer(client: OpenAI, upstream: AnthropicUpstream, streamed: bool) -> None:
    upstream.script = Turn.stall
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model=HASTY, messages=HELLO, stream=streamed, extra_body={"timeout": 0.3})
    assert (caught.value.status_code, caught.value.type) == (504, "timeout")
    assert upstream.turn(0).gone.wait(5)


@pytest.mark.parametrize("streamed", [False, True])
def test_the_timeout_of_the_app_ends_the_call(
    client: OpenAI, upstream: AnthropicUpstream, sidecar: Running, streamed: bool
) -> None:
    """The SDK gives up and closes its connection: so does the sidecar, and nobody's fault is counted."""
    upstream.script = Turn.stall
    asked = uuid4().hex
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.3).chat.completions.create(
            model=MODEL, messages=HELLO, stream=streamed, extra_headers={"x-request-id": asked}
        )
    assert upstream.turn(0).gone.wait(5)
    assert sidecar.wait_for(event="call", id=asked)["kind"] == "client_gone"


async def test_a_cancelled_task_ends_the_call(
    async_client: AsyncOpenAI, upstream: AnthropicUpstream, sidecar: Running
) -> None:
    upstream.script = Turn.stall
    asked = uuid4().hex
    asking = asyncio.create_task(
        async_client.chat.completions.create(model=MODEL, messages=HELLO, extra_headers={"x-request-id": asked})
    )
    turn = await asyncio.to_thread(upstream.turn, 0)
    asking.cancel()
    assert await asyncio.to_thread(turn.gone.wait, 5)
    assert (await asyncio.to_thread(sidecar.wait_for, event="call", id=asked))["kind"] == "client_gone"


def test_a_stream_that_the_app_closes(client: OpenAI, upstream: AnthropicUpstream, sidecar: Running) -> None:
    upstream.script = script = Broken(Turn.stall)
    asked = uuid4().hex
    stream = client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, extra_headers={"x-request-id": asked}
    )
    next(iter(stream))
    script.heard.set()
    stream.close()
    assert upstream.turn(0).gone.wait(5)
    ended = sidecar.wait_for(event="call", id=asked)
    assert (ended["kind"], ended["tokens_in"]) == ("client_gone", 20)
