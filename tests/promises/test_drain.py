"""SIGTERM: what runs may finish, what comes is sent elsewhere, and then the process ends as one that ended well."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import orjson

from tests.promises.caller import Caller, chat, get, until
from tests.promises.sidecars import InProcess, anthropic_like, openai_like, process
from tests.promises.upstream import Link, Provider
from tests.promises.wires import (
    OPENAI_OPENING,
    anthropic_opening,
    anthropic_word,
    openai_end,
    openai_reply,
    openai_word,
)


async def begin(running: InProcess, provider: Provider) -> tuple[Caller, Link]:
    """A stream whose first word has arrived."""
    caller = await running.caller()
    caller.post(chat(stream=True))
    link = (await provider.asked()).link
    link.start()
    link.chunk(OPENAI_OPENING + openai_word("first"))
    assert (await caller.head()).status == 200
    await caller.chunk()
    return caller, link


async def drains(running: InProcess) -> None:
    """Wait until it says that it is no longer ready."""

    async def said() -> bool:
        return (await get(running.ops, "/readyz")).status == 503

    await until(said)


async def test_a_stream_finishes_and_new_calls_are_refused(tmp_path: Path) -> None:
    async with Provider() as provider, process(tmp_path, {"up": openai_like(provider.url)}) as running:
        caller, link = await begin(running, provider)
        kept = await running.caller()
        assert (await kept.ask(chat("mock"))).status == 200
        running.stop()
        await drains(running)
        for refused in (await kept.ask(chat("mock")), await running.ask(chat("mock")), await running.ask(b"{")):
            assert (refused.status, refused.error["type"]) == (503, "draining")
            assert int(refused.headers["retry-after"]) >= 1
            assert refused.headers["connection"] == "close"
        assert await kept.is_closed()
        assert (await get(running.ops, "/livez")).status == 200
        link.chunk(openai_word("second"))
        assert await caller.chunk() == openai_word("second")
        link.chunk(openai_end())
        link.finish()
        rest, complete = await caller.rest()
        assert (rest, complete) == (openai_end(), True)
        assert await running.ended() == 0
        assert len(provider.requests) == 1
    assert "the grace period is over" not in running.log()


async def test_a_whole_reply_is_waited_for(tmp_path: Path) -> None:
    async with Provider() as provider, process(tmp_path, {"up": openai_like(provider.url)}) as running:
        caller = await running.caller()
        caller.post(chat())
        link = (await provider.asked()).link
        running.stop()
        await drains(running)
        link.whole(openai_reply("late"))
        assert (await caller.answer()).json["choices"][0]["message"]["content"] == "late"
        assert await running.ended() == 0


async def test_what_outlasts_the_grace_period_is_cut_with_an_error(tmp_path: Path) -> None:
    drain = {"grace": 0.2}
    async with Provider() as provider:
        providers = {"up": openai_like(provider.url), "claude": anthropic_like(provider.url)}
        async with process(tmp_path, providers, drain=drain) as running:
            caller, link = await begin(running, provider)
            other = await running.caller()
            other.post(chat("claude:m", stream=True))
            claude = (await provider.asked()).link
            claude.start()
            claude.chunk(anthropic_opening() + anthropic_word("hi"))
            await other.head()
            silent = await running.caller()
            silent.post(chat())
            await provider.asked()
            running.stop()
            for cut in (caller, other):
                body, complete = await cut.rest()
                assert not complete
                assert b"[DONE]" not in body
                error = orjson.loads(body.rstrip().rpartition(b"data: ")[2])["error"]
                assert error["type"] == "draining"
            answer = await silent.answer()
            assert (answer.status, answer.error["type"]) == (503, "draining")
            await link.is_closed()
            await claude.is_closed()
            assert await running.ended() == 0
    lines = [orjson.loads(line) for line in running.log().splitlines()]
    assert [line["kind"] for line in lines if line["event"] == "call"] == ["draining"] * 3


async def test_an_idle_process_ends_within_a_second(tmp_path: Path) -> None:
    async with process(tmp_path) as running:
        idle, asked = await running.caller(), await running.caller()
        assert (await asked.ask(chat("mock"))).status == 200
        began = time.monotonic()
        running.stop()
        assert await running.ended() == 0
        assert time.monotonic() - began < 1.0
        assert await idle.is_closed()
        assert await asked.is_closed()


async def test_the_last_lines_are_written(tmp_path: Path) -> None:
    async with process(tmp_path) as running:
        await running.ask(chat("mock"), {"x-request-id": "the-last-call"})
        running.stop()
        assert await running.ended() == 0
    lines = [orjson.loads(line) for line in running.log().splitlines()]
    assert [line["id"] for line in lines if line["event"] == "call"] == ["the-last-call"]
    assert lines[-1]["message"] == "stopped"


async def test_the_operator_may_drain_before_the_signal_comes(tmp_path: Path) -> None:
    async with process(tmp_path) as running:
        assert (await get(running.ops, "/drain", "POST")).status == 202
        await drains(running)
        assert (await running.ask(chat("mock"))).status == 503
        running.stop()
        assert await running.ended() == 0


async def test_a_collector_that_hangs_takes_no_last_word_away(tmp_path: Path) -> None:
    """Where the application has used up the grace period, kubelet leaves a native sidecar two seconds."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        tracing = {"otlp": f"http://127.0.0.1:{hanging.getsockname()[1]}"}
        async with process(tmp_path, tracing=tracing) as running:
            assert (await running.ask(chat("mock"))).status == 200
            began = time.monotonic()
            running.stop()
            await until(lambda: '"stopped"' in running.log())
            assert time.monotonic() - began < 0.7
            assert await running.ended() == 0
            assert time.monotonic() - began < 1.7
