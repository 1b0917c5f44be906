"""Lists come in the background, are kept, renewed while someone asks, and outlive a server's troubles."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from proxy.call import Failure, Headers
from proxy.catalog import MOST, Listed
from proxy.providers import Endpoint, all_providers
from proxy.signing import Asked
from proxy.upstream import lists
from proxy.upstream.credentials.ask import LARGEST, Asker
from proxy.upstream.lists import AGAIN, KEPT, LIVE_KINDS, LiveLists, is_live, list_url
from proxy.upstream.pool import Limits, Pool
from proxy.upstream.road import Road, Timeouts
from tests.upstream.clock import Clock

KEY = "sk-canary-0123456789abcdef"


class Server:
    """Answers with `body`, once nothing is `held`, and remembers what it was asked."""

    def __init__(self) -> None:
        self.body: Any = {"data": [{"id": "one", "max_model_len": 8}]}
        self.status = 200
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.reached = asyncio.Event()
        self.held: asyncio.Event | None = None

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.path_qs, {name.lower(): value for name, value in request.headers.items()}))
        self.reached.set()
        if self.held is not None:
            await self.held.wait()
        if isinstance(self.body, bytes):
            return web.Response(body=self.body, status=self.status)
        return web.json_response(self.body, status=self.status)


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    async with TestServer(app) as running:
        yield server, str(running.make_url("")).rstrip("/")
        if server.held is not None:
            server.held.set()


@pytest.fixture
async def asker() -> AsyncIterator[Asker]:
    asker = Asker()
    yield asker
    await asker.close()


def road(url: str, kind: str = "vllm", key: str | None = KEY, **more: Any) -> Road:
    provider = all_providers()[kind]
    path = "" if kind in ("ollama", "anthropic", "gemini", "cohere") else "/v1"
    endpoint = Endpoint("up", kind, provider, f"{url}{path}", key, {"x-own": "1"}, **more)
    return Road(endpoint, Pool("up", cast(Any, None), Limits(), Clock().loop), Timeouts())


def live(given: Road, asker: Asker, time: Time, chosen: bool | None = None) -> LiveLists:
    return LiveLists({"up": given}, {} if chosen is None else {"up": chosen}, asker, time, lambda: 1.7e9)


def told(lists: LiveLists) -> tuple[Listed, ...]:
    return tuple((lists.known("up") or {}).values())


async def asked_again(lists: LiveLists) -> None:
    lists.known("up")
    await asyncio.gather(*lists._asking.values())


async def test_nothing_is_asked_before_someone_wants_to_know(server: tuple[Server, str], asker: Asker) -> None:
    there, url = server
    kept = live(road(url), asker, Time())
    await asyncio.sleep(0)
    assert there.asked == []
    assert list(kept.asked) == ["up"]
    assert kept.known("up") is None
    await kept.ready()
    assert told(kept) == (Listed("one", 8),)
    assert (kept.fill, kept.limit) == (1, MOST)
    (path, headers), *more = there.asked
    assert not more
    assert path == "/v1/models"
    assert (headers["authorization"], headers["x-own"]) == (f"Bearer {KEY}", "1")
    await kept.close()


async def test_it_is_asked_again_when_it_is_old_and_someone_asks(server: tuple[Server, str], asker: Asker) -> None:
    there, url = server
    time = Time()
    kept = live(road(url), asker, time)
    await kept.ready()
    there.body = {"data": [{"id": "two"}]}
    time.now = KEPT - 1
    await asked_again(kept)
    assert len(there.asked) == 1
    time.now = KEPT
    assert told(kept) == (Listed("one", 8),)
    await asked_again(kept)
    assert told(kept) == (Listed("two"),)
    assert len(there.asked) == 2
    await kept.close()


async def test_many_who_ask_make_one_question(server: tuple[Server, str], asker: Asker) -> None:
    there, url = server
    there.held = asyncio.Event()
    kept = live(road(url), asker, Time())
    for _ in range(5):
        assert kept.known("up") is None
    waiting = [asyncio.ensure_future(kept.ready()) for _ in range(3)]
    await there.reached.wait()
    there.held.set()
    await asyncio.gather(*waiting)
    assert told(kept) == (Listed("one", 8),)
    assert len(there.asked) == 1
    await kept.close()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, b"no", "answered 500"),
        (302, b"", "answered 302"),
        (200, b"<html>", "not JSON"),
        (200, {"error": "x"}, "no list"),
        (200, b"x" * (LARGEST + 1), "more than"),
    ],
)
async def test_a_list_that_cannot_be_had_leaves_the_old_one(
    status: int, body: Any, words: str, server: tuple[Server, str], asker: Asker, caplog: pytest.LogCaptureFixture
) -> None:
    there, url = server
    time = Time()
    kept = live(road(url), asker, time)
    await kept.ready()
    there.status, there.body = status, body
    with caplog.at_level(logging.WARNING, lists.__name__):
        for turn in range(2):
            time.now += KEPT if turn == 0 else AGAIN
            await asked_again(kept)
    assert told(kept) == (Listed("one", 8),)
    assert words in kept.faults["up"]
    assert KEY not in kept.faults["up"]
    assert len([record for record in caplog.records if record.name == lists.__name__]) == 1
    there.status, there.body = 200, {"data": [{"id": "back"}]}
    time.now += AGAIN
    await asked_again(kept)
    assert (told(kept), kept.faults) == ((Listed("back"),), {})
    await kept.close()


async def test_a_server_that_is_not_there_is_noted_and_not_waited_for(asker: Asker, unused_tcp_port: int) -> None:
    kept = live(road(f"http://127.0.0.1:{unused_tcp_port}"), asker, Time())
    async with asyncio.timeout(5):
        await kept.ready()
    assert kept.known("up") is None
    assert "cannot be asked" in kept.faults["up"]
    await kept.close()


async def test_a_server_that_does_not_answer_is_waited_for_briefly(
    server: tuple[Server, str], asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, url = server
    there.held = asyncio.Event()
    monkeypatch.setattr(lists, "FIRST", 0.05)
    kept = live(road(url), asker, Time())
    async with asyncio.timeout(1):
        await kept.ready()
        await kept.close()
    assert (kept.fill, kept.faults) == (0, {})


async def test_who_is_asked(asker: Asker) -> None:
    kinds = {kind: Endpoint(kind, kind, known, "http://h") for kind, known in all_providers().items()}
    asked = {kind for kind, endpoint in kinds.items() if is_live(endpoint, None)}
    assert {"ollama", "vllm", "openai_compatible", "lmstudio", "llamacpp", "docker_model_runner"} == asked == LIVE_KINDS
    assert is_live(kinds["openai"], True)
    assert not is_live(kinds["ollama"], False)
    assert not is_live(replace(kinds["vllm"], provider=all_providers()["bedrock"]), True)
    nobody = LiveLists({"up": road("http://h", "openai")}, {}, asker, Time(), lambda: 0.0)
    assert nobody.known("up") is None
    assert nobody.known("elsewhere") is None
    assert list(nobody.asked) == []


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("ollama", "http://h/api/tags"),
        ("gemini", "http://h/v1beta/models?pageSize=1000"),
        ("anthropic", "http://h/v1/models?limit=1000"),
        ("cohere", "http://h/v1/models?page_size=1000"),
        ("openai", "http://h/v1/models"),
    ],
)
def test_where_a_list_lies(kind: str, url: str) -> None:
    assert str(list_url(road("http://h", kind).endpoint)) == url


async def test_a_provider_s_own_headers_and_signature_go_with_it(server: tuple[Server, str], asker: Asker) -> None:
    there, url = server
    there.body = {"data": [{"id": "claude-9"}]}
    kept = live(road(url, "anthropic"), asker, Time(), chosen=True)
    await kept.ready()
    path, headers = there.asked[0]
    assert path == "/v1/models?limit=1000"
    assert (headers["x-api-key"], headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert "authorization" not in headers
    assert told(kept) == (Listed("claude-9"),)
    await kept.close()


class Signing:
    """Signs what it is asked, once it is ready."""

    def __init__(self, failure: Failure | None = None) -> None:
        self.failure = failure
        self.at_hand = False
        self.asked: list[Asked] = []

    async def ready(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.at_hand = True

    def sign(self, asked: Asked) -> tuple[Headers, int]:
        assert self.at_hand
        self.asked.append(asked)
        return [("authorization", "Signed token-0123456789")], 0

    def refused(self, which: int, failure: Failure) -> None: ...

    def secrets(self) -> Iterable[str]:
        return ("token-0123456789",)

    def close(self) -> None: ...


async def test_where_one_key_does_not_do_the_request_is_signed(server: tuple[Server, str], asker: Asker) -> None:
    there, url = server
    given = road(url, key=None)
    given.signs = signing = Signing()
    kept = live(given, asker, Time())
    await kept.ready()
    assert there.asked[0][1]["authorization"] == "Signed token-0123456789"
    (signed,) = signing.asked
    assert (signed.method, signed.target, signed.body, signed.now) == ("GET", "/v1/models", b"", 1.7e9)
    assert url.endswith(signed.host)
    given.signs = Signing(Failure("authentication_failed", "no credentials for up"))
    failing = live(given, asker, Time())
    await failing.ready()
    assert failing.faults == {"up": "no credentials for up"}
    await kept.close()
    await failing.close()
