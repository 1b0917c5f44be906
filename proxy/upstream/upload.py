"""The body of a request while it is still coming: no more of it is held than is on its way.

It knows neither who sends it nor what it means; where it goes is one connection, which it never lends or gives back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from proxy.call import Failure
from proxy.upstream.connection import Connection


class Upload(NamedTuple):
    """A body that has not come yet: its pieces, and how many bytes they are, None where nobody knows."""

    pieces: AsyncIterator[bytes]
    length: int | None


class Pouring:
    """An upload on its way, beside whoever waits for the answer, who is told what went wrong; `stop` in any case.

    idle:  seconds for which the application may send nothing, and the provider take nothing.
    total: seconds that each piece gives the exchange anew.
    """

    def __init__(self, connection: Connection, upload: Upload, idle: float, total: float) -> None:
        self._connection = connection
        self._task = asyncio.get_running_loop().create_task(connection.pour(framed(upload, idle), total))
        self._task.add_done_callback(self._tell)

    @property
    def is_whole(self) -> bool:
        """Whether all of it was sent: only then does the next request on this connection begin where it seems to."""
        task = self._task
        return task.done() and not task.cancelled() and task.exception() is None and task.result()

    async def stop(self) -> None:
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    def _tell(self, task: asyncio.Task[bool]) -> None:
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self._connection.fail(failure)


async def pieces_of(upload: Upload, idle: float) -> AsyncIterator[bytes]:
    """Failure("invalid_request") when the application sends nothing for `idle` seconds, or another length than it said."""
    size = 0
    while True:
        try:
            async with asyncio.timeout(idle):
                piece = await anext(upload.pieces, b"")
        except TimeoutError:
            detail = f"the application sent nothing of its request for {idle:g} seconds"
            raise Failure("invalid_request", detail, status=408) from None
        size += len(piece)
        if upload.length is not None and (size > upload.length or (not piece and size < upload.length)):
            raise Failure("invalid_request", f"the request body has not the {upload.length} bytes that it should have")
        if not piece:
            return
        yield piece


async def framed(upload: Upload, idle: float) -> AsyncIterator[bytes]:
    """In chunks (RFC 9112, section 7.1) where the length is not known."""
    async for piece in pieces_of(upload, idle):
        yield piece if upload.length is not None else b"%x\r\n%b\r\n" % (len(piece), piece)
    if upload.length is None:
        yield b"0\r\n\r\n"


async def gather(upload: Upload, limit: int, idle: float) -> bytes:
    """All of it. Failure("request_too_large") when it is longer than `limit`."""
    pieces: list[bytes] = []
    size = 0
    if (upload.length or 0) > limit:
        raise too_long(limit)
    async for piece in pieces_of(upload, idle):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise too_long(limit)
    return b"".join(pieces)


def too_long(limit: int) -> Failure:
    detail = f"this provider wants a signature that covers the whole request, which may have at most {limit} bytes"
    return Failure("request_too_large", detail)
