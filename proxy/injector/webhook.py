"""The injector's two doors: the webhook over TLS, for API servers, and the ops port, for kubelet and Prometheus.

They know HTTP, its limits and how to end; what is answered is handed in. Whoever reaches the first may ask what would be done
to a pod and learns nothing else: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from aiohttp.web_protocol import RequestPayloadError
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response
from aiohttp.web_server import Server

from proxy.injector.review import LONGEST_BODY

#: Where reviews are taken -> whether a fault of our own lets the pod pass; None: as the command line has it.
MUTATE: Mapping[str, bool | None] = {"/mutate": None, "/mutate/deny": False, "/mutate/allow": True}
#: When there are more connections the oldest goes: an API server dials again, and nobody keeps it out by holding many.
CONNECTIONS = 500
#: seconds; Go's client leaves a connection after 90, and must be the one who does
KEEPALIVE = 3600.0
HANDSHAKE = 5.0
BODY_SECONDS = 10.0
#: bytes of all bodies at once, in a container with 192 MiB
LONGEST_HELD = 16 << 20
#: bytes of the bodies that are looked at at once: what is made of one takes up to forty times as much, for as long
WORKED_ON = LONGEST_BODY
#: https://prometheus.io/docs/instrumenting/exposition_formats/
PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"

Handle = Callable[[BaseRequest], Awaitable[Response]]
#: A body, and whether a fault lets the pod pass, to a status and what is answered.
Answer = Callable[[bytes, bool | None], Awaitable[tuple[int, bytes]]]


class Door:
    """`start`, then `retire` when it is soon to close, then `close`. It has one socket."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._server: Server | None = None
        self._listener: asyncio.Server | None = None
        self._retired = False

    async def start(self, listening: socket.socket, context: ssl.SSLContext | None = None) -> int:
        """Accept on the socket, with TLS where there is a context. Its port."""
        self._server = Server(
            self._answer, access_log=None, keepalive_timeout=KEEPALIVE, lingering_time=0.0, auto_decompress=False
        )
        patience = None if context is None else HANDSHAKE
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            self._accept, sock=listening, ssl=context, ssl_handshake_timeout=patience
        )
        port: int = listening.getsockname()[1]
        return port

    def retire(self) -> None:
        """From here on every answer is the last of its connection, so that callers go elsewhere."""
        self._retired = True

    async def close(self, patience: float) -> None:
        """Accept no more, and let what is being answered end, for so many seconds."""
        if self._listener is not None:
            self._listener.close()
        if self._server is not None:
            self._server.pre_shutdown()
            await self._server.shutdown(patience)

    def _accept(self) -> asyncio.Protocol:
        assert self._server is not None
        connections = self._server.connections
        for oldest in connections[: max(0, len(connections) - CONNECTIONS + 1)]:
            if oldest.transport is not None:
                oldest.transport.abort()
        return self._server()

    async def _answer(self, request: BaseRequest) -> Response:
        response = await self._handle(request)
        if self._retired:
            response.force_close()
        return response


class Unread(Exception):
    """Why a body was not read to its end."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Scale:
    """Lets so many bytes be worked on at once, in the order they came in; what is more than that goes alone."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._weight = 0
        self._order = asyncio.Lock()
        self._lighter = asyncio.Event()
        self.waiting = 0

    @asynccontextmanager
    async def weighed(self, weight: int) -> AsyncIterator[None]:
        self.waiting += 1
        try:
            async with self._order:
                while self._weight and self._weight + weight > self._limit:
                    self._lighter.clear()
                    await self._lighter.wait()
        finally:
            self.waiting -= 1
        self._weight += weight
        try:
            yield
        finally:
            self._weight -= weight
            self._lighter.set()


class Webhook:
    """`POST` to the paths of MUTATE, as a handler for a Door."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.scale = Scale(WORKED_ON)
        self._held = 0

    async def handle(self, request: BaseRequest) -> Response:
        if request.path not in MUTATE:
            return refusal(404, f"only {', '.join(MUTATE)} are here")
        if request.method != "POST":
            return refusal(405, "only POST is answered")
        parts: list[bytes] = []
        try:
            await self._read(request, parts)
            return await self._answered(request, b"".join(parts))
        except Unread as error:
            return refusal(error.status, str(error))
        finally:
            self._held -= sum(map(len, parts))

    async def _answered(self, request: BaseRequest, body: bytes) -> Response:
        async with self.scale.weighed(len(body)):
            if request.transport is None:
                raise Unread(408, "nobody waits for the answer any more")
            return json_of(*await self._answer(body, MUTATE[request.path]))

    async def _read(self, request: BaseRequest, parts: list[bytes]) -> None:
        """The body into `parts`. Raises Unread."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for part in request.content.iter_chunked(1 << 16):
                    parts.append(part)
                    self._held += len(part)
                    self._check(parts)
        except TimeoutError:
            raise Unread(408, f"the body did not come within {BODY_SECONDS:g} s") from None
        except (ConnectionError, RequestPayloadError):
            raise Unread(400, "the body broke off") from None

    def _check(self, parts: list[bytes]) -> None:
        if sum(map(len, parts)) > LONGEST_BODY:
            raise Unread(413, f"a body has at most {LONGEST_BODY} bytes")
        if self._held > LONGEST_HELD:
            raise Unread(503, "too much is being read at once; try again")


def json_of(status: int, content: bytes) -> Response:
    return Response(status=status, body=content, content_type="application/json")


def refusal(status: int, message: str) -> Response:
    """The connection ends with it: a body that was not read may stand in it."""
    response = json_of(status, json.dumps({"error": message}).encode())
    response.force_close()
    return response


class Ops:
    """`/livez`, `/readyz`, `/startupz` and `/metrics`, as a handler for a Door. not_ready: reasons, none when ready."""

    def __init__(
        self, not_ready: Callable[[], Sequence[str]], started: Callable[[], bool], metrics: Callable[[], bytes]
    ) -> None:
        self._pages: Mapping[str, Callable[[], Response]] = {
            "/livez": lambda: stated([]),
            "/readyz": lambda: stated(not_ready()),
            "/startupz": lambda: stated([] if started() else ["starting"]),
            "/metrics": lambda: Response(body=metrics(), headers={"Content-Type": PROMETHEUS_TEXT}),
        }

    async def handle(self, request: BaseRequest) -> Response:
        page = self._pages.get(request.path)
        if page is None:
            return refusal(404, f"only {', '.join(self._pages)} are here")
        if request.method not in ("GET", "HEAD"):
            return refusal(405, "only GET is answered")
        return page()


def stated(reasons: Sequence[str]) -> Response:
    if not reasons:
        return Response(text="ok\n")
    return Response(status=503, text="".join(f"{reason}\n" for reason in reasons))
