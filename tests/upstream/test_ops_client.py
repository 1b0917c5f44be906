"""The feed of a sidecar, followed: every event once, over connections that end, and a clear word where there is no feed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from proxy.upstream import ops_client
from proxy.upstream.ops_client import Event, Unreachable, follow


def call(number: int, **fields: Any) -> bytes:
    return f"event: call\nid: {number}\ndata: {json.dumps({'number': number, **fields})}\n\n".encode()


STATUS = b'event: status\ndata: {"version": "1"}\n\n'
NOISE = b": still here\n\nevent: hello\ndata: x\n\n"


class Sidecar:
    """Each connection gets the next of `pieces`, and is then closed; after the last one it stays open."""

    def __init__(self, *pieces: bytes, port: int = 0) -> None:
        self.pieces = list(pieces)
        self.asked: list[str | None] = []
        app = web.Application()
        app.router.add_get("/status/events", self.answer)
        self.server = TestServer(app, port=port or None)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.headers.get("last-event-id"))
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(self.pieces.pop(0))
        return response

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops_client, "PAUSE", 0.01)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Sidecar], Awaitable[Sidecar]]]:
    running: list[Sidecar] = []

    async def start(sidecar: Sidecar) -> Sidecar:
        await sidecar.server.start_server()
        running.append(sidecar)
        return sidecar

    yield start
    for sidecar in running:
        await sidecar.server.close()


Serve = Callable[[Sidecar], Awaitable[Sidecar]]


async def take(url: str, many: int, lost: Callable[[str], None] = lambda text: None, after: int = 0) -> list[Event]:
    found = []
    async with aclosing(follow(url, after, lost)) as events:
        async for event in events:
            found.append(event)
            if len(found) == many:
                break
    return found


async def test_events_and_nothing_else(serve: Serve) -> None:
    sidecar = await serve(Sidecar(NOISE + call(7, model="a") + NOISE + STATUS))
    assert await take(sidecar.url, 2, after=5) == [
        Event("call", {"number": 7, "model": "a"}),
        Event("status", {"version": "1"}),
    ]
    assert sidecar.asked == ["5"]


async def test_a_stream_that_ends_is_resumed_after_the_latest_call(serve: Serve) -> None:
    sidecar = await serve(Sidecar(call(7) + call(8) + STATUS, call(9)))
    found = await take(sidecar.url, 4)
    assert [event.data.get("number") for event in found] == [7, 8, None, 9]
    assert sidecar.asked == ["0", "8"]


async def test_a_sidecar_that_goes_is_waited_for_and_told_of_once(serve: Serve) -> None:
    port = unused_port()
    first = await serve(Sidecar(call(1), port=port))
    lost: list[str] = []
    async with aclosing(follow(first.url, 0, lost.append)) as events:
        assert (await anext(events)).data["number"] == 1
        await first.server.close()
        second = Sidecar(call(2), port=port)
        waiting = asyncio.ensure_future(anext(events))
        while not lost:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        await serve(second)
        assert (await waiting).data["number"] == 2
    assert second.asked == ["1"]
    assert len(lost) == 1
    assert "nothing answers there (Connection refused)" in lost[0]


async def test_nobody_at_first() -> None:
    with pytest.raises(Unreachable, match=r"nothing answers there \(Connection refused\); start the sidecar"):
        await take(f"http://127.0.0.1:{unused_port()}", 1)


@pytest.mark.parametrize(
    ("status", "content_type", "told"),
    [
        (403, "application/json", "served to the sidecar's own machine only"),
        (404, "application/json", "is it the ops port of a sidecar"),
        (500, "application/json", "it answered 500"),
        (204, "text/event-stream", "it answered 204"),
        (200, "text/html", "no feed of a sidecar"),
    ],
)
async def test_what_answers_and_is_no_feed(status: int, content_type: str, told: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, content_type=content_type)

    app = web.Application()
    app.router.add_get("/status/events", answer)
    async with TestServer(app) as server:
        with pytest.raises(Unreachable, match=told):
            await take(str(server.make_url("")).rstrip("/"), 1)


@pytest.mark.parametrize("data", [b"{broken", b"[1]", b"\xff\xfe", b"1e999999"])
async def test_events_that_are_none(serve: Serve, data: bytes) -> None:
    sidecar = await serve(Sidecar(b"event: call\nid: 1\ndata: " + data + b"\n\n"))
    with pytest.raises(Unreachable, match="no feed of a sidecar"):
        await take(sidecar.url, 1)


async def test_a_line_of_a_megabyte(serve: Serve) -> None:
    sidecar = await serve(Sidecar(call(1, model="m" * (1 << 20))))
    assert len((await take(sidecar.url, 1))[0].data["model"]) == 1 << 20
