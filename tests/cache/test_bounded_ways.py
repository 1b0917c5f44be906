"""The memory by aiocache's own way in, and what it costs to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from proxy.cache.bounded import USUAL, BoundedCache
from tests.cache.recordings import Clock, recorded

ROOT = Path(__file__).parents[2]
MIB = 1 << 20


async def test_it_is_a_cache_of_aiocaches() -> None:
    clock = Clock()
    cache = BoundedCache(2, MIB, clock)
    one = recorded(b"one", now=0.0)
    assert await cache.set("one", one)
    assert one.kept_at == clock.now
    assert await cache.get("one") is one
    assert await cache.exists("one")
    assert await cache.multi_get(["one", "two"]) == [one, None]
    clock.now += USUAL
    assert await cache.get("one") is None
    await cache.set("a", recorded(b"a", now=clock.now), ttl=5)
    await cache.multi_set([("b", recorded(b"b", now=clock.now)), ("c", recorded(b"c", now=clock.now))], ttl=5)
    assert [key for key, _ in cache.all()] == ["b", "c"]
    assert (await cache.delete("b"), await cache.delete("b")) == (1, 0)
    assert await cache.clear()
    assert (len(cache), cache.bytes) == (0, 0)


def test_redis_is_not_imported_with_it() -> None:
    """It takes 20 MB."""
    script = (
        "import sys, proxy.cache.bounded as b\n"
        "assert 'redis' not in sys.modules and 'aiomcache' not in sys.modules, sorted(sys.modules)\n"
        "import redis; from proxy.cache.shared import backend_of\n"
        "assert backend_of('redis://127.0.0.1:1', None, None, 1.0)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, timeout=30)
