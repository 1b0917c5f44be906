"""The official SDKs against the mocks of other providers, which nobody configured: relayed in their own wire, and translated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from anthropic import Anthropic
from anthropic.types import ToolUseBlock
from openai import OpenAI

from tests.sdk.sidecar import Running
from tests.sdk.test_openai_mock import CLOCK, WEATHER

HELLO: Any = [{"role": "user", "content": "Hello there"}]
OF_ANTHROPIC: Any = [
    {"name": tool["function"]["name"], "input_schema": tool["function"]["parameters"]} for tool in (WEATHER, CLOCK)
]
#: As many mocks as there are wires; whoever asks, one of them is relayed to and the others are translated for.
MOCKS = ("mock-openai", "mock-anthropic", "mock-vllm")
CALLS = [("get_weather", {"city": "Paris", "days": 0}), ("get_time", {})]
EVERY = pytest.mark.parametrize("mock", MOCKS)


@pytest.fixture
def claude(sidecar: Running) -> Iterator[Anthropic]:
    with Anthropic(base_url=sidecar.url, api_key="sk-app-own-key", max_retries=0, timeout=20) as client:
        yield client


# ---- the package of OpenAI


@EVERY
def test_openai_hears_the_same_whole_and_streamed(client: OpenAI, mock: str) -> None:
    model = f"{mock}:some-model"
    whole = client.chat.completions.create(model=model, messages=HELLO, max_tokens=500)
    assert (whole.choices[0].message.content or "").startswith("You said: Hello there\n")
    assert (whole.choices[0].finish_reason, whole.model) == ("stop", "some-model")
    options: Any = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(model=model, messages=HELLO, max_tokens=500, stream=True, stream_options=options)
    )
    said = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert said == whole.choices[0].message.content
    assert whole.usage is not None
    assert chunks[-1].usage is not None
    assert whole.usage.prompt_tokens == chunks[-1].usage.prompt_tokens == 2
    assert whole.usage.completion_tokens == chunks[-1].usage.completion_tokens > 20


@EVERY
def test_openai_calls_tools(client: OpenAI, mock: str) -> None:
    messages: Any = [{"role": "user", "content": "get_weather and get_time, please"}]
    with client.chat.completions.stream(model=f"{mock}:m", messages=messages, tools=[WEATHER, CLOCK]) as stream:
        streamed = stream.get_final_completion().choices[0]
    asked = client.chat.completions.create(model=f"{mock}:m", messages=messages, tools=[WEATHER, CLOCK]).choices[0]
    for choice in (streamed, asked):
        calls: Any = choice.message.tool_calls
        assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == CALLS
        assert choice.finish_reason == "tool_calls"
    messages.append(asked.message)
    found: Any = asked.message.tool_calls
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "21"} for call in found]
    said = client.chat.completions.create(model=f"{mock}:m", messages=messages, tools=[WEATHER, CLOCK])
    assert (said.choices[0].message.content or "").startswith("get_weather returned: 21 get_time returned: 21")


@EVERY
@pytest.mark.parametrize(
    ("status", "error"),
    [(400, openai.BadRequestError), (404, openai.NotFoundError), (429, openai.RateLimitError)],
)
def test_openai_s_errors(client: OpenAI, mock: str, status: int, error: type[openai.APIStatusError]) -> None:
    with pytest.raises(error, match=r"The mock was asked for this status\."):
        client.chat.completions.create(model=f"{mock}:mock-status-{status}", messages=HELLO)


@EVERY
def test_a_stream_that_breaks_is_no_whole_answer(client: OpenAI, mock: str) -> None:
    stream = client.chat.completions.create(model=f"{mock}:mock-cut-3", messages=HELLO, stream=True)
    with pytest.raises(openai.APIError):
        list(stream)


# ---- the package of Anthropic


@EVERY
def test_anthropic_hears_the_same_whole_and_streamed(claude: Anthropic, mock: str) -> None:
    model = f"{mock}:some-model"
    whole = claude.messages.create(model=model, messages=HELLO, max_tokens=500, system="Be brief")
    with claude.messages.stream(model=model, messages=HELLO, max_tokens=500, system="Be brief") as stream:
        said = "".join(stream.text_stream)
        final = stream.get_final_message()
    for message in (whole, final):
        [block] = message.content
        assert block.type == "text"
        assert block.text == said
        assert (message.stop_reason, message.usage.input_tokens) == ("end_turn", 4)
    assert said.startswith("You said: Hello there\n")
    assert whole.usage.output_tokens == final.usage.output_tokens > 20


@EVERY
def test_anthropic_calls_tools(claude: Anthropic, mock: str) -> None:
    messages: Any = [{"role": "user", "content": "get_weather and get_time, please"}]
    fields: Any = {"model": f"{mock}:m", "tools": OF_ANTHROPIC, "max_tokens": 500}
    with claude.messages.stream(messages=messages, **fields) as stream:
        streamed = stream.get_final_message()
    whole = claude.messages.create(messages=messages, **fields)
    for message in (streamed, whole):
        uses = [block for block in message.content if isinstance(block, ToolUseBlock)]
        assert [(use.name, use.input) for use in uses] == CALLS
        assert message.stop_reason == "tool_use"
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "21"}
        for block in whole.content
        if block.type == "tool_use"
    ]
    messages += [{"role": "assistant", "content": whole.content}, {"role": "user", "content": results}]
    said = claude.messages.create(messages=messages, **fields)
    assert said.content[0].type == "text"
    assert said.content[0].text.startswith("get_weather returned: 21 get_time returned: 21")


def test_thoughts_go_back_as_they_came(claude: Anthropic) -> None:
    fields: Any = {"model": "mock-anthropic:claude-x", "max_tokens": 4096}
    thinking: Any = {"type": "enabled", "budget_tokens": 1024}
    whole = claude.messages.create(messages=HELLO, thinking=thinking, **fields)
    thought, text = whole.content
    assert (thought.type, text.type) == ("thinking", "text")
    messages: Any = [*HELLO, {"role": "assistant", "content": whole.content}, *HELLO]
    assert claude.messages.create(messages=messages, thinking=thinking, **fields).content[0].type == "thinking"


def test_tokens_are_counted(claude: Anthropic) -> None:
    counted = claude.messages.count_tokens(model="mock-anthropic:claude-x", messages=HELLO)
    assert counted.input_tokens == 2


@EVERY
@pytest.mark.parametrize(
    ("status", "error"),
    [(400, anthropic.BadRequestError), (404, anthropic.NotFoundError), (429, anthropic.RateLimitError)],
)
def test_anthropic_s_errors(claude: Anthropic, mock: str, status: int, error: type[anthropic.APIStatusError]) -> None:
    with pytest.raises(error, match=r"The mock was asked for this status\."):
        claude.messages.create(model=f"{mock}:mock-status-{status}", messages=HELLO, max_tokens=5)


def test_a_limit_is_asked_for_as_anthropic_does(claude: Anthropic, sidecar: Running) -> None:
    """The mock of Anthropic is as strict as Anthropic: what is relayed to it is checked there."""
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        claude.messages.create(model="mock-anthropic:m", messages=HELLO, max_tokens=5, extra_body={"temperature": 1.5})
