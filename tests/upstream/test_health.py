"""Probes ask what costs nothing, only where nobody else asks, and tell what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from proxy.providers import Endpoint, all_providers
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.health import Health, Probing
from proxy.upstream.pool import Limits, Pool
from proxy.upstream.road import Road, Timeouts
from tests.upstream.clock import Clock

KEY = "sk-canary-0123456789abcdef"


class Server:
    """Answers with `status`, or never where it is None."""

    def __init__(self) -> None:
        self.status: int | None = 200
        self.asked: list[tuple[str, str, str | None]] = []
        self.reached = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path_qs, request.headers.get("authorization")))
        self.reached.set()
        if self.status is None:
            await asyncio.Event().wait()
        return web.Response(status=self.status or 500)


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    async with TestServer(app, handler_cancellation=True) as running:
        yield server, str(running.make_url("")).rstrip("/")


@pytest.fixture
async def asker() -> AsyncIterator[Asker]:
    asker = Asker()
    yield asker
    await asker.close()


def road(url: str, kind: str = "openai") -> Road:
    endpoint = Endpoint("up", kind, all_providers()[kind], url, KEY)
    return Road(endpoint, Pool("up", cast(Any, None), Limits(), Clock().loop), Timeouts())


class Watching:
    """What a Health is given, and what it tells."""

    def __init__(self, given: Road, asker: Asker, interval: float = 0.01, patience: float = 5.0) -> None:
        self.ended = 0
        self.told: asyncio.Queue[tuple[str, str | None]] = asyncio.Queue()
        self.health = Health(
            {"up": given},
            Probing(interval, patience),
            asker,
            lambda name: self.ended,
            lambda name, wrong: self.told.put_nowait((name, wrong)),
            lambda: 0.5,
            lambda: 1.7e9,
        )


VERDICTS = [
    (200, None),
    (204, None),
    (404, None),
    (429, None),
    (401, "authentication_failed"),
    (403, "authentication_failed"),
    (500, "provider_error"),
    (503, "provider_error"),
]


@pytest.mark.parametrize(("status", "wrong"), VERDICTS)
async def test_what_an_answer_says(status: int, wrong: str | None, server: tuple[Server, str], asker: Asker) -> None:
    there, url = server
    there.status = status
    assert await Watching(road(url), asker).health.probe("up") == wrong
    assert there.asked == [("GET", "/models", f"Bearer {KEY}")]


async def test_who_does_not_answer_is_not_waited_for(server: tuple[Server, str], asker: Asker) -> None:
    there, url = server
    there.status = None
    assert await Watching(road(url), asker, patience=0.2).health.probe("up") == "unreachable"
    assert await Watching(road("http://127.0.0.1:9"), asker).health.probe("up") == "unreachable"


async def test_who_has_no_such_question_is_only_asked_whether_it_is_there(
    server: tuple[Server, str], asker: Asker
) -> None:
    there, url = server
    there.status = 404
    assert await Watching(road(url, "ai21"), asker).health.probe("up") is None
    assert there.asked == [("HEAD", "/", None)]


async def test_it_tells_again_and_again(server: tuple[Server, str], asker: Asker) -> None:
    there, url = server
    watching = Watching(road(url), asker)
    watching.health.start()
    assert await watching.told.get() == ("up", None)
    there.status = 500
    while (await watching.told.get())[1] is None:
        pass
    assert watching.health.found == {"up": "provider_error"}
    await watching.health.close()


async def test_nobody_is_asked_while_traffic_tells(
    server: tuple[Server, str], asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, url = server
    watching = Watching(road(url), asker)
    turns = 0

    async def tick(seconds: float) -> None:
        nonlocal turns
        assert seconds == 0.01
        turns += 1
        watching.ended += turns <= 5
        # Having asked, it waits for the next turn: the test may be told of the first only then.
        await real(0 if turns <= 6 else 3600)

    real = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", tick)
    watching.health.start()
    await there.reached.wait()
    assert turns in (6, 7)
    await watching.health.close()


async def test_mocks_are_not_asked(asker: Asker) -> None:
    watching = Watching(road("http://mock", "mock"), asker)
    watching.health.start()
    await watching.health.close()
    assert watching.health.found == {}
