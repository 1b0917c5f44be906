"""SDKs that speak neither Ollama's API nor OpenAI's chat: the same words, the same cost, and errors in their own shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from anthropic import Anthropic, BadRequestError, NotFoundError
from openai import OpenAI

from tests.real.conftest import CHATTING
from tests.real.vocabulary import ANSWERS
from tests.real.weights import CHAT, CONTEXT

MODELS = [f"{provider}:{CHAT}" for provider in CHATTING]
GREETING = "".join(ANSWERS["Greet"])
QUESTION: Any = [{"role": "user", "content": "Greet"}]
SYSTEM: Any = {"role": "system", "content": "Be brief."}
COUNTED = ["one", "two", "three", "four"]


def true_counts(server: OpenAI) -> tuple[int, int]:
    """What the server itself says that prompt and answer cost."""
    usage = server.chat.completions.create(model=CHAT, messages=[SYSTEM, *QUESTION]).usage
    assert usage is not None
    return usage.prompt_tokens, usage.completion_tokens


@pytest.mark.parametrize("provider", CHATTING)
def test_a_message(claude: Anthropic, directly: Callable[[str], OpenAI], provider: str) -> None:
    asking: Any = {"model": f"{provider}:{CHAT}", "max_tokens": 50, "system": "Be brief.", "messages": QUESTION}
    whole = claude.messages.create(**asking)
    with claude.messages.stream(**asking) as stream:
        pieces = tuple(stream.text_stream)
        streamed = stream.get_final_message()
    assert pieces == ANSWERS["Greet"]
    for message in (whole, streamed):
        assert [block.to_dict() for block in message.content] == [{"type": "text", "text": GREETING}]
        assert message.stop_reason == "end_turn"
        read = message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0)
        assert (read, message.usage.output_tokens) == true_counts(directly(provider))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("ends", "reason", "said"),
    [({"max_tokens": 4}, "max_tokens", COUNTED), ({"max_tokens": 50, "stop_sequences": [" four"]}, None, COUNTED[:3])],
)
def test_a_message_that_is_ended(claude: Anthropic, model: str, ends: Any, reason: str | None, said: list[str]) -> None:
    """OpenAI's API does not tell a stop sequence from the answer's own end, nor does Ollama's."""
    counting: Any = [{"role": "user", "content": "Count"}]
    message = claude.messages.create(model=model, messages=counting, **ends)
    [text] = [block.to_dict()["text"] for block in message.content]
    assert str(text).split() == said
    assert message.stop_reason in ({reason} if reason else {"end_turn", "stop_sequence"})


def test_errors_are_anthropics(claude: Anthropic) -> None:
    with pytest.raises(NotFoundError) as absent:
        claude.messages.create(model="native:absent", max_tokens=50, messages=QUESTION)
    assert isinstance(absent.value.body, dict)
    assert absent.value.body["error"]["type"] == "not_found_error"
    long: Any = [{"role": "user", "content": "word " * CONTEXT}]
    with pytest.raises(BadRequestError, match="exceeds the available context size"):
        claude.messages.create(model=f"llamacpp:{CHAT}", max_tokens=50, messages=long)


@pytest.mark.parametrize("provider", CHATTING)
def test_a_response(client: OpenAI, directly: Callable[[str], OpenAI], provider: str) -> None:
    asking: Any = {"model": f"{provider}:{CHAT}", "instructions": "Be brief.", "input": "Greet"}
    whole = client.responses.create(**asking)
    with client.responses.stream(**asking) as stream:
        pieces = tuple(event.delta for event in stream if event.type == "response.output_text.delta")
        streamed = stream.get_final_response()
    assert pieces == ANSWERS["Greet"]
    for response in (whole, streamed):
        assert (response.output_text, response.status) == (GREETING, "completed")
        assert response.usage is not None
        assert (response.usage.input_tokens, response.usage.output_tokens) == true_counts(directly(provider))


@pytest.mark.parametrize("model", MODELS)
def test_a_completion(client: OpenAI, model: str) -> None:
    """Ollama's native API has none, so it is asked for its copy of OpenAI's."""
    whole = client.completions.create(model=model, prompt="Greet")
    assert (whole.choices[0].text, whole.choices[0].finish_reason) == (GREETING, "stop")
    chunks = client.completions.create(model=model, prompt="Greet", stream=True)
    pieces = [choice.text for chunk in chunks for choice in chunk.choices]
    assert tuple(piece for piece in pieces if piece) == ANSWERS["Greet"]
