"""From an HTTP request to a Call, and from a Failure to bytes in the caller's own dialect: the only place that does either.

It knows how a request is read and refused. What happens to a call is the stack's, which it is handed as one Handler.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from random import getrandbits
from typing import Any, Protocol

import orjson
from aiohttp import web

from proxy.call import Call, Failure, Handler, Json, Outcome, Target
from proxy.dialects import Dialect
from proxy.receipt import render_receipt, safe
from proxy.server.client import CLOSE, KEEP, ClientConnection, OpenResponse, Written
from proxy.server.routes import CALLS, MODELS, Door
from proxy.translate import DIALECTS

log = logging.getLogger(__name__)

LONGEST_ID = 128
LONGEST_MODEL = 256
JSON_TYPE = ("content-type", "application/json")


class Router(Protocol):
    def resolve(self, model: str) -> tuple[Target, ...]: ...
    def models(self) -> list[dict[str, Any]]: ...


class Gateway:
    """`handle` requests, once `handler` is set. `drain` refuses new calls; `idle` is set once the last one has ended.

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

    async def handle(self, request: web.BaseRequest) -> Written:
        connection = request.protocol
        assert isinstance(connection, ClientConnection)
        client = OpenResponse(request, connection)
        path = request.raw_path.partition("?")[0]
        door = CALLS.get(path) if request.method == "POST" else None
        if door is not None:
            await self._serve(request, client, door)
        else:
            await self._elsewhere(request, client)
        connection.client = None
        return KEEP if client.keep_alive else CLOSE

    # ---- a call

    async def _serve(self, request: web.BaseRequest, client: OpenResponse, door: Door) -> None:
        began = self._time()
        call = Call(request_id(request), door.dialect, door.operation, b"", {}, "", False, request.headers, client, began)
        self.calls.add(call)
        end: Outcome | Failure = Failure("client_gone", "the application hung up")
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
            self._ended(call, end, self._time() - began)

    async def admit(self, call: Call, next: Handler) -> Outcome:
        """A Policy. Failure: `draining`, or what is wrong with the request."""
        client = call.client
        assert isinstance(client, OpenResponse)
        if self.draining is not None:
            client.keep_alive = False
            raise Failure("draining", "this sidecar is shutting down", retry_after=self.draining)
        call.phase = "reading"
        call.body = await self._body(client.request, client)
        call.json = parse_json(call.body)
        call.model = model_of(call.json)
        call.json = DIALECTS[call.dialect].parse_request(call.json)
        call.stream = call.json.get("stream") is True
        call.timeout = timeout_of(call.json)
        call.targets = self.router.resolve(call.model)
        call.target = call.targets[0]
        return await next(call)

    async def _body(self, request: web.BaseRequest, client: OpenResponse) -> bytes:
        content = request.content
        if content.is_eof() and content.total_bytes <= self._body_limit:
            return content.read_nowait()
        length = request.content_length
        if length is not None and length > self._body_limit:
            raise self._too_large(client)
        if request.headers.get("expect", "").lower() == "100-continue":
            client.proceed()
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise self._too_large(client) from None
        except web.RequestPayloadError as error:
            client.keep_alive = False
            raise Failure("invalid_request", f"the request body cannot be read: {error}") from None

    def _too_large(self, client: OpenResponse) -> Failure:
        client.keep_alive = False
        return Failure("request_too_large", f"the request body is longer than {self._body_limit} bytes")

    # ---- what is no call

    async def _elsewhere(self, request: web.BaseRequest, client: OpenResponse) -> None:
        path, method = request.path, request.method
        if path in MODELS and method == "GET":
            answer(client, 200, {"object": "list", "data": self.router.models()}, [])
        elif path in CALLS or path in MODELS:
            allowed = "POST" if path in CALLS else "GET"
            failure = Failure("invalid_request", f"{safe(path)} takes {allowed}, not {method}", status=405)
            answer(client, 405, DIALECTS["openai"].render_error(failure), [("allow", allowed)])
        else:
            doors = ", ".join(sorted({*CALLS, *MODELS}))
            failure = Failure("invalid_request", f"there is nothing at {safe(path)[:200]}; there is {doors}", status=404)
            answer(client, 404, DIALECTS["openai"].render_error(failure), [])
        if request.body_exists:
            client.keep_alive = False
        await client.finish()

    # ---- failures

    async def _refuse(self, call: Call, client: OpenResponse, failure: Failure) -> None:
        """Say it in the client's dialect: as an answer while nothing was sent, in the stream after that, and then cut it."""
        dialect = DIALECTS[call.dialect]
        if not client.started:
            body = error_body(call, dialect, failure)
            answer(client, failure.status, body, [*advice(failure), *render_receipt(call, self._time())])
            await client.finish()
        elif failure.told:
            await client.finish()
        else:
            if call.stream:
                client.write(b"\n\n" + dialect.render_error_event(failure))
            client.cut()


def error_body(call: Call, dialect: Dialect, failure: Failure) -> Json | bytes:
    """Where the provider speaks the caller's dialect and the fault is the caller's, the provider's own bytes say it best."""
    endpoint = call.target.endpoint if call.target is not None else None
    same = endpoint is not None and endpoint.provider.dialect == call.dialect
    if same and failure.party == "caller" and failure.provider_body:
        return failure.provider_body
    return dialect.render_error(failure)


def advice(failure: Failure) -> list[tuple[str, str]]:
    """Headers by which SDKs decide what to do next."""
    headers = []
    if failure.retry_after is not None:
        headers.append(("retry-after", str(max(1, -int(-failure.retry_after // 1)))))
        headers.append(("retry-after-ms", str(round(failure.retry_after * 1000))))
    if failure.party in ("operator", "caller") or failure.kind == "budget_exceeded":
        headers.append(("x-should-retry", "false"))
    return headers


def answer(client: OpenResponse, status: int, body: Json | bytes, headers: list[tuple[str, str]]) -> None:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    client.start(status, [JSON_TYPE, ("content-length", str(len(data))), *headers])
    client.write(data)


def request_id(request: web.BaseRequest) -> str:
    """The caller's own id where it sent a decent one."""
    given = request.headers.get("x-request-id", "")
    if given and len(given) <= LONGEST_ID and given.isascii() and given.isprintable():
        return given
    return f"{getrandbits(128):032x}"


def parse_json(body: bytes) -> Json:
    try:
        wire = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        detail = f"the request body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise Failure("invalid_request", detail) from None
    if type(wire) is not dict:
        raise Failure("invalid_request", "the request body must be a JSON object")
    return wire


def model_of(wire: Json) -> str:
    model = wire.get("model")
    if type(model) is not str or not model:
        raise Failure("invalid_request", "model must be a string that names a model", param="model")
    if len(model) > LONGEST_MODEL or not model.isprintable():
        raise Failure("invalid_request", f"model must be at most {LONGEST_MODEL} printable characters", param="model")
    return model


def timeout_of(wire: Json) -> float | None:
    timeout = wire.get("timeout")
    if timeout is not None and not 0 < timeout < float("inf"):
        raise Failure("invalid_request", "timeout must be a positive number of seconds", param="timeout")
    return timeout
