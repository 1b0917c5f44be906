"""Calls whose answers are jobs, beside others: what is refused or named, what is no job, who waits for whom."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from proxy.call import Json
from proxy.extras import with_jobs
from tests.promises.caller import chat, until
from tests.promises.sidecars import sidecar
from tests.upstream.job_answers import STREAM
from tests.upstream.job_servers import Jobs, Replicate, RunPod, event

#: The loop of the sidecar; what depends on the loop is tested on both where streams and ends are.
pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

MODEL = "up:meta/meta-llama-3-8b-instruct"


async def test_what_a_model_cannot_take_is_refused_or_named(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        refused = await running.ask(chat(MODEL, tools=tools))
        assert (refused.status, refused.error["type"], refused.error["param"]) == (
            400,
            "unsupported_capability",
            "tools",
        )
        assert server.made == []
        messages = [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ]
        said = await running.ask(chat(MODEL, messages=messages, user="u", logit_bias={"1": 2}))
        assert (said.headers["x-outrider-dropped"], said.headers["x-outrider-translated"]) == (
            "user,logit_bias",
            "messages",
        )
    assert server.made[0]["input"]["prompt"] == "User: a\n\nAssistant: b\n\nUser: c\n\nAssistant:"


async def test_what_is_no_chat_is_not_a_job(tmp_path: Path) -> None:
    count = {"model": MODEL, "messages": [{"role": "user", "content": "hello there"}]}
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        said = await running.ask(count, path="/v1/messages/count_tokens")
        assert (said.status, said.headers["x-outrider-estimated"]) == (200, "true")
        said = await running.ask({"model": MODEL, "input": "x"}, path="/v1/embeddings")
        assert (said.status, said.error["type"]) == (400, "unsupported_capability")
    assert server.asked == []


async def test_a_reader_that_is_slow_stops_the_provider(tmp_path: Path) -> None:
    """Back-pressure: what is not read here is not read there either."""
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.play = lambda link, number: link.chunk(event("output", "x" * 1000) * 20_000)
        caller = await running.caller(receive_buffer=4096)
        caller.post(chat(MODEL, **STREAM))
        await caller.head()
        await until(lambda: not server.listeners[0].writable.is_set())
        await asyncio.sleep(0.3)  # in which all of it would have been read
        assert not server.listeners[0].writable.is_set()
        caller.hang_up()
        await server.has_cancelled()


# ---- other roads


async def test_where_there_are_no_jobs_nothing_stands_between() -> None:
    async def handler(call: Any) -> Any: ...

    assert with_jobs(handler, handler, {}) is handler


async def test_side_by_side(tmp_path: Path) -> None:
    async with (
        Replicate() as one,
        RunPod() as other,
        sidecar(tmp_path, {"up": one.entry, "pod": other.entry}) as running,
    ):
        other.states = [{"status": "COMPLETED", "output": [{"choices": []}]}]
        asked = [running.ask(body) for body in (chat("mock"), chat(MODEL), chat("pod:m"), chat(MODEL, **STREAM)) * 5]
        statuses = [said.status for said in await asyncio.gather(*asked)]
        assert statuses == [200] * 20
        pool: Json = (await running.status())["providers"]["up"]
        assert (pool["active"], pool["waiting"]) == (0, 0)
    servers: list[Jobs] = [one, other]
    assert [(len(server.made), server.cancelled) for server in servers] == [(10, []), (5, [])]
