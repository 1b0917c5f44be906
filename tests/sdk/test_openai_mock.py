"""The official `openai` package against the embedded mock: what a new user's first program does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from tests.sdk.sidecar import Running

HELLO: Any = [{"role": "user", "content": "Hello there"}]

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}
CLOCK: Any = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}


class Event(BaseModel):
    name: str
    year: int
    guests: list[str]


def test_a_whole_answer(client: OpenAI) -> None:
    completion = client.chat.completions.create(model="mock", messages=HELLO)
    [choice] = completion.choices
    assert (choice.message.content or "").startswith("You said: Hello there")
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == 2
    assert completion.usage.total_tokens == 2 + completion.usage.completion_tokens


async def test_a_whole_answer_async(async_client: AsyncOpenAI) -> None:
    completion = await async_client.chat.completions.create(model="mock", messages=HELLO)
    assert (completion.choices[0].message.content or "").startswith("You said: Hello there")


def test_a_stream_says_what_the_whole_answer_says(client: OpenAI) -> None:
    whole = client.chat.completions.create(model="mock", messages=HELLO).choices[0].message.content
    chunks = list(client.chat.completions.create(model="mock", messages=HELLO, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert len(chunks) > 10
    assert not any(chunk.usage for chunk in chunks)


async def test_usage_at_the_end_of_a_stream(async_client: AsyncOpenAI) -> None:
    whole = await async_client.chat.completions.create(model="mock", messages=HELLO)
    options: Any = {"include_usage": True}
    stream = await async_client.chat.completions.create(
        model="mock", messages=HELLO, stream=True, stream_options=options
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert not any(chunk.usage for chunk in chunks[:-1])


def test_the_stream_helper(client: OpenAI) -> None:
    with client.chat.completions.stream(model="mock", messages=HELLO) as stream:
        events = list(stream)
        final = stream.get_final_completion()
    [done] = [event for event in events if event.type == "content.done"]
    assert done.content == final.choices[0].message.content
    assert done.content == "".join(event.delta for event in events if event.type == "content.delta")


async def test_the_async_stream_helper_collects_parallel_tool_calls(async_client: AsyncOpenAI) -> None:
    async with async_client.chat.completions.stream(
        model="mock-tools", messages=HELLO, tools=[WEATHER, CLOCK]
    ) as stream:
        events = [event async for event in stream]
        final = await stream.get_final_completion()
    calls = final.choices[0].message.tool_calls or []
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("get_weather", {"city": "Paris", "days": 0}),
        ("get_time", {}),
    ]
    assert final.choices[0].finish_reason == "tool_calls"
    arguments = [event for event in events if event.type == "tool_calls.function.arguments.delta"]
    assert len(arguments) > 3


def test_interleaved_tool_calls_keep_their_arguments(client: OpenAI) -> None:
    """By index, as an app has to; the SDK's own `stream` helper expects one call after another."""
    arguments: dict[int, str] = {}
    order = []
    tools = [WEATHER, CLOCK, {**WEATHER, "function": {**WEATHER["function"], "name": "get_forecast"}}]
    for chunk in client.chat.completions.create(
        model="mock-tools-interleaved", messages=HELLO, tools=tools, stream=True
    ):
        for call in chunk.choices[0].delta.tool_calls or []:
            order.append(call.index)
            arguments[call.index] = arguments.get(call.index, "") + ((call.function and call.function.arguments) or "")
    city = {"city": "Paris", "days": 0}
    assert [json.loads(arguments[index]) for index in range(3)] == [city, {}, city]
    assert order != sorted(order)


def test_a_tool_round_trip(client: OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "get_weather and get_time, please"}]
    tools = [WEATHER, CLOCK]
    asked = client.chat.completions.create(model="mock-tools", messages=messages, tools=tools).choices[0].message
    calls: Any = asked.tool_calls
    assert [call.function.name for call in calls] == ["get_weather", "get_time"]
    messages.append(asked)
    messages += [{"role": "tool", "tool_call_id": call.id, "content": f"{call.function.name}: 21"} for call in calls]
    said = client.chat.completions.create(model="mock-tools", messages=messages, tools=tools).choices[0].message
    assert not said.tool_calls
    assert "get_weather: 21" in (said.content or "")
    assert "get_time: 21" in (said.content or "")


def test_structured_output(client: OpenAI) -> None:
    completion = client.chat.completions.parse(model="mock", messages=HELLO, response_format=Event)
    assert completion.choices[0].message.parsed == Event(name="", year=0, guests=[])


def test_system_prompt_and_stop_sequence(client: OpenAI) -> None:
    messages: Any = [{"role": "system", "content": "Be brief"}, *HELLO]
    completion = client.chat.completions.create(model="mock", messages=messages, stop=["there"])
    assert completion.choices[0].message.content == "You said: Hello "
    assert completion.choices[0].finish_reason == "stop"


def test_reasoning_and_the_limit_of_tokens(client: OpenAI) -> None:
    completion = client.chat.completions.create(model="mock-reasoning", messages=HELLO)
    usage: Any = completion.usage
    assert usage.completion_tokens_details.reasoning_tokens > 0
    assert (completion.choices[0].message.model_extra or {})["reasoning_content"]
    short = client.chat.completions.create(model="mock-tokens-50", messages=HELLO, max_completion_tokens=4)
    assert short.choices[0].finish_reason == "length"
    assert short.usage is not None
    assert short.usage.completion_tokens == 4


def test_the_receipt(client: OpenAI) -> None:
    response = client.chat.completions.with_raw_response.create(
        model="mock:mock-tokens-5", messages=HELLO, extra_headers={"x-request-id": "mine-1"}
    )
    headers = response.headers
    assert headers["x-request-id"] == "mine-1"
    assert headers["x-outrider-provider"] == "mock"
    assert headers["x-outrider-model"] == "mock-tokens-5"
    assert headers["x-outrider-attempts"] == "1"
    assert 0 <= float(headers["x-outrider-overhead-ms"]) < 1000
    assert response.parse().usage is not None


def test_the_receipt_of_a_stream(client: OpenAI) -> None:
    create = client.chat.completions.with_streaming_response.create
    with create(model="mock", messages=HELLO, stream=True) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-outrider-provider"] == "mock"
        assert response.request_id
        assert len(list(response.parse())) > 10


def test_an_application_that_is_not_changed(sidecar: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{sidecar.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    with OpenAI() as client:
        assert client.chat.completions.create(model="mock", messages=HELLO).choices[0].message.content


def test_models(client: OpenAI, sidecar: Running) -> None:
    listed = {model.id: model.owned_by for model in client.models.list()}
    assert (listed["clever"], listed["mock"]) == ("claude", "mock")
    assert set(listed.values()) == {"claude", "hasty", "mock"}


async def test_many_at_once_do_not_mix(async_client: AsyncOpenAI) -> None:
    async def say(number: int) -> bool:
        messages: Any = [{"role": "user", "content": f"number {number}"}]
        stream = await async_client.chat.completions.create(model="mock", messages=messages, stream=True)
        words = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        return words.startswith(f"You said: number {number}\n")

    assert all(await asyncio.gather(*map(say, range(40))))
