"""What pods have together over TLS: found by who trusts the store's certificate, and a miss for everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cache.together import KEY, TIMEOUT, body_of, made, opened, put
from tests.upstream.certificates import Authority
from tests.upstream.redis import Redis, needs_redis

pytestmark = needs_redis


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def encrypted(redis: Redis, authority: Authority, names: str = "DNS:localhost") -> AsyncIterator[str]:
    """The address of a door to `redis` that speaks TLS."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner = await asyncio.open_connection("127.0.0.1", redis.port)
        await asyncio.gather(pass_on(reader, inner[1]), pass_on(inner[0], writer))

    server = await asyncio.start_server(answer, "localhost", 0, ssl=authority.server(names))
    async with server:
        yield f"rediss://localhost:{server.sockets[0].getsockname()[1]}/0"


async def test_over_tls_with_a_certificate_that_is_trusted(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    async with encrypted(redis, authority) as url:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
        async with opened(url) as one, opened(redis.url) as plain:
            await put(one, KEY, made())
            assert await body_of(one) == await body_of(plain) == b"hello"


@pytest.mark.parametrize("names", ["DNS:localhost", "DNS:elsewhere.example"])
async def test_a_certificate_that_is_not_trusted_is_a_store_that_is_gone(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    authority = Authority(tmp_path)
    if names != "DNS:localhost":
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    async with encrypted(redis, authority, names) as url, opened(url) as cache:
        async with asyncio.timeout(TIMEOUT + 1):
            assert await body_of(cache) is None
        assert not cache.reachable
