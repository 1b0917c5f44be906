"""What an operator asks of the cache, and what is wrong with the question, by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession
from aiohttp.web_server import Server

from proxy.call import Failure
from proxy.server.ops_cache import CachePages, CacheState

KEPT = {"k1": {"provider": "up", "bytes": 7}}


class Kept:
    """What the composition root would know."""

    def __init__(self) -> None:
        self.forgotten: list[tuple[str, str]] = []

    def state(self) -> CacheState:
        return CacheState(stats=lambda: {"enabled": True}, find=KEPT.get, forget=self.forget, key_of=self.key_of)

    async def forget(self, what: str, which: str) -> int:
        self.forgotten.append((what, which))
        return 3

    async def key_of(self, path: str, headers: Mapping[str, str], body: bytes) -> str | None:
        if path != "/v1/chat/completions":
            raise Failure("invalid_request", "no call is made at this path", param="path")
        return "k1" if orjson.loads(body).get("seed") == 1 and headers.get("x-tenant") == "a" else None


@pytest.fixture
async def asked() -> AsyncIterator[Any]:
    """(page, body) -> (status, JSON)."""
    kept = Kept()
    pages = CachePages(kept.state())
    ways = {"/stats": pages.stats, "/lookup": pages.lookup, "/invalidate": pages.invalidate}
    server = Server(lambda request: ways[request.path](request))
    import asyncio

    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with ClientSession() as session:

        async def ask(page: str, body: Any = b"") -> tuple[int, Any]:
            data = body if isinstance(body, bytes) else orjson.dumps(body)
            async with session.post(f"http://127.0.0.1:{port}{page}", data=data) as answer:
                return answer.status, await answer.json()

        ask.forgotten = kept.forgotten  # type: ignore[attr-defined]
        yield ask
    listener.close()
    await server.shutdown(1)


async def test_stats(asked: Any) -> None:
    assert await asked("/stats") == (200, {"enabled": True})


async def test_what_is_kept_for_a_request_is_looked_up_by_it_or_by_its_key(asked: Any) -> None:
    request = {"request": {"seed": 1}, "headers": {"X-Tenant": "a"}}
    found = (200, {"key": "k1", "kept": True, "provider": "up", "bytes": 7})
    assert await asked("/lookup", request) == found
    assert await asked("/lookup", {"key": "k1"}) == found
    assert await asked("/lookup", {"request": {"seed": 1}}) == (200, {"key": None, "kept": False})
    assert await asked("/lookup", {"key": "other"}) == (200, {"key": "other", "kept": False})


async def test_one_by_request_or_key_all_of_a_model_or_all(asked: Any) -> None:
    for said in (
        {"request": {"seed": 1}, "headers": {"x-tenant": "a"}},
        {"key": "k9"},
        {"model": "up:m"},
        {"all": True},
    ):
        assert await asked("/invalidate", said) == (200, {"forgotten": 3})
    assert asked.forgotten == [("key", "k1"), ("key", "k9"), ("model", "up:m"), ("all", "")]
    assert await asked("/invalidate", {"request": {"seed": 2}}) == (200, {"forgotten": 0})


@pytest.mark.parametrize(
    ("said", "param"),
    [
        (b"", None),
        (b"[]", None),
        ({}, None),
        ({"key": 1}, "key"),
        ({"model": ""}, "model"),
        ({"all": 1}, "all"),
        ({"key": "a", "model": "b"}, "model"),
        ({"request": 1}, "request"),
        ({"request": {}, "headers": {"a": 1}}, "headers"),
        ({"request": {}, "path": 1}, "path"),
        ({"request": {}, "path": "/nowhere"}, "path"),
    ],
)
async def test_nonsense_is_refused_by_name_and_nothing_is_forgotten(asked: Any, said: Any, param: str | None) -> None:
    status, answer = await asked("/invalidate", said)
    assert (status, answer["param"]) == (400, param)
    assert asked.forgotten == []
