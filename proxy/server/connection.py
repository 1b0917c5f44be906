"""The application's connection: aiohttp's protocol parses requests and keeps connections alive, this file runs its loop.

It tells the open response when the application reads too slowly or has gone, and answers what is not HTTP itself. What a
request asks for, and how it is answered, is its handler's affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from aiohttp import StreamReader
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler, RequestPayloadError, _ErrInfo
from aiohttp.web_server import Server as WebServer

from proxy.call import HUNG_UP

if TYPE_CHECKING:
    from proxy.server.client import OpenResponse

LINGER_SECONDS = 10.0
REFUSAL = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
)

#: Serves one request and tells whether the connection lives on; the response is then on the wire.
Handle = Callable[["Request", "ClientConnection"], Awaitable[bool]]


class Request(NamedTuple):
    """A request as the parser gives it: `head` has method, path, version, headers; `body` is a stream."""

    head: RawRequestMessage
    body: StreamReader


class ClientConnection(RequestHandler):
    """One connection of an application. `client` is the response that is open on it, if one is."""

    __slots__ = ("_outliving", "client")

    # What aiohttp has as optional is there as long as requests are served.
    _parser: Any
    _request_handler: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client: OpenResponse | None = None
        self._outliving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve one request after the other, as aiohttp's own loop does, but in this task.

        There is no task for each request, and so no turns of the loop spent on beginning and ending one.
        """
        try:
            while not self._force_close and await self._serve_next():
                pass
        except ConnectionError:
            self.force_close()
        except BaseException:
            self.force_close()
            raise
        finally:
            self._outliving = None
        if not self._force_close:
            self._task_handler = None
            if self.transport is not None:
                self.transport.close()

    async def _serve_next(self) -> bool:
        """Whether the connection lives on after the next request."""
        if not self._messages:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        message, payload = self._messages.popleft()
        self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()
        if isinstance(message, _ErrInfo):
            self._refuse(message)
            return False
        self._request_in_progress = True
        try:
            self._keepalive = await self._request_handler(Request(message, payload), self)
        finally:
            self._request_in_progress = False
            if self._handler_waiter is not None:
                self._handler_waiter.set_result(None)
        if not payload.is_eof():
            await self._linger(payload)
            return False
        return self._answered()

    def _answered(self) -> bool:
        """Whether there may be a next request, and by when it has to come."""
        if self._force_close:
            return False
        if self._upgraded:
            self._decline_upgrade()
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)
        return self._keepalive and not self._close and not self._force_close

    def _decline_upgrade(self) -> None:
        """RFC 9110, section 7.8: a server may ignore Upgrade; what follows is HTTP/1.1 as before."""
        self._parser.set_upgraded(False)
        self._upgraded = False
        tail, self._message_tail = self._message_tail, b""
        if tail:
            self.data_received(tail)

    async def _linger(self, payload: Any) -> None:
        """Take in what the application still sends, so that it gets to read the answer before the connection goes."""
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while not payload.is_eof():
                    await payload.readany()
        except (TimeoutError, RequestPayloadError):
            self.close()

    def interrupt(self) -> None:
        """Cancel the handler of the request that is being served."""
        task = self._task_handler or self._outliving
        if task is not None:
            task.cancel()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The call goes with its application, unless others listen, and learns whether that one has taken what was written."""
        if self.client is not None and self.client.lose():
            self._outliving, self._task_handler = self._task_handler, None
        elif exc is None and self.client is not None and self._task_handler is not None:
            self._task_handler.cancel(HUNG_UP)
            self._task_handler = None  # aiohttp would cancel it again, and say nothing
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.client is not None and self.client.source is not None:
            self.client.source.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.client is not None and self.client.source is not None:
            self.client.source.resume()

    def _refuse(self, error: _ErrInfo) -> None:
        """What is not HTTP never reaches the gateway: the parser's words in OpenAI's shape, and the connection's end."""
        words = (error.message or "the request is not valid HTTP").splitlines()[0][:200]
        body = {"message": words, "type": "invalid_request", "param": None, "code": "invalid_request"}
        data = orjson.dumps({"error": body})
        if self.transport is not None:
            self.transport.write(REFUSAL % (len(data), data))


class Server(WebServer):
    """aiohttp's low-level server with our connection class. When an application goes, the handler of its call is cancelled."""

    def __init__(self, handle: Handle, **options: Any) -> None:
        handler: Any = handle  # aiohttp's own loop would call it otherwise, ours does not
        super().__init__(handler, handler_cancellation=True, access_log=None, **options)

    def __call__(self) -> ClientConnection:
        return ClientConnection(self, loop=self._loop, **self._kwargs)
