"""A user's first hour, with the process as it is shipped: start it without any key, talk to it, look at it, stop it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import orjson

from tests.promises.caller import Answer, chat, get
from tests.promises.sidecars import ROOT, anthropic_like, openai_like, process
from tests.promises.upstream import Provider
from tests.promises.wires import anthropic_stream, openai_stream

WORDS = ("Hello", ", ", "wörld", " 🤖", "!")
TOGETHER = 100


def text_of(answer: Answer) -> str:
    """What an application would show of a stream."""
    assert answer.body.endswith(b"data: [DONE]\n\n")
    chunks = [orjson.loads(event[6:]) for event in answer.body.split(b"\n\n") if event.startswith(b"data: {")]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


async def chat_command(port: int, *arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "proxy", "chat", "--url", f"http://127.0.0.1:{port}", *arguments]
    pipe = asyncio.subprocess.PIPE
    run = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(run.communicate(), 30)
    assert run.returncode is not None
    return run.returncode, out.decode(), err.decode()


async def test_a_first_hour_without_a_key(tmp_path: Path) -> None:
    async with process(tmp_path) as running:
        assert (await get(running.ops, "/readyz")).status == 200
        models = (await get(running.port, "/v1/models")).json["data"]
        assert "mock" in [model["id"] for model in models]
        whole = await running.ask(chat("mock", "Say hello"))
        assert "Say hello" in whole.json["choices"][0]["message"]["content"]
        streamed = await running.ask(chat("mock", "Say hello", stream=True))
        assert text_of(streamed) == whole.json["choices"][0]["message"]["content"]
        for stream in ("--stream", "--no-stream"):
            code, out, err = await chat_command(running.port, "Say hello", stream)
            assert (code, err) == (0, "")
            assert out.strip() == text_of(streamed).strip()
        code, _, err = await chat_command(running.port, "--model", "mock:mock-status-429", "hi")
        assert (code, err.startswith("outrider: provider_rate_limited")) == (1, True)
        assert await running.counted("llm_requests_success") == 4
        assert await running.counted("llm_requests_failure", kind="provider_rate_limited") == 1
        running.stop()
        assert await running.ended() == 0
    lines = [orjson.loads(line) for line in running.log().splitlines()]
    assert [line["status"] for line in lines if line["event"] == "call"] == [200, 200, 200, 200, 429]
    assert "Say hello" not in running.log()


async def test_the_same_words_whoever_says_them(tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.stream(openai_stream(*WORDS))) as one,
        Provider(lambda asked: asked.link.stream(anthropic_stream(*WORDS))) as two,
    ):
        models = [{"model": "fast", "targets": [{"provider": "two", "model": "claude-x"}]}]
        async with process(
            tmp_path, {"one": openai_like(one.url), "two": anthropic_like(two.url)}, models=models
        ) as running:
            for model in ("one:m", "two:claude-x", "fast"):
                assert text_of(await running.ask(chat(model, stream=True))) == "".join(WORDS)


async def test_many_at_once(tmp_path: Path) -> None:
    """Each gets its own answer, whole, over connections that are shared one after the other."""
    async with process(tmp_path) as running:

        async def one(number: int) -> None:
            answer = await running.ask(chat("mock", f"this is number {number}.", stream=number % 2 == 0))
            said = text_of(answer) if number % 2 == 0 else answer.json["choices"][0]["message"]["content"]
            assert f"this is number {number}." in said

        async with asyncio.TaskGroup() as group:
            for number in range(TOGETHER):
                group.create_task(one(number))
        assert await running.counted("llm_requests_success") == TOGETHER
        assert (await running.status())["calls_in_flight"] == 0
