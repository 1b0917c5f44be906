"""Answers in a form that the caller gives: the servers turn it into a grammar, which the sampler cannot leave.

What is asked would be greeted in words if the form did not reach the server, so each of these shows that it did. That every
value is the only one its schema allows makes the answer exact.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import ollama
import pytest
from anthropic import Anthropic
from openai import BadRequestError, OpenAI
from pydantic import BaseModel

from tests.real.conftest import CHATTING
from tests.real.weights import CHAT

MODELS = [f"{provider}:{CHAT}" for provider in CHATTING]
QUESTION: Any = [{"role": "user", "content": "Greet"}]
#: Ollama holds a model that can think to a form only once it has thought, or was told not to.
UNTHINKING: Any = "none"


class Guest(BaseModel):
    name: Literal["Ada"]


class Stay(BaseModel):
    city: Literal["Zürich"]
    nights: Literal[3]
    guest: Guest


STAY = Stay(city="Zürich", nights=3, guest=Guest(name="Ada"))
#: llama.cpp's own words for the same thing: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md.
GRAMMAR = 'root ::= "wör" [d] " " ("no")'
#: Of JSON that may be anything, random weights say much.
SOME = 40


@pytest.mark.parametrize("model", MODELS)
def test_a_schema(client: OpenAI, model: str) -> None:
    reply = client.chat.completions.parse(
        model=model, messages=QUESTION, response_format=Stay, reasoning_effort=UNTHINKING
    )
    assert reply.choices[0].message.parsed == STAY
    assert reply.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("model", MODELS)
def test_a_schema_streamed(client: OpenAI, model: str) -> None:
    asking: Any = {"model": model, "messages": QUESTION, "response_format": Stay, "reasoning_effort": UNTHINKING}
    with client.chat.completions.stream(**asking) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        reply = stream.get_final_completion()
    assert reply.choices[0].message.parsed == STAY
    assert len(pieces) > 10
    assert json.loads("".join(pieces)) == STAY.model_dump(mode="json")


@pytest.mark.parametrize("model", MODELS)
def test_a_schema_by_responses(client: OpenAI, model: str) -> None:
    asking: Any = {"model": model, "input": "Greet", "reasoning": {"effort": UNTHINKING}}
    assert client.responses.parse(text_format=Stay, **asking).output_parsed == STAY


@pytest.mark.parametrize("provider", ["native", "llamacpp"])
def test_a_schema_by_anthropics_sdk(claude: Anthropic, provider: str) -> None:
    """Not by Ollama's copy of OpenAI's API: of a model that nobody knows, it has no word there that it is not to think."""
    model = f"{provider}:{CHAT}"
    asking: Any = {"model": model, "max_tokens": 200, "messages": QUESTION, "thinking": {"type": "disabled"}}
    message = claude.messages.parse(output_format=Stay, **asking)
    assert (message.parsed_output, message.stop_reason) == (STAY, "end_turn")


def test_a_schema_by_ollamas_own_sdk(through: ollama.Client) -> None:
    for model in (f"native:{CHAT}", f"llamacpp:{CHAT}"):
        reply = through.chat(model, QUESTION, format=Stay.model_json_schema(), think=False)
        assert Stay.model_validate_json(reply.message.content or "") == STAY


@pytest.mark.parametrize("model", MODELS[:2])
def test_a_schema_after_a_thought(client: OpenAI, model: str) -> None:
    pondering: Any = [{"role": "user", "content": "Ponder"}]
    message = client.chat.completions.parse(model=model, messages=pondering, response_format=Stay).choices[0].message
    assert message.parsed == STAY
    thought = message.model_extra or {}
    assert "Is it so?" in (thought.get("reasoning_content"), thought.get("reasoning"))


@pytest.mark.parametrize("model", MODELS)
def test_any_json(client: OpenAI, model: str) -> None:
    asking: Any = {"model": model, "messages": QUESTION, "reasoning_effort": UNTHINKING, "max_tokens": SOME}
    reply = client.chat.completions.create(response_format={"type": "json_object"}, **asking)
    assert (reply.choices[0].message.content or "").lstrip().startswith("{")


def test_a_grammar_of_llamas_own(client: OpenAI) -> None:
    """Nothing of OpenAI's API: it reaches the server because what is said in its own dialect goes as it is."""
    reply = client.chat.completions.create(model=f"llamacpp:{CHAT}", messages=QUESTION, extra_body={"grammar": GRAMMAR})
    assert reply.choices[0].message.content == "wörd no"


def test_a_grammar_with_a_mistake_is_the_callers(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="grammar"):
        client.chat.completions.create(
            model=f"llamacpp:{CHAT}", messages=QUESTION, extra_body={"grammar": "root ::= absent"}
        )
