"""When the application hangs up, Ollama stops generating.

The server has one place: as long as it generates for one call, the next one waits. Left alone, the answer here ends after ten
contexts, most of a minute. So the server's own log says how long it worked, and the next call's answer that its place is free.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import ollama
import pytest
from openai import APITimeoutError, OpenAI

from tests.real.ollama_server import Ollama
from tests.real.vocabulary import ANSWERS
from tests.real.weights import CHAT
from tests.sdk import sidecar

MODELS = {f"native:{CHAT}": "/api/chat", f"copy:{CHAT}": "/v1/chat/completions"}
ENDLESS: Any = [{"role": "user", "content": "Count"}]
SHORT: Any = [{"role": "user", "content": "Greet"}]
#: Seconds; an answer that is left alone takes many times as long.
SOON = 10.0


@pytest.fixture(autouse=True)
def free(ollama_server: Ollama, itself: ollama.Client) -> Iterator[None]:
    """The server's one place is free before the test, and soon free after it."""
    ollama_server.program.forget()
    yield
    reply = itself.chat(CHAT, SHORT)
    assert reply.message.content == "".join(ANSWERS["Greet"])
    assert reply.total_duration is not None
    assert reply.total_duration / 1e9 < SOON


@pytest.mark.parametrize("model", MODELS)
def test_in_the_middle_of_a_stream(client: OpenAI, ollama_server: Ollama, house: sidecar.Running, model: str) -> None:
    gone = house.metric("llm_requests_failure", kind="client_gone")
    with client.chat.completions.create(model=model, messages=ENDLESS, stream=True) as stream:
        words = [chunk.choices[0].delta.content for chunk, _ in zip(stream, range(5), strict=False)]
    assert "".join(word or "" for word in words).startswith(" one two three")
    assert ollama_server.worked(MODELS[model], SOON) < SOON
    assert house.metric("llm_requests_failure", kind="client_gone") == gone + 1


@pytest.mark.parametrize("model", MODELS)
def test_while_waiting_for_a_whole_reply(client: OpenAI, ollama_server: Ollama, model: str) -> None:
    with pytest.raises(APITimeoutError):
        client.with_options(timeout=0.5).chat.completions.create(model=model, messages=ENDLESS)
    assert ollama_server.worked(MODELS[model], SOON) < SOON


def test_while_the_server_is_busy_with_another(client: OpenAI, ollama_server: Ollama) -> None:
    """The second call waits inside the server; the application gives it up, and then the first."""
    model, path = next(iter(MODELS.items()))
    with client.chat.completions.create(model=model, messages=ENDLESS, stream=True) as first:
        next(iter(first))
        with pytest.raises(APITimeoutError):
            client.with_options(timeout=0.5).chat.completions.create(model=model, messages=SHORT)
        assert ollama_server.worked(path, SOON) < SOON
        assert next(iter(first)).choices[0].delta.content
    assert ollama_server.worked(path, SOON) < SOON


def test_by_ollamas_own_sdk(through: ollama.Client, ollama_server: Ollama) -> None:
    stream: Any = through.chat(f"native:{CHAT}", ENDLESS, stream=True)
    with closing(stream):
        assert next(stream).message.content == " one"
    assert ollama_server.worked("/api/chat", SOON) < SOON


def test_what_is_not_given_up_is_not_cancelled(client: OpenAI) -> None:
    """Several at once wait their turn, and all are answered."""
    answers: list[str | None] = []

    def ask() -> None:
        reply = client.chat.completions.create(model=f"native:{CHAT}", messages=SHORT)
        answers.append(reply.choices[0].message.content)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert answers == ["".join(ANSWERS["Greet"])] * 4
