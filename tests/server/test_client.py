"""The framing of responses: by length, in chunks, or by the connection's end, each in as few writes as there are pieces."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from proxy.server.client import http_date
from tests.promises.caller import chat, http, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider
from tests.promises.wires import OPENAI_OPENING, openai_end, openai_reply, openai_word


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider() as provider:
        yield provider


@pytest.fixture
async def running(provider: Provider, tmp_path: Path) -> AsyncIterator[InLoop]:
    async with sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        yield running


async def test_a_whole_reply_has_a_length_and_no_chunks(provider: Provider, running: InLoop) -> None:
    caller = await running.caller()
    caller.post(chat())
    (await provider.asked()).link.whole(openai_reply())
    answer = await caller.answer()
    assert answer.headers["content-length"] == str(len(answer.body))
    assert "transfer-encoding" not in answer.headers


async def test_a_stream_is_chunked_one_chunk_for_each_piece(provider: Provider, running: InLoop) -> None:
    caller = await running.caller()
    caller.post(chat(stream=True))
    link = (await provider.asked()).link
    link.start()
    link.chunk(OPENAI_OPENING + openai_word("a"))
    _, headers = await caller.head()
    assert headers["transfer-encoding"] == "chunked"
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-cache"
    assert "content-length" not in headers
    assert await caller.chunk() == OPENAI_OPENING + openai_word("a")
    link.chunk(openai_word("b"))
    assert await caller.chunk() == openai_word("b")
    link.chunk(openai_end())
    link.finish()
    assert await caller.chunk() == openai_end()
    assert await caller.chunk() is None


async def test_the_head_leaves_with_the_first_bytes_of_the_body(provider: Provider, running: InLoop) -> None:
    """Two writes would be two segments for every call."""
    transport, writes = await listen_in(running)
    transport.write(http(chat()))
    (await provider.asked()).link.whole(openai_reply())
    await asyncio.wait_for(writes.arrived.wait(), 5)
    assert writes.pieces[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert writes.pieces[0].endswith(b"}")
    transport.close()


class Pieces(asyncio.Protocol):
    """What arrives, read by read."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.arrived = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)
        self.arrived.set()


async def listen_in(running: InLoop) -> tuple[asyncio.WriteTransport, Pieces]:
    return await asyncio.get_running_loop().create_connection(Pieces, "127.0.0.1", running.port)


async def test_the_provider_waits_for_a_reader_that_does_not(provider: Provider, running: InLoop) -> None:
    """And goes on as soon as that one does: nothing is lost."""
    caller = await running.caller(receive_buffer=4096)
    caller.post(chat(stream=True))
    link = (await provider.asked()).link
    link.start()
    link.chunk(OPENAI_OPENING)
    word = openai_word("x" * 100_000)
    for _ in range(200):
        link.chunk(word)
    await until(lambda: not link.writable.is_set())
    link.chunk(openai_end())
    link.finish()
    answer = await caller.answer()
    assert answer.complete
    assert answer.body == OPENAI_OPENING + word * 200 + openai_end()


async def test_a_cut_ends_the_connection_in_place_of_the_body(provider: Provider, running: InLoop) -> None:
    caller = await running.caller()
    caller.post(chat(stream=True))
    link = (await provider.asked()).link
    link.start()
    link.chunk(OPENAI_OPENING + openai_word("a"))
    await caller.head()
    link.cut()
    rest = await caller.everything()
    assert not rest.endswith(b"0\r\n\r\n")
    assert await caller.is_closed()


def test_the_date_is_as_http_has_it() -> None:
    """RFC 9110, section 5.6.7."""
    assert http_date().endswith(" GMT")
    assert abs(parsedate_to_datetime(http_date()).timestamp() - time.time()) < 3


async def test_every_answer_has_a_date(running: InLoop) -> None:
    assert (await running.ask(chat("mock"))).headers["date"].endswith(" GMT")
