"""The ops port: what kubelet, Prometheus and the operator ask. Not for applications.

It answers from callables that the composition root hands it, so it knows no policy, no pool and no configuration. What
an operator may see or do is served to this machine only. Nothing here may cost the calls anything: connections are few
and the oldest goes first, a scrape pauses between metrics, and scrapers who come together share one page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response, StreamResponse
from aiohttp.web_server import Server

from proxy.server.cleaned import Clean, render_clean
from proxy.server.feed import Feed
from proxy.server.listen import listen
from proxy.server.local import Guard, is_local
from proxy.server.ops_cache import CachePages, CacheState
from proxy.server.shared_page import SharedPage

if TYPE_CHECKING:
    from proxy.server.ops_page import StatusPages

#: seconds of event-loop lag from which kubelet should restart us
FATAL_LAG = 30.0
CONNECTIONS = 100
KEEPALIVE_SECONDS = 75.0
SEND_SECONDS = 10.0
CLOSE_SECONDS = 2.0
PIECE = 1 << 16

#: https://prometheus.io/docs/instrumenting/exposition_formats/
PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"

POOL_STATISTICS = ("active", "idle", "available", "maximum", "waiting", "created", "reused")


@dataclass(slots=True, frozen=True, kw_only=True)
class OpsState:
    """Where the answers come from. Each is called per request, on the event loop, and must answer at once.
    lag, uptime: seconds. not_ready: reasons in words, none when ready. metrics: a page of Prometheus text, in pieces.
    fingerprint: of the configuration in use. providers: pool statistics by provider, of which only the numbers named in
    POOL_STATISTICS are shown. drain: begin to drain; called again, it changes nothing. quit: drain, and then end. health,
    targets: how each provider and each target is doing. reload: read the configuration anew, and say what came of it. force: hold
    a target's breaker in a state, and say what is wrong with that. more: further members of the status, as what is spent. limits:
    how much of each is in use, and how long a call of a model ("" for none) would wait now. cache: see there. feed: the calls
    that ended. setup: what the status page tells of the configuration. clean: takes secrets out of what is shown.
    """

    version: str
    lag: Callable[[], float]
    started: Callable[[], bool]
    not_ready: Callable[[], Sequence[str]]
    metrics: Callable[[], Iterable[bytes]]
    uptime: Callable[[], float]
    fingerprint: Callable[[], str]
    providers: Callable[[], Mapping[str, Mapping[str, float]]]
    calls_in_flight: Callable[[], int]
    drain: Callable[[], None]
    quit: Callable[[], None]
    health: Callable[[], Mapping[str, object]]
    targets: Callable[[], Mapping[str, object]]
    reload: Callable[[], Awaitable[Mapping[str, object]]]
    force: Callable[[str, str], str | None]
    limits: Callable[[str], Mapping[str, object]]
    cache: CacheState
    more: Callable[[], Mapping[str, object]]
    feed: Feed
    setup: Callable[[], Mapping[str, object]]
    clean: Clean


class Route(NamedTuple):
    method: str
    answer: Callable[[BaseRequest], Awaitable[StreamResponse]]
    local: bool = False


class Ops:
    """`start`, then `close`. With `status_for_all` the status is served to other machines too; draining never is."""

    def __init__(self, state: OpsState, status_for_all: bool = False) -> None:
        self._state = state
        self._page = SharedPage(state.metrics)
        self._guard = Guard()
        self._pages: StatusPages | None = None
        cache = CachePages(state.cache)
        self._server: Server | None = None
        self._listeners: list[asyncio.Server] = []
        self._routes = {
            "/livez": Route("GET", self._livez),
            "/readyz": Route("GET", self._readyz),
            "/startupz": Route("GET", self._startupz),
            "/metrics": Route("GET", self._metrics),
            "/status": Route("GET", self._seen, local=not status_for_all),
            "/status.json": Route("GET", self._status, local=not status_for_all),
            "/status/events": Route("GET", self._seen, local=not status_for_all),
            "/status/setup.json": Route("GET", self._seen, local=not status_for_all),
            "/drain": Route("POST", self._drain, local=True),
            "/quitquitquit": Route("POST", self._quit, local=True),
            "/reload": Route("POST", self._reload, local=True),
            "/breaker": Route("POST", self._breaker, local=True),
            "/limits": Route("GET", self._limits, local=not status_for_all),
            "/cache": Route("GET", cache.stats, local=not status_for_all),
            "/cache/lookup": Route("POST", cache.lookup, local=True),
            "/cache/invalidate": Route("POST", cache.invalidate, local=True),
        }

    async def start(self, hosts: Sequence[str], port: int) -> list[tuple[str, int]]:
        """Listen, and say where: an address this machine lacks is passed over unless it is the first.

        Port 0 takes a free one, the same on every host. Raises OSError.
        """
        sockets = listen(hosts, port)
        loop = asyncio.get_running_loop()
        self._server = Server(self._handle, access_log=None, keepalive_timeout=KEEPALIVE_SECONDS, lingering_time=0.0)
        self._listeners = [await loop.create_server(self._accept, sock=sock) for sock in sockets]
        return [sock.getsockname()[:2] for sock in sockets]

    async def close(self) -> None:
        self._state.feed.close()
        for listener in self._listeners:
            listener.close()
        if self._server is not None:
            self._server.pre_shutdown()
            await self._server.shutdown(CLOSE_SECONDS)

    @property
    def connections(self) -> tuple[int, int]:
        """How many there are, and how many may be before the oldest has to go."""
        return 0 if self._server is None else len(self._server.connections), CONNECTIONS

    def _accept(self) -> asyncio.Protocol:
        """A new caller gets in always: whoever holds many connections open cannot keep kubelet out."""
        assert self._server is not None
        connections = self._server.connections
        for oldest in connections[: max(0, len(connections) - CONNECTIONS + 1)]:
            if oldest.transport is not None:
                oldest.transport.abort()
        return self._server()

    async def _handle(self, request: BaseRequest) -> StreamResponse:
        route = self._routes.get(request.path)
        if route is None:
            return reply(404, {"error": "no such page", "pages": sorted(self._routes)})
        if request.method != route.method:
            return reply(405, {"error": f"only {route.method} is allowed"}, {"Allow": route.method})
        if route.local and not is_local(request):
            return reply(403, {"error": "served to this machine only"})
        refusal = self._guard.refusal(request) if route.method == "POST" else None
        if refusal is not None:
            return reply(403, {"error": refusal})
        return await route.answer(request)

    async def _livez(self, _: BaseRequest) -> Response:
        lag = self._state.lag()
        return reply(200 if lag < FATAL_LAG else 503, {"loop_lag_seconds": round(lag, 4)})

    async def _readyz(self, _: BaseRequest) -> Response:
        reasons = list(self._state.not_ready())
        return reply(503 if reasons else 200, {"ready": not reasons, "reasons": reasons})

    async def _startupz(self, _: BaseRequest) -> Response:
        started = self._state.started()
        return reply(200 if started else 503, {"started": started})

    async def _drain(self, _: BaseRequest) -> Response:
        self._state.drain()
        return reply(202, {"draining": True})

    async def _quit(self, _: BaseRequest) -> Response:
        self._state.quit()
        return reply(202, {"draining": True, "ending": True})

    async def _reload(self, _: BaseRequest) -> Response:
        found = await self._state.reload()
        return reply(409 if found["faults"] else 200, found)

    async def _breaker(self, request: BaseRequest) -> Response:
        """`?target=openai:gpt-4o&state=open`, `closed` or `auto`."""
        wrong = self._state.force(request.query.get("target", ""), request.query.get("state", ""))
        return reply(200, self._state.targets()) if wrong is None else reply(400, {"error": wrong})

    async def _limits(self, request: BaseRequest) -> Response:
        """`?model=fast` tells how long such a call would wait, too."""
        found = self._state.limits(request.query.get("model", ""))
        return reply(400 if "error" in found else 200, found)

    async def _seen(self, request: BaseRequest) -> StreamResponse:
        """The status page and what feeds it."""
        if self._pages is None:
            from proxy.server.ops_page import Shown, StatusPages

            state = self._state
            self._pages = StatusPages(Shown(state.feed, self._status_json, state.setup, state.clean), self._guard)
        return await self._pages.answer(request)

    async def _status(self, _: BaseRequest) -> Response:
        return Response(body=self._status_json(), content_type="application/json")

    def _status_json(self) -> bytes:
        state = self._state
        pools = state.providers()
        status = {
            "version": state.version,
            "uptime_seconds": round(state.uptime(), 3),
            "config_fingerprint": state.fingerprint(),
            "not_ready": list(state.not_ready()),
            "loop_lag_seconds": round(state.lag(), 4),
            "calls_in_flight": state.calls_in_flight(),
            "health": state.health(),
            "targets": state.targets(),
            **state.more(),
            "providers": {
                name: {key: pool[key] for key in POOL_STATISTICS if key in pool} for name, pool in pools.items()
            },
        }
        return render_clean(status, state.clean)

    async def _metrics(self, request: BaseRequest) -> StreamResponse:
        page = memoryview(await self._page.latest())
        response = StreamResponse(headers={"Content-Type": PROMETHEUS_TEXT, "Content-Length": str(len(page))})
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await response.prepare(request)
                for start in range(0, len(page), PIECE):
                    await response.write(page[start : start + PIECE])
        except (TimeoutError, ConnectionResetError):
            # A scraper that reads too slowly, or has gone.
            if request.transport is not None:
                request.transport.abort()
        return response


def reply(status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    return Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=headers)
