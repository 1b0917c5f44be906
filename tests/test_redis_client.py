"""A client of Redis is made without asking the server anything, fails once, and says what to install where it cannot be made."""

from __future__ import annotations

import sys
import time

import pytest

from proxy.redis_client import RedisMissing, connect
from tests.upstream.redis import Redis, free_port, needs_redis


async def test_nobody_there_is_asked_once_and_soon() -> None:
    client, faults = connect(f"redis://127.0.0.1:{free_port()}/0", 0.5)
    began = time.monotonic()
    with pytest.raises(faults):
        await client.get("key")
    assert time.monotonic() - began < 0.5
    await client.aclose()


@needs_redis
async def test_a_frozen_server_is_waited_for_as_long_as_was_said(redis: Redis) -> None:
    client, faults = connect(redis.url, 0.3)
    assert await client.set("key", b"value")
    redis.freeze()
    began = time.monotonic()
    with pytest.raises(faults):
        await client.get("key")
    assert 0.25 < time.monotonic() - began < 0.9
    redis.thaw()
    await client.aclose()


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(RedisMissing, match=r"install outrider\[redis\]"):
        connect("redis://127.0.0.1/0", 0.5)
