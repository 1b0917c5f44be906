"""From an HTTP request to a Call, and from a Failure to bytes in the caller's own dialect: the only place that does either.

It knows how a request is read and refused. What happens to a call is the stack's, which it is handed as one Handler.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from proxy.call import Call, Failure, Handler, Outcome
from proxy.dialects.checks import check_version
from proxy.receipt import render_receipt
from proxy.server.answers import advice, answer, error_body
from proxy.server.client import OpenResponse
from proxy.server.connection import ClientConnection, Request
from proxy.server.elsewhere import Router, answer_elsewhere
from proxy.server.request import check_model, model_of, parse_json, request_id, timeout_of
from proxy.server.routes import CALLS, Door, find_door
from proxy.translate import DIALECTS
from proxy.wire.framing import FRAMINGS

log = logging.getLogger(__name__)


class Gateway:
    """`handle` requests, once `handler` is set. `drain` refuses new calls; `idle` is set once the last one has
    ended; `cut` ends them.

    `admit` is the first policy inside the metrics: it reads and checks the request, so that refused ones are counted too.
    `ended` is told of each call with its Outcome or Failure and its duration in seconds.
    """

    def __init__(
        self,
        router: Router,
        body_limit: int,
        time: Callable[[], float],
        ended: Callable[[Call, Outcome | Failure, float], None],
    ) -> None:
        self.handler: Handler
        self.router = router
        self.draining: float | None = None
        self._over = False
        self.calls: set[Call] = set()
        self.idle = asyncio.Event()
        self._body_limit = body_limit
        self._time = time
        self._ended = ended

    def drain(self, retry_after: float) -> None:
        """Refuse new calls, and tell them in how many seconds to come back."""
        self.draining = retry_after
        if not self.calls:
            self.idle.set()

    def cut(self) -> None:
        """End the calls that are still in flight: each is told in its own dialect that it is not complete."""
        self._over = True
        for call in self.calls:
            assert isinstance(call.client, OpenResponse)
            call.client.interrupt()

    def handle(self, request: Request, connection: ClientConnection) -> Awaitable[bool]:
        """Whether the connection lives on; the response is then on the wire."""
        head = request.head
        client = OpenResponse(request, connection)
        door = (CALLS.get(head.path) or find_door(head.path)) if head.method == "POST" else None
        return self._elsewhere(request, client) if door is None else self._serve(request, client, door)

    # ---- a call

    async def _serve(self, request: Request, client: OpenResponse, door: Door) -> bool:
        began = self._time()
        caller = request.head.headers
        dialect, operation, model, stream = door
        call = Call(request_id(caller), dialect, operation, b"", {}, model, stream, caller, client, began)
        self.calls.add(call)
        end: Outcome | Failure | None = None
        try:
            end = await self.handler(call)
        except Failure as failure:
            end = failure
            await self._refuse(call, client, failure)
        except Exception:
            log.exception("a fault of the sidecar itself", extra={"id": call.id})
            end = Failure("internal_error", "the sidecar has a fault; its log says more")
            await self._refuse(call, client, end)
        finally:
            self.calls.discard(call)
            if self.draining is not None and not self.calls:
                self.idle.set()
            self._ended(call, end or Failure("client_gone", "the application hung up"), self._time() - began)
            end = None  # a failure's traceback holds this frame, which would hold the failure
        return client.close()

    async def admit(self, call: Call, next: Handler) -> Outcome:
        """A Policy. Failure: `draining`, or what is wrong with the request."""
        client = call.client
        assert isinstance(client, OpenResponse)
        if self.draining is not None:
            client.keep_alive = False
            raise Failure("draining", "this sidecar is shutting down", retry_after=self.draining)
        try:
            call.phase = "reading"
            body = client.request.body
            whole = body.is_eof() and body.total_bytes <= self._body_limit
            call.body = body.read_nowait() if whole else await self._body(client.request, client)
            self._understand(call)
            return await next(call)
        except asyncio.CancelledError:
            if not self._over:
                raise
            client.keep_alive = False
            detail = "the sidecar was shut down before the answer was complete"
            raise Failure("draining", detail, retry_after=self.draining) from None

    def _understand(self, call: Call) -> None:
        dialect = DIALECTS[call.dialect]
        if dialect.versions is not None:
            header, known = dialect.versions
            check_version(header, call.caller.get(header), known)
        wire = parse_json(call.body)
        if not call.model:
            call.model = model_of(wire)
        elif not dialect.model_in_path and wire.get("model") != call.model:
            wire["model"] = call.model
            call.body = orjson.dumps(wire)
        speech = dialect.operation(call.operation)
        assert speech is not None
        call.json = speech.parse_request(wire)
        if dialect.model_in_path:
            call.json |= {"model": check_model(call.model), "stream": call.stream}
        call.stream = call.json.get("stream") is True
        call.timeout = timeout_of(call.json) if "timeout" in call.json else None
        call.targets = self.router.resolve(call.model)
        call.target = call.targets[0]

    async def _body(self, request: Request, client: OpenResponse) -> bytes:
        headers, pieces, size = request.head.headers, [], 0
        if int(headers.get("content-length", 0)) > self._body_limit:
            raise self._too_large(client)
        if headers.get("expect", "").lower() == "100-continue":
            client.proceed()
        try:
            while piece := await request.body.readany():
                pieces.append(piece)
                size += len(piece)
                if size > self._body_limit:
                    raise self._too_large(client)
        except web.RequestPayloadError as error:
            client.keep_alive = False
            raise Failure("invalid_request", f"the request body cannot be read: {error}") from None
        return b"".join(pieces)

    def _too_large(self, client: OpenResponse) -> Failure:
        client.keep_alive = False
        return Failure("request_too_large", f"the request body is longer than {self._body_limit} bytes")

    async def _elsewhere(self, request: Request, client: OpenResponse) -> bool:
        await answer_elsewhere(request, client, self.router)
        if not request.body.is_eof():
            client.keep_alive = False
        await client.finish()
        return client.close()

    # ---- failures

    async def _refuse(self, call: Call, client: OpenResponse, failure: Failure) -> None:
        """Say it in the client's dialect: as an answer while nothing was sent, in the stream after that, and then cut it."""
        dialect = DIALECTS[call.dialect]
        if not client.started:
            body = error_body(call, dialect, failure)
            headers = [*dialect.error_headers(failure), *advice(failure), *render_receipt(call, self._time())]
            answer(client, failure.status, body, headers)
            await client.finish()
        elif failure.told:
            await client.finish()
        else:
            if call.stream and not failure.midway:
                client.write(FRAMINGS[dialect.framing].gap + dialect.render_error_event(failure))
            client.cut()
