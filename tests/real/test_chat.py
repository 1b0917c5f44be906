"""Words, streams, reasoning and their cost: what the real server says is what the application hears, by either of its APIs."""

from __future__ import annotations

from collections.abc import Callable

import ollama
import pytest
from openai import BadRequestError, BaseModel, NotFoundError, OpenAI
from openai.types.chat import ChatCompletionMessageParam
from openai.types.completion_usage import CompletionUsage

from tests.real.conftest import CHATTING
from tests.real.vocabulary import ANSWERS
from tests.real.weights import CHAT, CONTEXT
from tests.sdk.sidecar import Running

Directly = Callable[[str], OpenAI]
GREETING = "".join(ANSWERS["Greet"])
#: What stands between the marks of thinking in the answer to "Ponder", and what comes after them.
THOUGHT = ("Is it so?", "It is.")
LONG = "word " * CONTEXT + "\nGreet"
REFUSALS = {"native": "the input length exceeds the context length", "llamacpp": "exceeds the available context size"}


def asked(words: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": words}]


def counts(usage: CompletionUsage | None) -> tuple[int, int]:
    assert usage is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    return usage.prompt_tokens, usage.completion_tokens


def true_counts(server: OpenAI, words: str) -> tuple[int, int]:
    return counts(server.chat.completions.create(model=CHAT, messages=asked(words)).usage)


@pytest.mark.parametrize("provider", CHATTING)
def test_a_reply_and_its_usage(client: OpenAI, directly: Directly, provider: str) -> None:
    reply = client.chat.completions.create(model=f"{provider}:{CHAT}", messages=asked("Greet"))
    assert reply.choices[0].message.content == GREETING
    assert reply.choices[0].finish_reason == "stop"
    assert counts(reply.usage) == true_counts(directly(provider), "Greet")


@pytest.mark.parametrize("provider", CHATTING)
def test_a_stream_comes_token_by_token(client: OpenAI, directly: Directly, provider: str) -> None:
    stream = client.chat.completions.create(
        model=f"{provider}:{CHAT}", messages=asked("Greet"), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert tuple(choice.delta.content for choice in choices if choice.delta.content) == ANSWERS["Greet"]
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["stop"]
    assert [counts(chunk.usage) for chunk in chunks if chunk.usage] == [true_counts(directly(provider), "Greet")]


@pytest.mark.parametrize("provider", CHATTING)
def test_a_limit_ends_it(client: OpenAI, provider: str) -> None:
    reply = client.chat.completions.create(model=f"{provider}:{CHAT}", messages=asked("Count"), max_tokens=4)
    assert said(reply.choices[0].message)[1].strip() == "one two three four"
    assert reply.choices[0].finish_reason == "length"
    assert counts(reply.usage)[1] == 4


@pytest.mark.parametrize("provider", CHATTING)
def test_a_stop_sequence_ends_it(client: OpenAI, provider: str) -> None:
    reply = client.chat.completions.create(model=f"{provider}:{CHAT}", messages=asked("Count"), stop=[" four"])
    assert said(reply.choices[0].message)[1].strip() == "one two three"
    assert reply.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("provider", ["native", "llamacpp"])
def test_reasoning_stands_beside_the_answer(client: OpenAI, provider: str) -> None:
    """Ollama thinks when it is asked to; llama.cpp tells thoughts from words by itself."""
    model, think = f"{provider}:{CHAT}", {"reasoning": {"enabled": True}} if provider == "native" else {}
    reply = client.chat.completions.create(model=model, messages=asked("Ponder"), extra_body=think)
    assert said(reply.choices[0].message) == THOUGHT
    chunks = client.chat.completions.create(model=model, messages=asked("Ponder"), stream=True, extra_body=think)
    pieces = [said(choice.delta) for chunk in chunks for choice in chunk.choices]
    assert tuple("".join(column) for column in zip(*pieces, strict=True)) == THOUGHT


def said(message: BaseModel) -> tuple[str, str]:
    """What it thought, and what it said aloud."""
    members = message.to_dict()
    return str(members.get("reasoning_content") or ""), str(members.get("content") or "")


def test_ollamas_own_sdk_hears_the_server(through: ollama.Client, itself: ollama.Client) -> None:
    question = [{"role": "user", "content": "Greet"}]
    heard, said = through.chat(f"native:{CHAT}", question), itself.chat(CHAT, question)
    assert heard.message == said.message
    assert (heard.prompt_eval_count, heard.eval_count) == (said.prompt_eval_count, said.eval_count)
    pieces = [part.message.content for part in through.chat(f"native:{CHAT}", question, stream=True)]
    assert tuple(piece for piece in pieces if piece) == ANSWERS["Greet"]
    assert through.generate(f"native:{CHAT}", "Greet").response == GREETING
    pondered = through.chat(f"native:{CHAT}", [{"role": "user", "content": "Ponder"}], think=True).message
    assert (pondered.thinking, pondered.content) == THOUGHT


@pytest.mark.parametrize("provider", ["native", "copy"])
def test_a_prompt_too_long_is_cut_by_ollama(client: OpenAI, provider: str) -> None:
    cut = client.chat.completions.create(model=f"{provider}:{CHAT}", messages=asked(LONG))
    assert (cut.choices[0].message.content, counts(cut.usage)[0]) == (GREETING, CONTEXT)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("provider", "words"), REFUSALS.items())
def test_a_prompt_too_long_is_refused_in_the_servers_words(
    client: OpenAI, house: Running, provider: str, words: str, stream: bool
) -> None:
    """By Ollama only where it is told not to cut. It is the caller's mistake: 400, counted as such, and not asked again."""
    before = house.metric("llm_requests_failure", provider=provider, kind="invalid_request")
    extra = {"truncate": False} if provider == "native" else {}
    model = f"{provider}:{CHAT}"
    with pytest.raises(BadRequestError, match=words):
        client.chat.completions.create(model=model, messages=asked(LONG), stream=stream, extra_body=extra)
    assert house.metric("llm_requests_failure", provider=provider, kind="invalid_request") == before + 1


@pytest.mark.parametrize("provider", ["native", "copy"])
def test_a_model_it_does_not_have(client: OpenAI, provider: str) -> None:
    with pytest.raises(NotFoundError, match="absent"):
        client.chat.completions.create(model=f"{provider}:absent", messages=asked("Greet"))
