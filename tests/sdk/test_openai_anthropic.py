"""The official `openai` package against an Anthropic-wire provider: asked in its words, answered in OpenAI's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from tests.sdk.anthropic_upstream import AnthropicUpstream, answers, text, thinking, tool_use

MODEL = "claude:claude-sonnet-4-5"
HELLO: Any = [{"role": "user", "content": "Hello"}]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
USAGE = (20, 20, 40, 7)

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
CLOCK: Any = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
BOTH = (tool_use("toolu_1", "get_weather", {"city": "Zürich", "days": [1, 2]}), tool_use("toolu_2", "get_time", {}))


class City(BaseModel):
    name: str
    people: int


def counted(usage: Any) -> tuple[int, int, int, int]:
    return usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, usage.prompt_tokens_details.cached_tokens


def test_a_whole_answer(client: OpenAI, upstream: AnthropicUpstream) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=HELLO)
    [choice] = completion.choices
    assert (choice.message.content, choice.finish_reason) == ("Hello", "stop")
    assert (completion.id, completion.object) == ("msg_01", "chat.completion")
    assert completion.created > 1_700_000_000
    assert counted(completion.usage) == USAGE
    [asked] = upstream.requests
    assert asked["model"] == "claude-sonnet-4-5"
    assert asked["messages"] == [{"role": "user", "content": "Hello"}]


async def test_a_stream(async_client: AsyncOpenAI, upstream: AnthropicUpstream) -> None:
    upstream.script = answers(text("Hello, wörld of 🌍 streams"))
    options: Any = {"include_usage": True}
    stream = await async_client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options=options
    )
    *chunks, last = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello, wörld of 🌍 streams"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert {chunk.id for chunk in chunks} == {"msg_01"}
    assert last.choices == []
    assert counted(last.usage) == USAGE


def test_usage_is_only_streamed_when_asked_for(client: OpenAI, upstream: AnthropicUpstream) -> None:
    chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))
    assert all(chunk.choices and not chunk.usage for chunk in chunks)


def test_an_alias(client: OpenAI, upstream: AnthropicUpstream) -> None:
    response = client.chat.completions.with_raw_response.create(model="clever", messages=HELLO)
    assert upstream.requests[0]["model"] == "claude-sonnet-4-5"
    assert response.headers["x-outrider-provider"] == "claude"
    assert response.headers["x-outrider-model"] == "claude-sonnet-4-5"


def test_the_stream_helper(client: OpenAI, upstream: AnthropicUpstream) -> None:
    upstream.script = answers(text("Let me look."), *BOTH, stop_reason="tool_use")
    with client.chat.completions.stream(model=MODEL, messages=HELLO, tools=[WEATHER, CLOCK]) as stream:
        events = list(stream)
        final = stream.get_final_completion()
    done = [event for event in events if event.type == "tool_calls.function.arguments.done"]
    assert [(event.name, json.loads(event.arguments)) for event in done] == [
        ("get_weather", {"city": "Zürich", "days": [1, 2]}),
        ("get_time", {}),
    ]
    assert final.choices[0].message.content == "Let me look."
    assert final.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_tool_round_trip(async_client: AsyncOpenAI, upstream: AnthropicUpstream, streamed: bool) -> None:
    upstream.script = answers(text("Looking."), *BOTH, stop_reason="tool_use")
    messages: Any = [{"role": "user", "content": "Weather and time?"}]
    asked = await turn(async_client, messages, streamed)
    calls = asked["tool_calls"]
    assert [(call["id"], call["function"]["name"]) for call in calls] == [
        ("toolu_1", "get_weather"),
        ("toolu_2", "get_time"),
    ]
    messages.append(asked)
    messages += [{"role": "tool", "tool_call_id": call["id"], "content": f"for {call['id']}"} for call in calls]
    upstream.script = answers(text("Sunny."))
    said = await turn(async_client, messages, streamed)
    assert said["content"] == "Sunny."
    first, second = upstream.requests
    assert [tool["name"] for tool in first["tools"]] == ["get_weather", "get_time"]
    assert first["tools"][0]["input_schema"] == WEATHER["function"]["parameters"]
    assistant, results = second["messages"][1:]
    assert assistant["content"] == [{"type": "text", "text": "Looking."}, *BOTH]
    assert [(block["tool_use_id"], block["content"]) for block in results["content"]] == [
        ("toolu_1", "for toolu_1"),
        ("toolu_2", "for toolu_2"),
    ]


async def turn(client: AsyncOpenAI, messages: Any, streamed: bool) -> dict[str, Any]:
    """The assistant's message as the app sends it back."""
    if not streamed:
        whole = await client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER, CLOCK])
        return whole.choices[0].message.model_dump(exclude_none=True)
    async with client.chat.completions.stream(model=MODEL, messages=messages, tools=[WEATHER, CLOCK]) as stream:
        final = await stream.get_final_completion()
    message = final.choices[0].message.model_dump(exclude_none=True)
    for call in message.get("tool_calls", []):
        call["function"].pop("parsed_arguments", None)
        call.pop("index", None)
    return message


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("auto", {"type": "auto"}),
        ("required", {"type": "any"}),
        ("none", {"type": "none"}),
        ({"type": "function", "function": {"name": "get_time"}}, {"type": "tool", "name": "get_time"}),
    ],
)
def test_tool_choice(client: OpenAI, upstream: AnthropicUpstream, asked: Any, said: dict[str, str]) -> None:
    client.chat.completions.create(model=MODEL, messages=HELLO, tools=[WEATHER, CLOCK], tool_choice=asked)
    assert upstream.requests[0]["tool_choice"] == said


def test_one_tool_at_a_time(client: OpenAI, upstream: AnthropicUpstream) -> None:
    client.chat.completions.create(model=MODEL, messages=HELLO, tools=[CLOCK], parallel_tool_calls=False)
    assert upstream.requests[0]["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


def test_pictures(client: OpenAI, upstream: AnthropicUpstream) -> None:
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.jpg"}},
    ]
    messages: Any = [{"role": "user", "content": content}]
    client.chat.completions.create(model=MODEL, messages=messages)
    assert upstream.requests[0]["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.jpg"}},
    ]


def test_system_prompts_stop_sequences_and_limits(client: OpenAI, upstream: AnthropicUpstream) -> None:
    upstream.script = answers(text("one, two"), stop_reason="stop_sequence", stop_sequence="three")
    messages: Any = [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Count."}, *HELLO]
    completion = client.chat.completions.create(
        model=MODEL, messages=messages, stop=["three", "four"], max_completion_tokens=99, temperature=0.5, user="u-1"
    )
    assert completion.choices[0].finish_reason == "stop"
    [asked] = upstream.requests
    assert asked["stop_sequences"] == ["three", "four"]
    assert (asked["max_tokens"], asked["temperature"], asked["metadata"]) == (99, 0.5, {"user_id": "u-1"})
    assert [block["text"] for block in asked["system"]] == ["Be brief.", "Count."]
    assert asked["messages"] == [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(
    ("theirs", "ours"), [("max_tokens", "length"), ("refusal", "content_filter"), ("end_turn", "stop")]
)
@pytest.mark.parametrize("streamed", [False, True])
def test_why_it_stopped(client: OpenAI, upstream: AnthropicUpstream, theirs: str, ours: str, streamed: bool) -> None:
    upstream.script = answers(text("so far"), stop_reason=theirs)
    if streamed:
        chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))
        reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
        assert [reason for reason in reasons if reason] == [ours]
    else:
        completion = client.chat.completions.create(model=MODEL, messages=HELLO)
        assert completion.choices[0].finish_reason == ours


@pytest.mark.parametrize("streamed", [False, True])
def test_thoughts_survive_the_next_turn(client: OpenAI, upstream: AnthropicUpstream, streamed: bool) -> None:
    """The SDK keeps members that it does not know, so an app that sends the message back sends the signature back."""
    thought = thinking("First I add, then I carry.", "EqQBCgIYAhIM+/sig==")
    upstream.script = answers(thought, text("42"))
    if streamed:
        stream = client.chat.completions.create(model=MODEL, messages=HELLO, stream=True, reasoning_effort="low")
        deltas = [chunk.choices[0].delta.model_dump() for chunk in stream if chunk.choices]
        said: Any = {"role": "assistant", "content": "".join(delta.get("content") or "" for delta in deltas)}
        said["reasoning_content"] = "".join(delta.get("reasoning_content") or "" for delta in deltas)
        said["thinking_blocks"] = [block for delta in deltas for block in delta.get("thinking_blocks") or []]
    else:
        completion = client.chat.completions.create(model=MODEL, messages=HELLO, reasoning_effort="low")
        said = completion.choices[0].message.model_dump(exclude_none=True)
    assert said["content"] == "42"
    assert said["reasoning_content"] == thought["thinking"]
    assert upstream.requests[0]["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    client.chat.completions.create(
        model=MODEL, messages=[*HELLO, said, {"role": "user", "content": "And now?"}], reasoning_effort="low"
    )
    assert upstream.requests[1]["messages"][1]["content"] == [thought, {"type": "text", "text": "42"}]


def test_structured_output(client: OpenAI, upstream: AnthropicUpstream) -> None:
    upstream.script = answers(text('{"name": "Rome", "people": 3}'))
    completion = client.chat.completions.parse(model=MODEL, messages=HELLO, response_format=City)
    assert completion.choices[0].message.parsed == City(name="Rome", people=3)
    schema = upstream.requests[0]["output_config"]["format"]["schema"]
    assert schema["properties"].keys() == {"name", "people"}


def test_structured_output_on_an_older_model(client: OpenAI, upstream: AnthropicUpstream) -> None:
    def by_tool(turn: Any) -> None:
        [tool] = turn.request["tools"]
        assert turn.request["tool_choice"] == {"type": "tool", "name": tool["name"]}
        answers(tool_use("toolu_1", tool["name"], {"name": "Rome", "people": 3}), stop_reason="tool_use")(turn)

    upstream.script = by_tool
    completion = client.chat.completions.parse(model="claude-3-5-haiku-latest", messages=HELLO, response_format=City)
    assert completion.choices[0].message.parsed == City(name="Rome", people=3)
    assert completion.choices[0].finish_reason == "stop"


def test_what_cannot_be_said_is_named(client: OpenAI, upstream: AnthropicUpstream) -> None:
    response = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=HELLO, seed=7, frequency_penalty=0.5, presence_penalty=0
    )
    assert set(response.headers["x-outrider-dropped"].split(",")) == {"seed", "frequency_penalty"}
    assert upstream.requests[0].keys() == {"model", "max_tokens", "messages"}


def test_extras_of_the_unified_form(client: OpenAI, upstream: AnthropicUpstream) -> None:
    extras = {"top_k": 5, "system": "Be kind.", "timeout": 9}
    messages: Any = [
        {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]}
    ]
    client.chat.completions.create(model=MODEL, messages=messages, extra_body=extras)
    [asked] = upstream.requests
    assert (asked["top_k"], asked["system"]) == (5, "Be kind.")
    assert asked["messages"][0]["content"] == messages[0]["content"]


def test_the_keys(client: OpenAI, upstream: AnthropicUpstream) -> None:
    """The upstream refuses what lacks the provider's key; the application's own stays here."""
    client.chat.completions.create(model=MODEL, messages=HELLO)
    [turn] = upstream.turns
    assert "sk-app-own-key" not in str(turn.headers)
    assert not [name for name in turn.headers if name.startswith("x-stainless")]
