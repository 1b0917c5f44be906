"""A collector: an aiohttp server that reads what arrives with OpenTelemetry's own package, and answers as the test says."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, NamedTuple

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.promises.caller import until

SERVER, CLIENT = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT
ERROR, UNSET = Status.STATUS_CODE_ERROR, Status.STATUS_CODE_UNSET


class Received(NamedTuple):
    """A span as it arrived; identifiers in hex."""

    span: Any
    resource: dict[str, Any]
    scope: tuple[str, str]

    @property
    def id(self) -> str:
        return str(self.span.span_id.hex())

    @property
    def trace_id(self) -> str:
        return str(self.span.trace_id.hex())

    @property
    def parent(self) -> str:
        return str(self.span.parent_span_id.hex())

    @property
    def name(self) -> str:
        return str(self.span.name)

    @property
    def attributes(self) -> dict[str, Any]:
        found = values(self.span.attributes)
        assert len(found) == len(self.span.attributes), "an attribute stands twice"
        return found

    @property
    def seconds(self) -> float:
        return float(self.span.end_time_unix_nano - self.span.start_time_unix_nano) / 1e9


def values(pairs: Any) -> dict[str, Any]:
    return {pair.key: value(pair.value) for pair in pairs}


def value(any_value: Any) -> Any:
    which = any_value.WhichOneof("value")
    if which == "array_value":
        return [value(each) for each in any_value.array_value.values]
    return getattr(any_value, which)


def spans_in(body: bytes) -> list[Received]:
    """DecodeError for what is no ExportTraceServiceRequest; unknown fields are a fault of ours too."""
    request = ExportTraceServiceRequest.FromString(body)
    assert not unknown(request)
    return [
        Received(span, values(group.resource.attributes), (scoped.scope.name, scoped.scope.version))
        for group in request.resource_spans
        for scoped in group.scope_spans
        for span in scoped.spans
    ]


def unknown(message: Any) -> bool:
    """Whether any part of a message holds what the schema does not name: read and written again it would be shorter."""
    plain = type(message)()
    plain.CopyFrom(message)
    plain.DiscardUnknownFields()
    return bool(plain.ByteSize() != message.ByteSize())


def partly(rejected: int, message: str) -> bytes:
    partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
    return bytes(ExportTraceServiceResponse(partial_success=partial).SerializeToString())


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def takes(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"", content_type="application/x-protobuf")


class Receiver:
    """`answers` are given one after the other, the last one for good. `spans` are what was taken, `requests` all that came."""

    tls: ssl.SSLContext | None = None

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers or (takes,))
        self.spans: list[Received] = []
        self.bodies: list[bytes] = []
        self.requests: list[web.Request] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if request.headers.get("content-encoding") == "gzip" and body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.requests.append(request)
        self.bodies.append(body)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answered = await answer(request)
        if answered.status < 300:
            self.spans += spans_in(body)
        return answered

    async def has(self, count: int) -> list[Received]:
        """Wait until so many spans have arrived; more are a fault."""
        await until(lambda: len(self.spans) >= count)
        assert len(self.spans) == count, [span.name for span in self.spans]
        return self.spans

    async def call(self, attempts: int) -> tuple[Received, list[Received]]:
        """The one call that has arrived, and its attempts in the order in which they began."""
        spans = await self.has(attempts + 1)
        [root] = [span for span in spans if span.span.kind == SERVER]
        rest = sorted((span for span in spans if span is not root), key=lambda each: each.span.start_time_unix_nano)
        assert all(each.parent == root.id and each.trace_id == root.trace_id for each in rest)
        assert all(each.span.kind == CLIENT for each in rest)
        return root, rest

    async def __aenter__(self) -> Receiver:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", self._take)
        # What comes is read as it was sent.
        self._runner = web.AppRunner(
            app, access_log=None, auto_decompress=False, handler_cancellation=True, shutdown_timeout=0.1
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
