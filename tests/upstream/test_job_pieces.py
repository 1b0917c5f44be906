"""A job's output that is fetched piece by piece: nothing is said twice, and what was lost is never left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.call import Json
from tests.promises.caller import chat
from tests.promises.sidecars import sidecar
from tests.promises.upstream import Asked
from tests.upstream.job_answers import STREAM, USAGE, error_in, is_whole, text_in
from tests.upstream.job_servers import ID, RunPod, completion, refuse

#: The loop of the sidecar; what depends on the loop is tested on both where streams and ends are.
pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])


def sse(*deltas: Json, **ended: Any) -> str:
    chunks = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    chunks += [{"index": 0, "delta": {}, **ended}] if ended else []
    common = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return "".join(f"data: {orjson.dumps({**common, 'choices': [choice]}).decode()}\n\n" for choice in chunks)


COUNTED = f"data: {orjson.dumps({'id': 'chatcmpl-1', 'choices': [], 'usage': USAGE}).decode()}\n\ndata: [DONE]\n\n"


def batch(*outputs: Any, status: str = "IN_PROGRESS") -> Json:
    return {"status": status, "stream": [{"output": output} for output in outputs]}


async def test_pieces_are_said_as_they_come(tmp_path: Path) -> None:
    async with RunPod() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.batches = [
            *(batch(status="IN_QUEUE"), batch(sse({"role": "assistant", "content": ""}))),
            *(batch(sse({"content": "Once"}), sse({"content": " upon"})), batch(), batch(sse({"content": " a"}))),
            *(batch(sse(finish_reason="stop") + COUNTED), batch(status="COMPLETED")),
        ]
        said = await running.ask(chat("up:m", **STREAM))
        assert is_whole(said, "Once upon a")
        assert b'"completion_tokens":3' in said.body
        assert await running.counted("llm_tokens_prompt", provider="up") == 11
    assert server.asked[0].line == "POST /v2/ep1/run HTTP/1.1"
    assert set(server.paths("GET")) == {f"/v2/ep1/stream/sync-{ID}-u1"}
    assert server.cancelled == []


async def test_a_worker_that_gives_all_at_once_is_heard(tmp_path: Path) -> None:
    async with RunPod() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.states = [{"status": "COMPLETED", "output": [completion("all of it")]}]
        assert is_whole(await running.ask(chat("up:m", **STREAM)), "all of it")


@pytest.mark.parametrize("before", [[], [sse({"content": "Once"})]])
async def test_a_worker_s_failure_is_told_in_its_words(before: list[str], tmp_path: Path) -> None:
    async with RunPod() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.batches = [batch(*before), batch(status="FAILED")]
        server.states = [{"status": "FAILED", "error": '{"error_message": "no GPU"}'}]
        said = await running.ask(chat("up:m", **STREAM))
        error = error_in(said) if before else said.error
        assert (error["type"], error["message"]) == ("provider_error", "no GPU")
    assert server.cancelled == []


async def test_a_job_that_ends_before_its_stream_is_a_cut(tmp_path: Path) -> None:
    async with RunPod() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.batches = [batch(sse({"content": "Once"})), batch(status="COMPLETED")]
        said = await running.ask(chat("up:m", **STREAM))
        assert (text_in(said.body), error_in(said)["type"]) == ("Once", "provider_stream_cut")


def lose(matches: str, after: int) -> Any:
    """Takes the request after so many of its like, and dies without an answer."""
    seen = 0

    def refusal(asked: Asked) -> bool:
        nonlocal seen
        seen += matches in asked.line
        if matches in asked.line and seen == after + 1:
            asked.link.cut()
            return True
        return False

    return refusal


async def test_a_piece_that_is_lost_is_never_left_out(tmp_path: Path) -> None:
    async with RunPod() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.batches = [batch(sse({"content": "Once"})), batch(sse({"content": " a time"}))]
        server.refusal = lose("/stream/", 1)
        said = await running.ask(chat("up:m", **STREAM))
        assert (text_in(said.body), error_in(said)["type"]) == ("Once", "provider_stream_cut")
        await server.has_cancelled()


async def test_where_nothing_was_said_the_whole_takes_its_place(tmp_path: Path) -> None:
    async with RunPod() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.states = [{"status": "IN_PROGRESS"}, {"status": "COMPLETED", "output": [completion("all of it")]}]
        server.refusal = lose("/stream/", 0)
        assert is_whole(await running.ask(chat("up:m", **STREAM)), "all of it")


async def test_a_piece_that_is_refused_is_fetched_again(tmp_path: Path) -> None:
    async with RunPod() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        text = sse({"content": "Once"}, finish_reason="stop") + COUNTED
        server.batches = [batch(text), batch(status="COMPLETED")]
        server.refusal = refuse("/stream/", (429, {"error": "too many"}), (502, {"error": "x"}))
        assert is_whole(await running.ask(chat("up:m", **STREAM)), "Once")
