"""The cache as an operator asks about it: how full it is, what is kept for a request, and what is to be forgotten.

It answers from callables that the composition root hands it. Answers themselves are never shown, only what is known of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response

from proxy.call import Failure

LONGEST = 16 << 20
#: What may be said of which answers are meant, one of them.
WHICH = ("request", "key", "model", "all")


@dataclass(slots=True, frozen=True, kw_only=True)
class CacheState:
    """stats: what is kept, by cache. find: what is kept under a key. forget: by key, by model, or all; how many there were.

    key_of: of a request to a path, with its headers. Raises Failure for a request that is none.
    """

    stats: Callable[[], Mapping[str, Any]]
    find: Callable[[str], Mapping[str, Any] | None]
    forget: Callable[[str, str], Awaitable[int]]
    key_of: Callable[[str, Mapping[str, str], bytes], Awaitable[str | None]]


class CachePages:
    """Pages of the ops port: `stats`, `lookup` and `invalidate`."""

    def __init__(self, state: CacheState) -> None:
        self._state = state

    async def stats(self, _: BaseRequest) -> Response:
        return reply(200, self._state.stats())

    async def lookup(self, request: BaseRequest) -> Response:
        """`{"key": ...}`, or `{"request": {...}, "path": "/v1/chat/completions", "headers": {...}}`."""
        try:
            said = await read(request)
            key = await self._key(said)
        except Failure as failure:
            return reply(400, {"error": failure.detail, "param": failure.param})
        found = None if key is None else self._state.find(key)
        return reply(200, {"key": key, "kept": found is not None, **(found or {})})

    async def invalidate(self, request: BaseRequest) -> Response:
        """The same, or `{"model": "up:m"}`, or `{"all": true}`."""
        try:
            said = await read(request)
            named = [name for name in WHICH if name in said]
            if len(named) != 1:
                raise Failure("invalid_request", f"say one of {', '.join(WHICH)}", param=named[1] if named else None)
            if named == ["model"]:
                count = await self._state.forget("model", text(said, "model"))
            elif named == ["all"]:
                check_all(said)
                count = await self._state.forget("all", "")
            else:
                key = await self._key(said)
                count = 0 if key is None else await self._state.forget("key", key)
        except Failure as failure:
            return reply(400, {"error": failure.detail, "param": failure.param})
        return reply(200, {"forgotten": count})

    async def _key(self, said: Mapping[str, Any]) -> str | None:
        if "key" in said:
            return text(said, "key")
        asked, headers = said.get("request"), said.get("headers", {})
        if not isinstance(asked, dict):
            raise Failure("invalid_request", "request must be an object, as it is sent", param="request")
        if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
            raise Failure("invalid_request", "headers must be an object of strings", param="headers")
        path = said.get("path", "/v1/chat/completions")
        if not isinstance(path, str):
            raise Failure("invalid_request", "path must be a string", param="path")
        lower = {name.lower(): value for name, value in headers.items()}
        return await self._state.key_of(path, lower, orjson.dumps(asked))


async def read(request: BaseRequest) -> Mapping[str, Any]:
    body = await request.content.read(LONGEST + 1)
    while len(body) <= LONGEST and not request.content.at_eof():
        body += await request.content.read(LONGEST + 1 - len(body))
    try:
        said = orjson.loads(body) if len(body) <= LONGEST else None
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        raise Failure("invalid_request", f"the body must be a JSON object of at most {LONGEST} bytes")
    return said


def check_all(said: Mapping[str, Any]) -> None:
    if said["all"] is not True:
        raise Failure("invalid_request", "all must be true", param="all")


def text(said: Mapping[str, Any], name: str) -> str:
    if not isinstance(said[name], str) or not said[name]:
        raise Failure("invalid_request", f"{name} must be a string", param=name)
    found: str = said[name]
    return found


def reply(status: int, body: Mapping[str, Any]) -> Response:
    return Response(status=status, body=orjson.dumps(body), content_type="application/json")
