"""A tool is called and its result heard, whole and streamed, by three SDKs before real servers."""

from __future__ import annotations

import json
from typing import Any

import ollama
import pytest
from anthropic import Anthropic
from openai import BadRequestError, OpenAI

from tests.real.conftest import CHATTING
from tests.real.vocabulary import ANSWERS
from tests.real.weights import CHAT

MODELS = [f"{provider}:{CHAT}" for provider in CHATTING]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
NAME, ARGUMENTS = "get_weather", {"city": "Zürich"}
TOOLS: Any = [{"type": "function", "function": {"name": NAME, "description": "The weather.", "parameters": SCHEMA}}]
QUESTION: Any = {"role": "user", "content": "Weather"}
RESULT, ANSWER = "Sunny", "".join(ANSWERS["Sunny"])


@pytest.mark.parametrize("model", MODELS)
def test_a_call_and_its_result(client: OpenAI, model: str) -> None:
    asked = client.chat.completions.create(model=model, messages=[QUESTION], tools=TOOLS)
    [call] = asked.choices[0].message.tool_calls or []
    assert asked.choices[0].finish_reason == "tool_calls"
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == (NAME, ARGUMENTS)
    turns: Any = [
        QUESTION,
        asked.choices[0].message.to_dict(),
        {"role": "tool", "tool_call_id": call.id, "content": RESULT},
    ]
    answered = client.chat.completions.create(model=model, messages=turns, tools=TOOLS)
    assert (answered.choices[0].message.content, answered.choices[0].finish_reason) == (ANSWER, "stop")


@pytest.mark.parametrize("model", MODELS)
def test_a_streamed_call(client: OpenAI, model: str) -> None:
    with client.chat.completions.stream(model=model, messages=[QUESTION], tools=TOOLS) as stream:
        choice = stream.get_final_completion().choices[0]
    [call] = choice.message.tool_calls or []
    assert choice.finish_reason == "tool_calls"
    assert (call.function.name, json.loads(call.function.arguments)) == (NAME, ARGUMENTS)
    assert call.id


def test_a_call_that_is_forced(client: OpenAI) -> None:
    """llama.cpp makes a grammar of tool and choice, which leaves one city. Ollama has no word for it, and is not asked."""
    schema = {**SCHEMA, "properties": {"city": {"enum": ["Bern"]}}}
    tool = {"type": "function", "function": {"name": NAME, "parameters": schema}}
    asking: Any = {"messages": [QUESTION], "tools": [tool], "tool_choice": "required"}
    reply = client.chat.completions.create(model=f"llamacpp:{CHAT}", **asking)
    [call] = reply.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == (NAME, {"city": "Bern"})
    with pytest.raises(BadRequestError, match="native cannot honour tool_choice"):
        client.chat.completions.create(model=f"native:{CHAT}", **asking)


def test_by_ollamas_own_sdk(through: ollama.Client) -> None:
    asked = through.chat(f"native:{CHAT}", [QUESTION], tools=TOOLS).message
    [call] = asked.tool_calls or []
    assert (call.function.name, call.function.arguments) == (NAME, ARGUMENTS)
    turns = [QUESTION, asked, {"role": "tool", "tool_name": NAME, "content": RESULT}]
    assert through.chat(f"native:{CHAT}", turns, tools=TOOLS).message.content == ANSWER


@pytest.mark.parametrize("model", MODELS)
def test_by_anthropics_sdk(claude: Anthropic, model: str) -> None:
    tools: Any = [{"name": NAME, "description": "The weather.", "input_schema": SCHEMA}]
    asking: Any = {"model": model, "max_tokens": 100, "tools": tools}
    with claude.messages.stream(messages=[QUESTION], **asking) as stream:
        asked = stream.get_final_message()
    [block] = asked.content
    assert block.type == "tool_use"
    assert (block.name, block.input, asked.stop_reason) == (NAME, ARGUMENTS, "tool_use")
    result: Any = {"type": "tool_result", "tool_use_id": block.id, "content": RESULT}
    turns: Any = [
        QUESTION,
        {"role": "assistant", "content": [block.to_dict()]},
        {"role": "user", "content": [result]},
    ]
    answered = claude.messages.create(messages=turns, **asking)
    assert [part.to_dict()["text"] for part in answered.content] == [ANSWER]
    assert (answered.stop_reason, answered.usage.output_tokens) == ("end_turn", len(ANSWERS[RESULT]) + 1)
