"""A stream that the provider cut is never made to look complete: an error event, and a connection that ends too soon.

Where a relay stands in the middle of an event there is no way to say an error: it would be read as part of that event. Then
the end of the connection alone has to say it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.wire.sse import read_block
from tests.promises.caller import Answer, chat
from tests.promises.sidecars import InLoop, anthropic_like, openai_like, sidecar
from tests.promises.upstream import Asked, Link, Provider
from tests.promises.wires import (
    DONE,
    OPENAI_OPENING,
    anthropic_opening,
    anthropic_stream,
    anthropic_word,
    openai_chunk,
    openai_stream,
    openai_word,
)

LIKE: dict[str, Callable[..., dict[str, Any]]] = {"openai": openai_like, "anthropic": anthropic_like}
RECORDED = {
    "openai": "openai/stream-stop-sequence-elastic-test-chat-stream-all-the-client-options-0.json",
    "anthropic": "anthropic/stream-parallel-tools-chatlas-test-anthropic-tool-variations-parallel-0.json",
}
#: The word that says in each dialect that the model has finished.
FINISHED = {"openai": b'"finish_reason":"', "anthropic": b'"stop_reason":"'}


class Cutter:
    """Answers each request with the beginning of a stream, and dies. `at` is in bytes of the body."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def __call__(self, asked: Asked) -> None:
        asked.link.start()
        if self.at:
            asked.link.chunk(self.data[: self.at])
        asked.link.cut()


def events(body: bytes) -> list[bytes]:
    """The payloads of the events that a client would see."""
    blocks = body.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]
    return [line[6:] for block in blocks for line in block.split(b"\n") if line.startswith(b"data: ")]


def finish_reasons(body: bytes) -> list[str]:
    chunks = [orjson.loads(event) for event in events(body) if event.startswith(b'{"') and event.endswith(b"}")]
    return [
        choice["finish_reason"]
        for chunk in chunks
        for choice in chunk.get("choices", ())
        if choice.get("finish_reason")
    ]


def check_cut(answer: Answer, sent: bytes, dialect: str) -> str:
    """That nothing was invented; the failure kind that the application was told."""
    if answer.status != 200:
        assert answer.complete
        assert not answer.body.count(b"finish_reason")
        assert b"[DONE]" not in answer.body
        return str(answer.error["type"])
    assert not answer.complete
    said = answer.body
    if dialect == "openai" and read_block(sent.rpartition(b"\n\n")[2]) is not None:
        # Half an event stands there: anything said behind it would complete it, so the connection alone says that it was cut.
        assert said == sent
        return "provider_stream_cut"
    if dialect == "openai":
        assert said.startswith(sent)
        said = sent + b"\n\n"
    assert (b"[DONE]" in said) <= (b"[DONE]" in sent)
    finished = FINISHED[dialect] in b"".join(sent.rpartition(b"\n\n")[:1]).replace(b'": "', b'":"')
    assert bool(finish_reasons(said.rpartition(b'data: {"error"')[0])) <= (finished or dialect == "openai")
    error: dict[str, Any] = orjson.loads(events(answer.body)[-1])["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return str(error["type"])


@pytest.mark.parametrize("dialect", RECORDED)
async def test_a_stream_cut_at_every_byte(dialect: str, recordings: Path, tmp_path: Path) -> None:
    data = json.loads((recordings / RECORDED[dialect]).read_text("utf-8"))["response"]["text"].encode()
    cutter = Cutter(data)
    async with Provider(cutter) as provider, sidecar(tmp_path, {"up": LIKE[dialect](provider.url)}) as running:
        told: Counter[str] = Counter()
        for cutter.at in range(len(data) + 1):
            told[check_cut(await running.ask(chat(stream=True)), data[: cutter.at], dialect)] += 1
        assert set(told) == {"network_error", "provider_stream_cut"}
        assert told["provider_stream_cut"] > len(data) / 2
        assert await running.counted("outrider_stream_cut_total") == told["provider_stream_cut"]
        assert await running.counted("llm_requests_failure", kind="network_error") == told["network_error"]
        assert await running.counted("llm_requests_success") == 0
        assert len(provider.requests) == len(data) + 1


STREAMS = {"openai": openai_stream("one", "two", "three"), "anthropic": anthropic_stream("one", "two", "three")}


@pytest.mark.parametrize("dialect", STREAMS)
async def test_a_clean_end_before_the_model_had_finished_is_a_cut_too(dialect: str, tmp_path: Path) -> None:
    """The connection says that all is well, and the stream says that it is not."""
    data = STREAMS[dialect]
    ends = [at + 2 for at in range(len(data)) if data.startswith(b"\n\n", at)]
    async with Provider() as provider, sidecar(tmp_path, {"up": LIKE[dialect](provider.url)}) as running:
        caller = await running.caller()
        for end in ends:
            caller.post(chat(stream=True))
            (await provider.asked()).link.stream(data[:end])
            answer = await caller.answer()
            if FINISHED[dialect] in data[:end] and (dialect == "openai" or end == len(data)):
                assert answer.complete
                assert answer.body.endswith(DONE) or dialect == "openai"
                continue
            assert check_cut(answer, data[:end], dialect) in ("provider_stream_cut", "provider_error")
            if answer.status == 200:
                assert await caller.is_closed()
                caller = await running.caller()


HALF = b'data: {"choices":[{"index":0,"delta":{"content":"hal'


def inside_a_chunk(link: Link) -> None:
    link.send(b"ff\r\n" + HALF)


def inside_a_size(link: Link) -> None:
    link.send(b"f")


def nonsense(link: Link) -> None:
    link.send(b"this is no chunk\r\n")


DEATHS: dict[str, Callable[[Link], None]] = {
    "inside a chunk": inside_a_chunk,
    "inside a size": inside_a_size,
    "with a reset": lambda link: link.transport.abort(),
    "with nonsense": nonsense,
}


@pytest.mark.parametrize("dialect", LIKE)
@pytest.mark.parametrize("how", DEATHS)
async def test_however_the_provider_dies(how: str, dialect: str, tmp_path: Path) -> None:
    opening = OPENAI_OPENING + openai_word("hi") if dialect == "openai" else anthropic_opening() + anthropic_word("hi")
    async with Provider() as provider, sidecar(tmp_path, {"up": LIKE[dialect](provider.url)}) as running:
        caller = await running.caller()
        caller.post(chat(stream=True))
        link = (await provider.asked()).link
        link.start()
        link.chunk(opening)
        await caller.head()
        await caller.chunk()
        DEATHS[how](link)
        link.cut()
        body, complete = await caller.rest()
        assert not complete
        assert b"[DONE]" not in body
        assert b'"finish_reason":"' not in body
        if dialect == "openai" and how == "inside a chunk":
            assert body == HALF
        else:
            assert orjson.loads(events(body)[-1])["error"]["type"] in ("provider_stream_cut", "provider_error")
        assert (await running.status())["providers"]["up"]["idle"] == 0


async def test_half_a_head_is_an_error_and_no_answer(tmp_path: Path) -> None:
    def die(asked: Asked) -> None:
        asked.link.send(b"HTTP/1.1 200 OK\r\ncontent-ty")
        asked.link.cut()

    async with Provider(die) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        for stream in (True, False):
            answer = await running.ask(chat(stream=stream))
            assert (answer.status, answer.error["type"]) == (502, "network_error")


async def test_half_a_reply_is_an_error_and_no_answer(tmp_path: Path) -> None:
    def die(asked: Asked) -> None:
        asked.link.send(
            b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"choices":[]}'
        )
        asked.link.cut()

    async with Provider(die) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        answer = await running.ask(chat())
        assert (answer.status, answer.complete) == (502, True)
        assert answer.error["type"] in ("network_error", "provider_stream_cut")


async def test_a_long_reply_that_is_cut_ends_before_its_length(tmp_path: Path) -> None:
    """It was too large to hold; no error can be said inside JSON, so the missing bytes have to say it."""

    def die(asked: Asked) -> None:
        asked.link.send(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000000\r\n\r\n" + b"[" * 4_000_000
        )
        asked.link.cut()

    async with Provider(die) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        answer = await running.ask(chat())
        assert not answer.complete
        assert b"error" not in answer.body
        assert await running.counted("outrider_stream_cut_total") == 1


async def test_silence_in_the_middle_of_a_stream_is_said_so(tmp_path: Path) -> None:
    entry = {"timeouts": {"idle": 0.05}}
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url, **entry)}) as running:
        caller = await running.caller()
        caller.post(chat(stream=True))
        link = (await provider.asked()).link
        link.start()
        link.chunk(OPENAI_OPENING + openai_word("hi"))
        answer = await caller.answer()
        assert not answer.complete
        assert orjson.loads(events(answer.body)[-1])["error"]["type"] == "timeout"
        await link.is_closed()


async def test_an_error_event_of_the_provider_is_passed_on_and_the_call_counts_as_failed(tmp_path: Path) -> None:
    said = b'data: {"error":{"message":"the server had an error","type":"server_error","param":null,"code":null}}\n\n'
    data = OPENAI_OPENING + openai_word("hi") + said
    async with (
        Provider(lambda asked: asked.link.stream(data)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        answer = await running.ask(chat(stream=True))
        assert answer.body == data
        await is_failed(running, "provider_error")


async def is_failed(running: InLoop, kind: str) -> None:
    await running.is_idle()
    assert await running.counted("llm_requests_failure", kind=kind) == 1
    assert await running.counted("llm_requests_success") == 0


async def test_a_stream_that_finished_is_left_as_it_is(tmp_path: Path) -> None:
    """Some servers never say [DONE]: a finish reason and a clean end are enough, and nothing is added."""
    data = OPENAI_OPENING + openai_word("hi") + openai_chunk({}, "stop")
    async with (
        Provider(lambda asked: asked.link.stream(data)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        answer = await running.ask(chat(stream=True))
        assert (answer.body, answer.complete) == (data, True)
        assert await running.counted("llm_requests_success") == 1
