"""The status page and what feeds it: the file itself, what is told of the configuration, and the stream of events.

Imported once somebody looks. The page is one file that may run what stands in it and load nothing else; what it shows are answers
of `status` and of the feed. It changes nothing: for that it posts to the paths that programs use.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import orjson
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response, StreamResponse

from proxy.logs.lines import render_json
from proxy.server.cleaned import Clean, render_clean
from proxy.server.feed import LISTENERS, Feed, TooMany
from proxy.server.local import Guard, is_local

FILE = Path(__file__).parent / "page" / "status.html"
#: Seconds: between two statuses, between two comments, for which news may gather, until a reader that takes nothing is let go.
STATUS_SECONDS = 1.0
COMMENT_SECONDS = 15.0
GATHER_SECONDS = 0.05
SEND_SECONDS = 10.0
#: Milliseconds after which an EventSource comes again.
COME_AGAIN = b"retry: 1000\n\n"
NUMBER = re.compile(r"[0-9]{1,18}")
TAGS = ("style", "script")
#: https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header and #x-content-type-options-header
GUARDED = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


class Shown(NamedTuple):
    """Where the page's answers come from. status: as `/status.json` is. setup: what rarely changes. clean: takes secrets out."""

    feed: Feed
    status: Callable[[], bytes]
    setup: Callable[[], Mapping[str, Any]]
    clean: Clean


class StatusPages:
    """`/status` and what stands below it."""

    def __init__(self, shown: Shown, guard: Guard, time: Callable[[], float] = monotonic) -> None:
        self._shown = shown
        self._guard = guard
        self._time = time
        self._file = FILE.read_text("utf-8")
        self._headers = {**GUARDED, "Content-Security-Policy": policy(self._file), "X-Frame-Options": "DENY"}
        self._status = b""
        self._status_until = 0.0
        self._answers: Mapping[str, Callable[[BaseRequest], Awaitable[StreamResponse]]] = {
            "/status": self._page,
            "/status/setup.json": self._setup,
            "/status/events": self._events,
        }

    async def answer(self, request: BaseRequest) -> StreamResponse:
        return await self._answers[request.path](request)

    async def _page(self, _: BaseRequest) -> Response:
        return Response(text=self._file, content_type="text/html", headers=self._headers)

    async def _setup(self, request: BaseRequest) -> Response:
        """The configuration and words for failures; and to this machine the token without which our page may do nothing."""
        token = self._guard.token if is_local(request) else None
        body = render_clean(dict(self._shown.setup()), self._shown.clean)
        told = b'%b,"token":%b}' % (body[:-1], orjson.dumps(token))
        return Response(body=told, content_type="application/json", headers=GUARDED)

    # ---- events

    async def _events(self, request: BaseRequest) -> StreamResponse:
        """`Last-Event-ID`, or `?after=`, is the number of the last call that is known already; without one, what comes now."""
        feed = self._shown.feed
        said = request.headers.get("Last-Event-ID") or request.query.get("after", str(feed.last))
        if not NUMBER.fullmatch(said):
            body = {"error": "the number of an event must be a whole number", "param": "after"}
            return Response(status=400, body=render_json(body), content_type="application/json")
        try:
            with feed.listening() as bell:
                return await self._stream(request, bell, int(said))
        except TooMany:
            body = {"error": f"{LISTENERS} listen already, which is as many as may"}
            headers = {"Retry-After": "10"}
            return Response(status=503, body=render_json(body), content_type="application/json", headers=headers)

    async def _stream(self, request: BaseRequest, bell: asyncio.Event, after: int) -> StreamResponse:
        response = StreamResponse(headers={**GUARDED, "Content-Type": "text/event-stream"})
        try:
            await response.prepare(request)
            await self._follow(response, bell, after)
        except TimeoutError:
            self._shown.feed.let_go += 1
            if request.transport is not None:
                request.transport.abort()
        except ConnectionResetError:
            pass  # the listener has gone
        return response

    async def _follow(self, response: StreamResponse, bell: asyncio.Event, number: int) -> None:
        """Until the feed ends. TimeoutError for a reader that takes nothing, ConnectionResetError for one that has gone."""
        feed, pieces = self._shown.feed, [COME_AGAIN]
        status_at = self._time()
        comment_at = status_at + COMMENT_SECONDS
        while not feed.closed:
            bell.clear()
            news = feed.since(number)
            number = news.last
            if news.missed:
                feed.missed += news.missed
                pieces.append(b": %d calls were missed\n\n" % news.missed)
            pieces.append(news.events)
            now = self._time()
            if now >= status_at:
                pieces.append(self._status_event(now))
                status_at = now + STATUS_SECONDS
            if now >= comment_at:
                pieces.append(b": still here\n\n")
                comment_at = now + COMMENT_SECONDS
            await send(response, b"".join(pieces))
            pieces.clear()
            await rings(bell, status_at - self._time())

    def _status_event(self, now: float) -> bytes:
        """Made once for all who listen."""
        if now >= self._status_until:
            self._status = b"event: status\ndata: %b\n\n" % self._shown.status()
            self._status_until = now + STATUS_SECONDS / 2
        return self._status


async def send(response: StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await response.write(data)


async def rings(bell: asyncio.Event, seconds: float) -> None:
    """Wait for the bell, and then a little for what else comes; or for so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await bell.wait()
    except TimeoutError:
        return
    await asyncio.sleep(min(GATHER_SECONDS, max(seconds, 0.0)))


def policy(html: str) -> str:
    """What the page may do: run and wear what stands in it, and ask this port. https://www.w3.org/TR/CSP3/"""
    own = {tag: " ".join(f"'sha256-{digest(text)}'" for text in inside(tag, html)) for tag in TAGS}
    return (
        f"default-src 'none'; style-src {own['style']}; script-src {own['script']}; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )


def inside(tag: str, html: str) -> list[str]:
    return re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)


def digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()
