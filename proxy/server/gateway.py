"""From an HTTP request to a Call, and from a Failure to bytes in the caller's own dialect: the only place that does either.

It knows how a request is read and refused. What happens to a call is the stack's, which it is handed as one Handler.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import closing

import orjson

from proxy.call import CUT, Call, Client, Failure, Handler, Outcome
from proxy.dialects.checks import check_version
from proxy.receipt import render_receipt
from proxy.server.answers import advice, answer, error_body
from proxy.server.body import read_body
from proxy.server.client import OpenResponse
from proxy.server.connection import ClientConnection, Request
from proxy.server.elsewhere import Router, answer_elsewhere
from proxy.server.relayed import prepare, relayed_call
from proxy.server.request import check_model, model_of, parse_json, request_id, timeout_of
from proxy.server.routes import CALLS, find_door
from proxy.server.spool import Spool
from proxy.translate import DIALECTS
from proxy.upstream.raw import RawCall
from proxy.wire.framing import FRAMINGS

log = logging.getLogger(__name__)


class Gateway:
    """`handle` requests, once `router` and `handler` are set, and `relay` for what is relayed as it came. They may be swapped.

    `drain` refuses new calls; `idle` is set once the last one has ended; `cut` ends them.

    `admit` is the first policy inside the metrics: it reads and checks the request, so that refused ones are counted too.
    `ended` is told of each call with its Outcome or Failure and its duration in seconds.
    """

    def __init__(
        self,
        body_limit: int,
        time: Callable[[], float],
        ended: Callable[[Call, Outcome | Failure, float], None],
    ) -> None:
        self.handler: Handler
        self.relay: Handler
        self.router: Router
        self.draining: float | None = None
        self._over = False
        self.calls: set[Call] = set()
        self._partings: list[tuple[set[Call], asyncio.Event]] = []
        self.idle = asyncio.Event()
        self.body_limit = body_limit
        self._time = time
        self._told = ended

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
            call.phase = CUT
            call.client.interrupt()

    def handle(self, request: Request, connection: ClientConnection) -> Awaitable[bool]:
        """Whether the connection lives on; the response is then on the wire."""
        head = request.head
        client = OpenResponse(request, connection)
        door = (CALLS.get(head.path) or find_door(head.path)) if head.method == "POST" else None
        if door is None:
            return self._beside(request, client)
        dialect, operation, model, stream = door
        caller = head.headers
        began = self._time()
        call = Call(request_id(caller), dialect, operation, b"", {}, model, stream, caller, client, began)
        call.trailers = client.trail
        return self._serve(call, client, self.handler)

    def _beside(self, request: Request, client: OpenResponse) -> Awaitable[bool]:
        """What is relayed as it came, or is no call at all."""
        relayed = relayed_call(request, client, self._time())
        if relayed is None:
            return self._elsewhere(request, client)
        return self._serve(relayed, client, self.relay)

    async def ended(self, calls: Iterable[Call]) -> None:
        """Wait until none of these is in flight any more."""
        left = self.calls.intersection(calls)
        if left:
            parting = left, asyncio.Event()
            self._partings.append(parting)
            try:
                await parting[1].wait()
            finally:
                self._partings.remove(parting)

    def _part(self, call: Call) -> None:
        for left, over in self._partings:
            left.discard(call)
            if not left:
                over.set()

    # ---- a call

    async def _serve(self, call: Call, client: OpenResponse, handler: Handler) -> bool:
        self.calls.add(call)
        end: Outcome | Failure | None = None
        try:
            end = await handler(call)
        except Failure as failure:
            end = failure
            await self._refuse(call, client, failure)
        except asyncio.CancelledError:
            if not self._over:
                raise
            end = self._cut_short(client)
            await self._refuse(call, client, end)
        except Exception:
            log.exception("a fault of the sidecar itself", extra={"id": call.id})
            end = Failure("internal_error", "the sidecar has a fault; its log says more")
            await self._refuse(call, client, end)
        finally:
            self.calls.discard(call)
            if self._partings:
                self._part(call)
            if self.draining is not None and not self.calls:
                self.idle.set()
            self._told(call, end or Failure("client_gone", "the application hung up"), self._time() - call.started)
            end = None  # a failure's traceback holds this frame, which would hold the failure
        return client.close()

    def admit(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        """A Policy. Failure: `draining`, or what is wrong with the request."""
        return self.admitting(next)(call)

    def admitting(self, next: Handler) -> Handler:
        understand, read = self._understand, self._read

        def admitted(call: Call) -> Awaitable[Outcome]:
            client = call.client
            assert isinstance(client, OpenResponse)
            if self.draining is not None:
                raise self._refused(client)
            call.phase = "reading"
            body = client.request.body
            if not body.is_eof() or body.total_bytes > self.body_limit:
                return read(call, client, next)
            call.body = body.read_nowait()
            understand(call)
            return next(call)

        return admitted

    async def _read(self, call: Call, client: OpenResponse, next: Handler) -> Outcome:
        call.body = await read_body(client.request, client, self.body_limit)
        self._understand(call)
        return await next(call)

    def _refused(self, client: OpenResponse) -> Failure:
        client.keep_alive = False
        return Failure("draining", "this sidecar is shutting down", retry_after=self.draining)

    def _cut_short(self, client: OpenResponse) -> Failure:
        client.keep_alive = False
        detail = "the sidecar was shut down before the answer was complete"
        return Failure("draining", detail, retry_after=self.draining)

    def as_call(self, path: str, headers: Mapping[str, str], body: bytes, client: Client) -> Call:
        """What such a request would be, for those who only ask about it. Failure for what is wrong with it."""
        door = find_door(path)
        if door is None:
            raise Failure("invalid_request", "no call is made at this path", param="path")
        dialect, operation, model, stream = door
        call = Call(request_id(headers), dialect, operation, body, {}, model, stream, headers, client, self._time())
        self._understand(call)
        return call

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

    async def admit_relayed(self, call: Call, next: Handler) -> Outcome:
        """The Policy that does the same for what is relayed as it came."""
        client = call.client
        assert isinstance(client, OpenResponse)
        assert isinstance(call, RawCall)
        with closing(Spool()) as spool:
            try:
                if self.draining is not None:
                    raise self._refused(client)
                call.phase = "reading"
                await prepare(call, client, self.router, self.body_limit, spool)
                return await next(call)
            finally:
                # What the application still sends is not waited for: the connection ends.
                client.keep_alive = client.keep_alive and client.request.body.is_eof() and self.draining is None

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
            sayable = call.stream and not failure.midway
            if sayable:
                client.write(FRAMINGS[dialect.framing].gap + dialect.render_error_event(failure))
            client.cut(told=sayable)
