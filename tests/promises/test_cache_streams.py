"""Streams are kept where the route wants it, whole ones only; and an answer is told again in any dialect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.caching import FIXED, ON, Counting, caching, read
from tests.promises.caller import Answer, chat, get
from tests.promises.dialects import TARGETS, WIRES, alone, speaking_alone
from tests.promises.dialects.wire import Wire
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import openai_chunk, openai_end, openai_word


async def test_streams_pass_by_unless_the_route_wants_them_kept(tmp_path: Path) -> None:
    answer = Counting()
    alias = {"model": "kept", "targets": [{"provider": "up", "model": "m"}], "cache": {"streams": "store"}}
    async with caching(tmp_path, answer, ON | {"single_flight": False}, models=[alias]) as running:
        for _ in range(2):
            assert (await running.ask(chat(stream=True, **FIXED))).headers["x-outrider-cache"] == "bypass"
        first = await running.ask(chat("kept", stream=True, **FIXED))
        await read(running)
        second = await running.ask(chat("kept", stream=True, **FIXED))
        assert first.status == 200, (first, running.log())
        assert (first.headers["x-outrider-cache"], second.headers["x-outrider-cache"]) == ("miss", "hit")
        assert first.body == second.body
        assert second.complete
        assert answer.asked == 3
        assert second.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    "stream",
    [
        openai_chunk({"role": "assistant", "content": "half"}) + openai_chunk({}, "length") + b"data: [DONE]\n\n",
        openai_chunk({"role": "assistant", "content": "half"})
        + openai_chunk({}, "content_filter")
        + b"data: [DONE]\n\n",
        openai_chunk({"role": "assistant", "content": "half"}) + b"data: [DONE]\n\n",
    ],
)
async def test_a_stream_that_was_cut_or_filtered_is_not_kept(tmp_path: Path, stream: bytes) -> None:
    async with caching(tmp_path, lambda asked: asked.link.stream(stream), ON | {"streams": "store"}) as running:
        for _ in range(2):
            assert (await running.ask(chat(stream=True, **FIXED))).headers["x-outrider-cache"] == "miss"
            await read(running)


async def test_a_stream_that_broke_off_is_not_kept(tmp_path: Path) -> None:
    def answer(asked: Asked) -> None:
        asked.link.start()
        asked.link.chunk(openai_word("half"))
        asked.link.cut()

    async with caching(tmp_path, answer, ON | {"streams": "store"}) as running:
        for _ in range(2):
            found = await running.ask(chat(stream=True, **FIXED))
            assert found.headers["x-outrider-cache"] == "miss"
            assert not found.complete


async def test_a_kept_stream_is_told_as_fast_as_it_came_where_that_is_wanted(tmp_path: Path) -> None:
    async with (
        Provider() as provider,
        sidecar(
            tmp_path, {"up": openai_like(provider.url)}, cache=ON | {"streams": "store", "pace": "recorded"}
        ) as running,
    ):
        caller = await running.caller()
        caller.post(chat(stream=True, **FIXED))
        asked = await provider.asked()
        asked.link.start()
        asked.link.chunk(openai_word("slow"))
        await caller.head()
        loop_time = running.sidecar._loop.time
        began = loop_time()
        await caller.chunk()
        while loop_time() < began + 0.2:
            await get(running.ops, "/livez")
        asked.link.chunk(openai_end())
        asked.link.finish()
        await caller.rest()
        await read(running)
        again = await running.caller()
        again.post(chat(stream=True, **FIXED))
        assert (await again.head()).headers["x-outrider-cache"] == "hit"
        assert b"slow" in (await again.chunk() or b"")
        began = loop_time()
        await again.rest()
        assert loop_time() - began > 0.15


# ---- in any dialect


@pytest.mark.parametrize("theirs", TARGETS)
async def test_a_hit_is_what_the_first_answer_was_in_each_dialect(tmp_path: Path, theirs: str) -> None:
    """Asked in every dialect, twice, whole and as a stream: the second answer costs no call and is the first one to the byte."""
    wire = WIRES[theirs]

    def answer(asked: Asked) -> None:
        if asked.headers["accept"] == wire.content_type != "application/json":
            asked.link.stream(wire.stream(["hello ", "there"]).data, wire.content_type)
        else:
            asked.link.whole(wire.reply("hello there"))

    with speaking_alone():
        async with Provider(answer) as provider:
            cache = ON | {"which": "all", "streams": "store"}
            async with sidecar(tmp_path, {"up": alone(wire, provider.url)}, cache=cache) as running:
                for ours in (WIRES[name] for name in TARGETS):
                    for stream in (False, True):
                        await check_twice(running, provider, ours, stream)


async def check_twice(running: InLoop, provider: Provider, ours: Wire, stream: bool) -> None:
    async def ask(**more: str) -> Answer:
        path = ours.path_to("up:m", stream)
        found = await running.ask(ours.ask("up:m", stream), {**ours.headers, **more}, path)
        await read(running)
        return found

    fresh = await ask(**{"x-outrider-cache": "bypass"})
    first = await ask()
    count = len(provider.requests)
    second = await ask()
    named = (ours.name, stream, first.body)
    assert (fresh.status, first.status, second.status) == (200, 200, 200), named
    assert second.headers["x-outrider-cache"] == "hit", named
    assert second.headers["content-type"] == fresh.headers["content-type"]
    assert second.body == first.body, named
    assert len(provider.requests) == count
    if stream:
        assert ours.hear(second.body) == ours.hear(fresh.body)
        assert ours.hear(second.body).finished
    else:
        assert ours.text_of(second.json) == ours.text_of(fresh.json) == "hello there"
