"""What is said when a call fails, or when something else than a call was asked for: body and headers, in a caller's dialect."""

from __future__ import annotations

import orjson

from proxy.call import Call, Failure, Headers, Json
from proxy.dialects import Dialect
from proxy.server.client import OpenResponse

RETRY = frozenset({"retry-after", "retry-after-ms"})
JSON_TYPE = ("content-type", "application/json")


def error_body(call: Call, dialect: Dialect, failure: Failure) -> Json | bytes:
    """Where the provider speaks the caller's dialect and the fault is the caller's, the provider's own bytes say it best."""
    endpoint = call.target.endpoint if call.target is not None else None
    way = endpoint.provider.way(call.dialect, call.operation, call.stream) if endpoint is not None else None
    same = way is not None and way.dialect == call.dialect
    if same and failure.party == "caller" and failure.provider_body.startswith((b"{", b"[")):
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
    return [*headers, *(pair for pair in failure.headers if pair[0] not in RETRY)]


def answer(client: OpenResponse, status: int, body: Json | bytes, headers: Headers) -> None:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    client.start(status, [JSON_TYPE, ("content-length", str(len(data))), *headers])
    if client.request.head.method != "HEAD":  # RFC 9110, section 9.3.2: all of the answer but its body
        client.write(data)
