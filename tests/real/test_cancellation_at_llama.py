"""When the application hangs up, llama.cpp stops generating: its own log and metrics say so.

Its context moves on, so an answer that is left alone has no end here at all. Nothing here asks for metrics again and again: of a
call that is not streamed, this server looks whether its client is still there only when it has answered nobody for a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openai import APITimeoutError, OpenAI
from openai.types.chat import ChatCompletion

from tests.real.llama_server import LlamaServer
from tests.real.vocabulary import ANSWERS
from tests.real.weights import CHAT

MODEL = f"llamacpp:{CHAT}"
ENDLESS: Any = [{"role": "user", "content": "Count"}]
SHORT: Any = [{"role": "user", "content": "Greet"}]
#: Seconds; the server looks once in a second whether its client is there.
SOON = 10.0


@pytest.fixture(autouse=True)
def idle(llama_server: LlamaServer, client: OpenAI) -> Iterator[None]:
    """After the test the server has stopped what it did, and its one place is free."""
    llama_server.program.forget()
    yield
    llama_server.program.wait_for("cancel task", SOON)
    llama_server.program.wait_for("stop processing", SOON)
    assert said(client.chat.completions.create(model=MODEL, messages=SHORT)) == "".join(ANSWERS["Greet"])
    assert llama_server.metric("requests_processing") == 0


def said(reply: ChatCompletion) -> str | None:
    return reply.choices[0].message.content


def test_in_the_middle_of_a_stream(client: OpenAI, llama_server: LlamaServer) -> None:
    with client.chat.completions.create(model=MODEL, messages=ENDLESS, stream=True) as stream:
        words = [chunk.choices[0].delta.content for chunk, _ in zip(stream, range(6), strict=False)]
        assert llama_server.metric("requests_processing") == 1
    assert "".join(word or "" for word in words).strip().startswith("one two three")


def test_while_waiting_for_a_whole_reply(client: OpenAI) -> None:
    with pytest.raises(APITimeoutError):
        client.with_options(timeout=0.5).chat.completions.create(model=MODEL, messages=ENDLESS)


def test_while_the_server_is_busy_with_another(client: OpenAI, llama_server: LlamaServer) -> None:
    """The second call waits inside the server; the application gives it up, and the first goes on."""
    with client.chat.completions.create(model=MODEL, messages=ENDLESS, stream=True) as first:
        next(iter(first))
        with pytest.raises(APITimeoutError):
            client.with_options(timeout=0.5).chat.completions.create(model=MODEL, messages=SHORT)
        assert llama_server.metric("requests_processing") == 1
        assert next(iter(first)).choices[0].delta.content
