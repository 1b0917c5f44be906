"""A server that answers as the test says, path by path, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

NOW = 1_800_000_000.0
SECRETS = ("canary-secret", "canary-refresh", "canary-subject", "canary-header", "ya29.canary", "canary-federated")


class Question(NamedTuple):
    """`form` holds the fields of a form, `query` those of the address."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), strict_parsing=True))


class Answered(NamedTuple):
    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = {}


class TokenServer:
    """`answers`: path -> what is answered there, or what makes it of the question. Elsewhere there is nothing.

    `answering`: nothing is answered while it is not set.
    """

    __test__ = False

    def __init__(self) -> None:
        self.answers: dict[str, Answered | Callable[[Question], Answered]] = {}
        self.asked: list[Question] = []
        self.answering = asyncio.Event()
        self.answering.set()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._server = TestServer(app)

    async def start(self) -> None:
        await self._server.start_server()

    async def close(self) -> None:
        await self._server.close()

    @property
    def host(self) -> str:
        return f"{self._server.host}:{self._server.port}"

    def url(self, path: str = "") -> str:
        return f"http://{self.host}{path}"

    async def _answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Question(request.method, request.path, dict(request.query), headers, await request.read())
        self.asked.append(asked)
        await self.answering.wait()
        found = self.answers.get(request.path, Answered(404))
        answer = found if isinstance(found, Answered) else found(asked)
        body = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
        return web.Response(status=answer.status, body=body, headers=dict(answer.headers))


class Files:
    """What stands for the disk: `read` counts, and fails as a disk does."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.read: list[str] = []

    def __call__(self, path: str) -> str:
        self.read.append(path)
        if path not in self.held:
            raise FileNotFoundError(path)
        return self.held[path]

    def write(self, path: str, content: Any) -> str:
        self.held[path] = content if isinstance(content, str) else orjson.dumps(content).decode()
        return path


def holds_no_secret(reason: str) -> bool:
    return not any(secret in reason for secret in SECRETS)
