"""One road to a raw upstream, with a real pool and real connections, and a client that records what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import orjson

from proxy.call import Call, Failure, Headers, Json, Outcome, Source, Target
from proxy.providers import Endpoint, all_providers
from proxy.translate import DIALECTS, Plan, Rules
from proxy.upstream.connection import Connection
from proxy.upstream.exchange import Exchange
from proxy.upstream.pool import Limits, Pool
from proxy.upstream.road import Road, Timeouts
from tests.upstream.raw import RawUpstream

KEY = "sk-canary-77aa01fe"
CREATED = 1_700_000_000
PATIENCE = 5.0


def make_call(stream: bool = False, caller: Mapping[str, str] | None = None, operation: str = "chat") -> Call:
    return Call("id-1", "openai", operation, b"", {}, "m", stream, caller or {}, cast(Any, None))


def asked(road: Road, call: Call, body: bytes, model: str = "m") -> bytes:
    call.target = Target(road.endpoint.name, model, road.endpoint)
    way = road.endpoint.provider.way(call.dialect, call.operation, call.stream)
    assert way is not None
    ours, theirs = DIALECTS[call.dialect], DIALECTS[way.dialect]
    return road.request(call, Plan(body, way.path, ours is theirs, ours, theirs, ours, theirs))


class Recorder:
    """A Client. `slow` makes it say after each write that it cannot take more; `stuck` makes `finish` wait."""

    def __init__(self, slow: bool = False) -> None:
        self.started = False
        self.status = 0
        self.headers: dict[str, str] = {}
        self.writes: list[bytes] = []
        self.finished = False
        self.slow = slow
        self.stuck: asyncio.Event | None = None
        self.source: Source | None = None
        self._news = asyncio.Event()

    @property
    def body(self) -> bytes:
        return b"".join(self.writes)

    def follow(self, source: Source | None) -> None:
        self.source = source

    def start(self, status: int, headers: Headers) -> None:
        assert not self.started, "an answer starts once"
        self.started, self.status, self.headers = True, status, dict(headers)
        self._news.set()

    def write(self, data: bytes) -> None:
        assert self.started, "nothing is written before the start"
        if data:
            self.writes.append(data)
            self._news.set()
        if self.slow and self.source is not None:
            self.source.pause()

    async def finish(self) -> None:
        if self.stuck is not None:
            await self.stuck.wait()
        self.finished = True

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._news.clear()
                await self._news.wait()


async def no_fetch(unified: Json, kinds: frozenset[str]) -> tuple[Json, list[str]]:
    raise AssertionError("nothing is fetched here")


class Lane:
    """`ask` makes a call and carries it out. Whatever happens, `numbers` tell of nothing that was left."""

    def __init__(
        self,
        raw: RawUpstream,
        kind: str = "openai",
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        connection: type[Connection] = Connection,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.raw = raw
        self.client = Recorder()
        self.dials = 0
        self._connection = connection
        endpoint = Endpoint("up", kind, all_providers()[kind], f"{raw.origin}/v1", KEY)
        self.pool = Pool("up", self._dial, limits or Limits(), self.loop)
        road = Road(endpoint, self.pool, timeouts or Timeouts(5, 5, 5, 5))
        self._target = endpoint
        self.exchange = Exchange({"up": road}, Rules("warn"), no_fetch, self.loop, self.loop.time, lambda: CREATED)

    async def _dial(self) -> Connection:
        self.dials += 1
        make = self._connection
        return (await self.loop.create_connection(lambda: make(self.loop), "127.0.0.1", self.raw.port))[1]

    def call(self, stream: bool = False, model: str = "m", body: bytes | None = None, **fields: Any) -> Call:
        """For a client of its own: the newest call's client is `client`."""
        self.client = Recorder()
        wire = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}
        body = body if body is not None else orjson.dumps(wire | {"stream": True} if stream else wire)
        json = DIALECTS["openai"].parse_request(orjson.loads(body))
        call = Call("id-1", "openai", "chat", body, json, json["model"], stream, {}, self.client, self.loop.time())
        call.target = Target("up", model, self._target)
        return call

    async def run(self, call: Call) -> Outcome:
        return await asyncio.wait_for(cast(Awaitable[Outcome], self.exchange(call)), PATIENCE)

    async def ask(self, stream: bool = False, **fields: Any) -> Outcome:
        return await self.run(self.call(stream, **fields))

    async def fail(self, stream: bool = False, **fields: Any) -> Failure:
        try:
            await self.ask(stream, **fields)
        except Failure as failure:
            return failure
        raise AssertionError(f"no Failure, but {self.client.status} {self.client.body[:500]!r}")

    def begin(self, stream: bool = False, **fields: Any) -> asyncio.Task[Outcome]:
        return asyncio.ensure_future(self.run(self.call(stream, **fields)))

    @property
    def numbers(self) -> tuple[int, int, int]:
        """(active, idle, waiting)"""
        found = self.pool.statistics()
        return found["active"], found["idle"], found["waiting"]
