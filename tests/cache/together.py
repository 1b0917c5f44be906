"""Pods' view of what they have together in a Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from proxy.cache.recording import Recording
from proxy.cache.shared import SharedCache
from tests.cache.recordings import recorded

KEY = "0123456789abcdef"
TIMEOUT = 0.25


@asynccontextmanager
async def opened(url: str, password: str | None = None, within: float = TIMEOUT) -> AsyncIterator[SharedCache]:
    cache = SharedCache(url, "test", within, None, password, time.monotonic)
    try:
        yield cache
    finally:
        await cache.close()


def made(body: bytes = b"hello", ttl: float = 60.0) -> Recording:
    return recorded(body, now=time.time(), ttl=ttl)


async def put(cache: SharedCache, key: str, recording: Recording, model: str = "m") -> None:
    cache.put(key, model, recording)
    async with asyncio.timeout(5):
        while cache.writing[0]:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.001)


async def body_of(cache: SharedCache, key: str = KEY, model: str = "m", max_age: float | None = None) -> bytes | None:
    found = await cache.find(key, model, max_age, time.time())
    return None if found is None else found.body
