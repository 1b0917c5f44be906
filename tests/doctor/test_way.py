"""Each step of the way, with servers that fail at it, and what is told then."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from proxy.doctor.finding import Finding
from proxy.doctor.way import way_to
from tests.doctor.certificates import certificate

SECONDS = 2.0


@asynccontextmanager
async def listening(context: ssl.SSLContext | None = None, silent: bool = False) -> AsyncIterator[int]:
    """A port where TLS is spoken, or nothing at all; `silent`: where somebody accepts and says nothing."""
    ended = asyncio.Event()
    tasks: list[asyncio.Task[None] | None] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        with suppress(ConnectionError):
            await (ended.wait() if silent else reader.read(1 << 16))
        writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        ended.set()
        server.close()
        await asyncio.gather(*filter(None, tasks))
        await asyncio.sleep(0)


async def findings(address: str, seconds: float = SECONDS) -> list[Finding]:
    step = await way_to("up", URL(address), seconds)
    assert step.passed is all(each.state != "failed" for each in step.findings)
    assert all(each.advice for each in step.findings if each.state in ("failed", "warning"))
    return step.findings


def states(found: list[Finding]) -> list[tuple[str, str]]:
    return [(each.check, each.state) for each in found]


async def test_a_good_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.bundle))
    async with listening(made.server) as port:
        found = await findings(f"https://localhost:{port}")
    assert states(found) == [("dns", "ok"), ("connection", "ok"), ("tls", "ok")]
    assert found[0].detail.startswith("localhost is ")
    assert found[2].detail == "TLSv1.3, the certificate holds for 90 more days"


TROUBLE: list[tuple[dict[str, Any], bool, str, str, str]] = [
    ({"ends": 3}, True, "warning", "holds for 3 more days", "should renew it before"),
    ({"begins": -9, "ends": -1}, True, "failed", "certificate has expired", "renew it; if others reach the server"),
    ({"begins": 1}, True, "failed", "certificate is not yet valid", "compare this machine's clock"),
    ({"name": "other.example"}, True, "failed", "Hostname mismatch", "correct the host in base_url"),
    ({}, False, "failed", "self-signed certificate", "put the interceptor's CA into SSL_CERT_FILE"),
]


@pytest.mark.parametrize(("about", "trusted", "state", "told", "advice"), TROUBLE)
async def test_certificates_that_are_not_good(
    about: dict[str, Any],
    trusted: bool,
    state: str,
    told: str,
    advice: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = certificate(tmp_path, **about)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(made.bundle))
    async with listening(made.server) as port:
        found = (await findings(f"https://localhost:{port}"))[-1]
    assert (found.check, found.state) == ("tls", state)
    assert told.lower() in found.detail.lower()
    assert advice in found.advice


async def test_what_speaks_no_tls() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(5)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        found = await findings(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert states(found)[-1] == ("tls", "failed")
    assert "is it http:// and not https://" in found[-1].advice


async def test_a_closed_port() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        found = await findings(f"http://127.0.0.1:{bound.getsockname()[1]}")
    assert states(found) == [("dns", "ok"), ("connection", "failed")]
    assert found[1].advice.startswith("nothing listens there")


async def test_whoever_accepts_and_is_silent(tmp_path: Path) -> None:
    async with listening(silent=True) as port:
        found = await findings(f"https://127.0.0.1:{port}", 0.1)
    assert states(found) == [("dns", "ok"), ("connection", "failed")]
    assert "did not answer within 0.1 s" in found[1].detail
    assert "egress" in found[1].advice


@pytest.mark.parametrize(
    ("number", "advice"),
    [(socket.EAI_NONAME, "correct the host in base_url"), (socket.EAI_AGAIN, "the resolver does not answer")],
)
async def test_a_name_that_nobody_knows(number: int, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise socket.gaierror(number, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    found = await findings("https://nothing.invalid")
    assert states(found) == [("dns", "failed")]
    assert found[0].detail == "nothing.invalid cannot be looked up: no such name"
    assert advice in found[0].advice


async def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **named: released.wait(20) and [])
    began = time.monotonic()
    found = await findings("https://slow.example", 0.1)
    released.set()
    assert time.monotonic() - began < 5
    assert (found[0].check, found[0].detail) == ("dns", "slow.example was not looked up within 0.1 s")


async def test_a_name_that_is_none() -> None:
    found = await findings(f"http://{'x' * 70}.example")
    assert states(found) == [("dns", "failed")]


# ---- proxies


async def test_through_a_proxy_the_proxy_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary-password@127.0.0.1:{port}")
        found = await findings("https://api.example.com")
    assert states(found) == [("proxy", "ok"), ("dns", "ok"), ("connection", "ok")]
    assert f"goes through http://127.0.0.1:{port}" in found[0].detail
    assert "canary-password" not in repr(found)


async def test_a_proxy_that_cannot_be_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    found = await findings("https://api.example.com")
    assert states(found) == [("proxy", "failed")]
    assert "NO_PROXY" in found[0].advice


async def test_a_neighbour_behind_a_proxy_is_most_likely_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening() as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        found = await findings("http://vllm:8000")
        assert states(found) == [("proxy", "warning"), ("dns", "ok"), ("connection", "ok")]
        assert found[0].advice == "put vllm into NO_PROXY, unless the proxy is meant to reach it"
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert states(await findings(f"http://127.0.0.1:{port}")) == [("dns", "ok"), ("connection", "ok")]
