"""The body of an application's request: read whole up to a limit, or handed on piece by piece, with its leave to send it.

What is wrong with it is a Failure. What it means is others' to say.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp.web_protocol import RequestPayloadError

from proxy.call import Failure
from proxy.server.client import OpenResponse
from proxy.server.connection import Request


async def read_body(request: Request, client: OpenResponse, limit: int) -> bytes:
    """Failure("request_too_large") when it is longer than `limit`."""
    if (length_of(request) or 0) > limit:
        raise too_large(client, limit)
    pieces, size = [], 0
    async for piece in stream_body(request, client):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise too_large(client, limit)
    return b"".join(pieces)


async def stream_body(request: Request, client: OpenResponse) -> AsyncIterator[bytes]:
    """As it comes; an application that waits for leave to send it (RFC 9110, section 10.1.1) has it now."""
    if request.head.headers.get("expect", "").lower() == "100-continue" and not request.body.is_eof():
        client.proceed()
    try:
        while piece := await request.body.readany():
            yield piece
    except RequestPayloadError as error:
        client.keep_alive = False
        raise Failure("invalid_request", f"the request body cannot be read: {error}") from None


def length_of(request: Request) -> int | None:
    """In bytes, as they come; None where nobody knows: it comes in chunks, or compressed and is unpacked here."""
    if request.head.chunked or request.head.compression:
        return None
    return int(request.head.headers.get("content-length", 0))


def too_large(client: OpenResponse, limit: int) -> Failure:
    client.keep_alive = False
    return Failure("request_too_large", f"the request body is longer than {limit} bytes")
