"""A Kubernetes API server as far as the injector sees one: versions, conflicts, patches, tokens; and one that fails on demand.

It keeps objects by path and knows nothing of what is in them but `metadata.resourceVersion`.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from proxy.injector.cluster import Access, Cluster

SECRET = "/api/v1/namespaces/llm/secrets/outrider-tls"
WEBHOOK = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/outrider"


class FakeApi:
    """refuse: (method, start of a path) -> status. lies: path -> body sent with status 200. delay: seconds before any answer."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {"/version": {"major": "1", "minor": "36"}}
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.asked: list[tuple[str, str]] = []
        self.tokens: list[str] = []
        self.refuse: dict[tuple[str, str], int] = {}
        self.lies: dict[str, bytes] = {}
        self.delay = 0.0
        self.before_write: Callable[[str], None] = lambda path: None
        self.url = ""
        self._version = 0

    def put(self, path: str, found: dict[str, Any]) -> None:
        self._version += 1
        kept = copy.deepcopy(found)
        kept.setdefault("metadata", {})["resourceVersion"] = str(self._version)
        self.objects[path] = kept

    def install(self) -> None:
        """What the chart renders: an empty Secret, and two webhooks without a bundle."""
        self.put(SECRET, {"kind": "Secret", "metadata": {"name": "outrider-tls", "labels": {"kept": "yes"}}})
        hooks = [{"name": f"{each}.outrider.dev", "clientConfig": {"service": {}}} for each in ("pod", "namespace")]
        self.put(WEBHOOK, {"metadata": {"name": "outrider"}, "webhooks": hooks})

    async def answer(self, request: web.Request) -> web.Response:
        method, path = request.method, request.path
        self.asked.append((method, path))
        self.tokens.append(request.headers.get("Authorization", ""))
        if self.delay:
            await asyncio.sleep(self.delay)
        for (refused, start), status in self.refuse.items():
            if method == refused and path.startswith(start):
                return failure(status, "refused by the test")
        if path in self.lies:
            return web.Response(body=self.lies[path], content_type="application/json")
        return await self._served(method, path, request)

    async def _served(self, method: str, path: str, request: web.Request) -> web.Response:
        if method == "POST":
            self.posted.append((path, await request.json()))
            return web.json_response({}, status=201)
        if path not in self.objects:
            return failure(404, f"{path} not found")
        if method == "GET":
            return web.json_response(self.objects[path])
        body = await request.json()
        self.before_write(path)
        written = body if method == "PUT" else patched(self.objects[path], body)
        if written is None:
            return failure(422, "the server rejected our request: testing value failed")
        if written["metadata"].get("resourceVersion") != self.objects[path]["metadata"]["resourceVersion"]:
            return failure(409, "the object has been modified")
        self.put(path, written)
        return web.json_response(self.objects[path])


def failure(status: int, message: str) -> web.Response:
    reason = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 422: "Invalid"}.get(status, "")
    return web.json_response({"kind": "Status", "message": message, "reason": reason, "code": status}, status=status)


def patched(found: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Of RFC 6902 `test` and `add`; None where a test fails."""
    whole = copy.deepcopy(found)
    for each in operations:
        *way, last = each["path"].split("/")[1:]
        place: Any = whole
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        if each["op"] == "test" and place.get(last) != each["value"]:
            return None
        if each["op"] == "add":
            place[last] = each["value"]
    return whole


@asynccontextmanager
async def serving(api: FakeApi) -> AsyncIterator[FakeApi]:
    app = web.Application(client_max_size=1 << 24)
    app.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield api
    finally:
        await runner.cleanup()


@asynccontextmanager
async def cluster_of(api: FakeApi, patience: float = 5.0) -> AsyncIterator[Cluster]:
    """A client of it, without a token."""
    async with serving(api), Cluster(Access(api.url), patience) as cluster:
        yield cluster


def bundle(api: FakeApi) -> list[str]:
    """`caBundle` of each webhook."""
    return [each["clientConfig"].get("caBundle", "") for each in api.objects[WEBHOOK]["webhooks"]]


def body_of(found: object) -> bytes:
    return json.dumps(found).encode()
