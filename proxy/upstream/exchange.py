"""One attempt: send the call to its target, hand the answer to the client. The hot path, and the innermost handler.

An answer has three parts: the *opening*, held until the model has spoken, so that a failure can still become a proper error;
the *start*, the point of no return; the *body*, pumped from parser callback to transport with nothing in between.
Failures leave here as exceptions, and so does cancellation: either way the provider's connection is closed, not drained.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import orjson

from proxy.call import Call, Failure, Headers, Outcome
from proxy.receipt import passed_headers, render_receipt
from proxy.translate import Plan, Unsupported, plan
from proxy.upstream.body import Opening, Relay, Translation
from proxy.upstream.connection import Connection, Stale
from proxy.upstream.road import Road

#: A whole reply up to this size is held, so that what is wrong with it is known before the client hears of it.
WHOLE = 1 << 20
#: A reply that has to be translated is never larger.
LARGEST = 64 << 20
ERROR_BODY = 64 * 1024
EVENT_STREAM = [("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")]


class Exchange:
    """A Handler. `roads` are keyed by the endpoint's name. `time` is monotonic, finer than the loop's own; `wall` tells seconds since the epoch."""

    def __init__(
        self,
        roads: Mapping[str, Road],
        unsupported: Unsupported,
        loop: asyncio.AbstractEventLoop,
        time: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._roads = roads
        self._unsupported = unsupported
        self._loop = loop
        self._time = time
        self._wall = wall

    async def __call__(self, call: Call) -> Outcome:
        assert call.target is not None
        road = self._roads[call.target.name]
        call.attempts += 1
        words = plan(call, road.endpoint, call.target.model, self._unsupported)
        call.dropped = words.dropped
        deadline = call.deadline if call.deadline is not None else self._time() + road.timeouts.total
        connection = await self._ask(call, road, words.body, deadline)
        reuse = False
        try:
            outcome = await self._answer(call, words, connection, road)
            reuse = connection.done()
            return outcome
        finally:
            call.client.follow(None)
            road.pool.release(connection, reuse)

    async def _ask(self, call: Call, road: Road, body: bytes, deadline: float) -> Connection:
        """Send, and wait for the head of the answer. A connection that died while idle is replaced, once."""
        request = road.request(call, body)
        for fresh in (False, True):
            call.phase = "connecting"
            connection = await road.pool.acquire(deadline, fresh)
            asked = False
            try:
                call.phase = "waiting"
                began = self._time()
                first_byte = road.timeouts.first_byte if call.stream else road.timeouts.total
                connection.send(request, first_byte, road.timeouts.idle, deadline)
                await connection.head()
                call.upstream_seconds += self._time() - began
                asked = True
                return connection
            except Stale:
                continue
            finally:
                if not asked:
                    road.pool.release(connection, False)
        raise Failure("network_error", f"{road.endpoint.name} closes its connections as soon as they are open")

    async def _answer(self, call: Call, words: Plan, connection: Connection, road: Road) -> Outcome:
        if connection.status >= 300:
            raise await self._refusal(words, connection, road)
        kind = next((value for name, value in connection.headers if name == "content-type"), "")
        if call.stream and kind.startswith("text/event-stream"):
            return await self._stream(call, words, connection, road)
        return await self._whole(call, words, connection, road)

    async def _refusal(self, words: Plan, connection: Connection, road: Road) -> Failure:
        try:
            body = hide(await read_whole(connection, ERROR_BODY), road.endpoint.key)
        except Failure:
            body = b""  # the status says enough
        return words.theirs.parse_error(connection.status, dict(connection.headers), body[:ERROR_BODY])

    # ---- a stream

    async def _stream(self, call: Call, words: Plan, connection: Connection, road: Road) -> Outcome:
        body = Relay(words.theirs) if words.relay else Translation(words, call, int(self._wall()))
        try:
            held = await self._open(call, words, connection, body, road.timeouts.opening)
            self._start(call, connection, EVENT_STREAM)
            call.client.write(held)
            call.phase = "streaming"
            began = self._time()
            await connection.pump(sink_for(call, body))
            call.upstream_seconds += self._time() - began
            call.client.write(body.end())
        finally:
            call.usage = body.usage(call)
        await call.client.finish()
        return Outcome(200, call.usage, call.target, call.ttft, call.attempts)

    async def _open(self, call: Call, words: Plan, connection: Connection, body: Relay | Translation, limit: float) -> bytes:
        """What the client gets first. Failure while nothing has been said is the attempt's, not the stream's."""
        opening, held = Opening(words.theirs), []
        call.phase = "opening"
        timer = None
        began = self._time()
        try:
            while not opening.over:
                data = await self._hear(connection)
                if not data and connection.complete:
                    raise Failure("provider_error", "the provider ended its stream before the model had said anything")
                if not data:
                    break
                opening.feed(data)
                held.append(body.feed(data))
                timer = timer or self._loop.call_later(limit, connection.nudge)
        finally:
            if timer is not None:
                timer.cancel()
        now = self._time()
        call.upstream_seconds += now - began
        call.ttft = now - call.started
        return b"".join(held)

    async def _hear(self, connection: Connection) -> bytes:
        try:
            return await connection.read()
        except Failure as failure:
            if failure.kind != "provider_stream_cut":
                raise
            raise Failure("network_error", "the provider closed the connection before the model had said anything") from None

    # ---- a whole reply

    async def _whole(self, call: Call, words: Plan, connection: Connection, road: Road) -> Outcome:
        began = self._time()
        body = await read_whole(connection, WHOLE if words.relay and not call.stream else LARGEST)
        call.upstream_seconds += self._time() - began
        if not connection.complete and words.relay:
            return await self._long(call, words, connection, body)
        reply = load_reply(connection, body, road.endpoint.key)
        if call.stream:
            words.theirs.parse_reply(reply)
            raise Failure("provider_error", "the provider answered a request for a stream with a whole reply")
        call.usage = words.theirs.parse_usage(reply)
        unified = words.theirs.parse_reply(reply)
        if not words.relay:
            unified["created"] = unified.get("created") or int(self._wall())
            body = orjson.dumps(words.ours.render_reply(unified))
        self._start(call, connection, [("content-type", "application/json"), ("content-length", str(len(body)))])
        call.client.write(body)
        await call.client.finish()
        return Outcome(200, call.usage, call.target, None, call.attempts)

    async def _long(self, call: Call, words: Plan, connection: Connection, held: bytes) -> Outcome:
        """A reply too large to hold is relayed as it comes; its usage is then not known."""
        length = [(name, value) for name, value in connection.headers if name == "content-length"]
        self._start(call, connection, [("content-type", "application/json"), *length])
        call.client.write(held)
        await connection.pump(call.client.write)
        await call.client.finish()
        return Outcome(200, None, call.target, None, call.attempts)

    def _start(self, call: Call, connection: Connection, headers: Headers) -> None:
        ours = {name for name, _ in headers}
        theirs = [pair for pair in passed_headers(connection.headers) if pair[0] not in ours]
        call.client.start(connection.status, [*headers, *theirs, *render_receipt(call, self._time())])
        call.client.follow(connection)


def sink_for(call: Call, body: Relay | Translation) -> Callable[[bytes], None]:
    """From the parser's callback to the client's transport, in one loop turn."""
    write = call.client.write
    if isinstance(body, Relay):
        note = body.note

        def relay(data: bytes) -> None:
            note(data)
            write(data)

        return relay

    feed = body.feed

    def translate(data: bytes) -> None:
        said = feed(data)
        if said:
            write(said)

    return translate


async def read_whole(connection: Connection, limit: int) -> bytes:
    """The answer's body, or of a longer one what has come when the limit is passed."""
    data = await connection.read()
    if connection.complete and not connection.pending:
        return data
    pieces, size = [data], len(data)
    while size <= limit and (data := await connection.read()):
        pieces.append(data)
        size += len(data)
    return b"".join(pieces)


def load_reply(connection: Connection, body: bytes, key: str | None) -> dict[str, object]:
    if not connection.complete:
        raise Failure("provider_error", f"the provider's reply is longer than {LARGEST} bytes")
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        reply = None
    if not isinstance(reply, dict):
        words = " ".join(hide(body[:1200], key).decode("utf-8", "replace").split())[:300]
        raise Failure("provider_error", f"the provider's reply is not a JSON object: {words or 'it is empty'}", provider_status=200)
    return reply


def hide(body: bytes, key: str | None) -> bytes:
    """A provider that quotes our key back must not make us publish it."""
    return body.replace(key.encode(), b"[redacted]") if key else body
