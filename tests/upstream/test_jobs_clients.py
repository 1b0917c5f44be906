"""Applications that know nothing of jobs: the official SDKs, with a chat each, streamed and whole, well and not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.promises.sidecars import InLoop, sidecar
from tests.promises.upstream import Link
from tests.upstream.job_servers import COUNTS, DONE, TEXT, Replicate, RunPod, completion, event, outputs, prediction

#: The loop of the sidecar; what depends on the loop is tested on both where streams and ends are.
pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

MODEL = "up:meta/meta-llama-3-8b-instruct"
WHOLE = "".join(TEXT)
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Bern"}'}}
TOOL: Any = {"name": "get_weather", "description": "Now.", "input_schema": {"type": "object", "properties": {}}}


def openai_at(running: InLoop) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"http://127.0.0.1:{running.port}/v1", api_key="sk-app", max_retries=0, timeout=10)


def anthropic_at(running: InLoop) -> AsyncAnthropic:
    return AsyncAnthropic(base_url=f"http://127.0.0.1:{running.port}", api_key="sk-app", max_retries=0, timeout=10)


async def test_openai_s_sdk_asks_a_model_on_replicate(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running, openai_at(running) as client:
        reply = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "system", "content": "Be short."}, {"role": "user", "content": "hi"}]
        )
        assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == (WHOLE, "stop")
        assert reply.usage is not None
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (11, 3)
        stream = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "hi"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == WHOLE
        assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [14]
    assert server.made[0]["input"] == {"prompt": "hi", "system_prompt": "Be short."}


async def test_anthropic_s_sdk_asks_a_model_on_replicate(tmp_path: Path) -> None:
    async with (
        Replicate() as server,
        sidecar(tmp_path, {"up": server.entry}) as running,
        anthropic_at(running) as client,
    ):
        message = await client.messages.create(
            model=MODEL, max_tokens=99, system="Be short.", messages=[{"role": "user", "content": "hi"}]
        )
        assert [block.text for block in message.content if block.type == "text"] == [WHOLE]
        assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == ("end_turn", 11, 3)
        async with client.messages.stream(
            model=MODEL, max_tokens=99, messages=[{"role": "user", "content": "hi"}]
        ) as stream:
            assert "".join([text async for text in stream.text_stream]) == WHOLE
            final = await stream.get_final_message()
        assert (final.stop_reason, final.usage.output_tokens) == ("end_turn", 3)
    assert server.made[0]["input"] == {"prompt": "hi", "system_prompt": "Be short.", "max_tokens": 99}


async def test_the_sdks_raise_what_went_wrong(tmp_path: Path) -> None:
    def breaks(link: Link, number: int) -> None:
        link.chunk(outputs(TEXT) + event("error", '{"detail": "boom"}') + DONE)

    async with (
        Replicate() as server,
        sidecar(tmp_path, {"up": server.entry}) as running,
        openai_at(running) as client,
        anthropic_at(running) as other,
    ):
        server.play, server.states = breaks, [prediction("failed", error="boom")]
        with pytest.raises(openai.InternalServerError, match="boom"):
            await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hi"}])
        with pytest.raises(openai.InternalServerError, match="boom"):
            await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hi"}], stream=True)
        with pytest.raises(anthropic.APIStatusError, match="boom"):
            await other.messages.create(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "hi"}])


async def test_anthropic_s_sdk_calls_a_tool_through_runpod_s_queue(tmp_path: Path) -> None:
    called = {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [CALL]}}
    async with RunPod() as server, sidecar(tmp_path, {"up": server.entry}) as running, anthropic_at(running) as client:
        server.states = [{"status": "IN_QUEUE"}, {"status": "COMPLETED", "output": [completion(choices=[called])]}]
        for stream in (False, True):
            server.batches = [{"status": "COMPLETED", "stream": []}]
            async with client.messages.stream(
                model="up:m", max_tokens=99, messages=[{"role": "user", "content": "weather?"}], tools=[TOOL]
            ) as told:
                final = await told.get_final_message()
            message = (
                final
                if stream
                else await client.messages.create(
                    model="up:m", max_tokens=99, messages=[{"role": "user", "content": "weather?"}], tools=[TOOL]
                )
            )
            [block] = [block for block in message.content if block.type == "tool_use"]
            assert (block.name, block.input, message.stop_reason) == ("get_weather", {"city": "Bern"}, "tool_use")
            assert message.usage.output_tokens == COUNTS["output_token_count"]
    assert server.made[0]["input"]["openai_input"]["tools"][0]["function"]["name"] == "get_weather"
