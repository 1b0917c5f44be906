"""Scrapers that are many, slow, gone or hostile, and models with names that are: calls and probes do not feel them."""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from proxy.policies.metrics import LABEL_LENGTH
from proxy.server.ops import CONNECTIONS
from tests.policies.pages import parse
from tests.promises.caller import PATIENCE, Caller, Cut, chat, get, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider
from tests.promises.wires import openai_reply

SCRAPERS = 1000
MEGABYTE = 1 << 20
OURS = ("llm_", "provider_", "outrider_", "process_")
SCRAPE = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
HOSTILE = [
    'x"} 1\nllm_requests_total{model="forged',
    "\\",
    'end\\"',
    "a\x00b\x1b[31mc\r\nd\te\x7f",
    "\u2028\u202e\ufeff",
    "{}#\n# TYPE forged counter\nforged 1",
    "m" * MEGABYTE,
    '"' * MEGABYTE,
    "größe-模型",
]


async def scrape(running: InLoop) -> bytes | None:
    """A page; None where the sidecar has let the scraper go before the page was whole."""
    loop, pieces = asyncio.get_running_loop(), []
    with socket.socket() as sock, suppress(ConnectionError):
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", running.ops))
        await loop.sock_sendall(sock, SCRAPE)
        async with asyncio.timeout(PATIENCE):
            while piece := await loop.sock_recv(sock, 1 << 16):
                pieces.append(piece)
    head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return body if length is not None and int(length[1]) == len(body) else None


async def probe(running: InLoop) -> int:
    """As kubelet does, which tries three times before it believes it."""
    for _ in range(2):
        with suppress(Cut):
            return (await get(running.ops, "/readyz")).status
    return (await get(running.ops, "/readyz")).status


async def test_a_thousand_scrapers_at_once(tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole(openai_reply())) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        await running.ask(chat())
        scrapes = [asyncio.ensure_future(scrape(running)) for _ in range(SCRAPERS)]
        answer, ready = await asyncio.gather(running.ask(chat()), probe(running))
        pages = await asyncio.gather(*scrapes)
        assert (answer.status, ready) == (200, 200)
        got = [page for page in pages if page is not None]
        assert len(got) >= CONNECTIONS
        for page in set(got):
            assert "llm_requests_total" in {name for (name, _), _ in parse(page.decode())}
        assert await scrape(running) is not None
        assert running.sidecar.ops.connections <= (CONNECTIONS, CONNECTIONS)


async def test_scrapers_that_hang_up_or_do_not_read(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as running:
        silent = []
        for number in range(CONNECTIONS // 2):
            caller = await Caller.connect(running.ops, receive_buffer=1024)
            caller.send(SCRAPE[: number % len(SCRAPE)] if number % 3 == 0 else SCRAPE)
            if number % 3 == 1:
                caller.reset()
            else:
                silent.append(caller)
        for _ in range(3):
            assert await scrape(running) is not None
        for caller in silent:
            caller.hang_up()
        await until(lambda: running.sidecar.lag.current() < 1.0)


@pytest.mark.parametrize("model", HOSTILE, ids=range(len(HOSTILE)))
async def test_a_hostile_model_is_one_short_label(model: str, tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole(openai_reply())) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        statuses = [(await running.ask(chat(name))).status for name in (f"up:{model}", model, "up:m")]
        await running.is_idle()
        page = dict(parse((await get(running.ops, "/metrics")).body.decode()))
    assert statuses[0] in (200, 400), "asked, or refused for its name"
    assert statuses[1:] in ([400, 200], [404, 200])
    assert sum(count for (name, _), count in page.items() if name == "llm_requests_total") == 3
    assert all(len(text) <= LABEL_LENGTH and text.isprintable() for _, labels in page for _, text in labels)
    assert all(name.startswith(OURS) for name, _ in page)
