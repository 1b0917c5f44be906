"""One attempt: send the call to its target, hand the answer to the client. The hot path, and the innermost handler.

An answer has three parts: the *opening*, held until the model has spoken, so that a failure can still become a proper error;
the *start*, the point of no return; the *body*, pumped from parser callback to transport with nothing in between.
Failures leave here as exceptions, and so does cancellation: either way the provider's connection is closed, not drained.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from proxy.call import HUNG_UP, Call, Failure, Headers, Json, Outcome, Target
from proxy.receipt import passed_headers, render_receipt, render_trailer
from proxy.relay import encode
from proxy.translate import ADDRESS, Plan, Rules, has_way, plan, to_fetch
from proxy.upstream.answer import (
    BY_PROVIDER,
    LARGEST,
    STREAM_HEADERS,
    Counter,
    answer_count,
    is_stream,
    load_reply,
    read_reply,
)
from proxy.upstream.body import Price, Relay, Translation, name_answer, pay
from proxy.upstream.connection import Connection, Stale
from proxy.upstream.guess import fill_whole, is_told
from proxy.upstream.meter import Ending
from proxy.upstream.opening import Opening, hear_opening
from proxy.upstream.refusal import read_refusal
from proxy.upstream.reply import Sink
from proxy.upstream.road import Road
from proxy.upstream.withhold import WithholdingRelay

#: A whole reply up to this size is held, so that what is wrong with it is known before the client hears of it.
WHOLE = 1 << 20
#: The request with every web address of the given kinds replaced by what lies there, and the names of what was.
Fetch = Callable[[Json, frozenset[str]], Awaitable[tuple[Json, list[str]]]]


class Exchange:
    """A Handler. `roads` are keyed by the endpoint's name.

    `time` is monotonic and finer than the loop's own, `wall` tells seconds since the epoch.
    """

    def __init__(
        self,
        roads: Mapping[str, Road],
        rules: Rules,
        fetch: Fetch,
        loop: asyncio.AbstractEventLoop,
        time: Callable[[], float],
        wall: Callable[[], float],
        price: Price | None = None,
        counter: Counter | None = None,
    ) -> None:
        self._counter = counter
        self._roads = roads
        self._price = price
        self._rules = rules
        self._fetch = fetch
        self._loop = loop
        self._time = time
        self._wall = wall

    async def __call__(self, call: Call) -> Outcome:
        assert call.target is not None
        road = self._roads[call.target.name]
        if call.operation == "count_tokens":
            if not has_way(call, road.endpoint.provider):
                return await answer_count(call, self._time, self._counter)
            call.notes = BY_PROVIDER
        rules = self._rules if call.target.rules is None else call.target.rules
        if ADDRESS in call.body:
            words = await self._plan(call, call.target, road, rules)
        else:
            words = plan(call, road.endpoint, call.target.model, rules)
        call.attempts += 1
        call.dropped, call.translated = words.dropped, words.translated
        deadline = self._time() + road.timeouts.total
        if call.deadline is not None and call.deadline < deadline:
            deadline = call.deadline
        connection = await self._ask(call, road, words, deadline)
        reuse = False
        try:
            if connection.status >= 300:
                raise await read_refusal(call, words, connection, road, self._wall())
            answer = self._stream if call.stream and is_stream(connection, words.theirs) else self._whole
            outcome = await answer(call, words, connection, road)
            reuse = connection.done()
        except Failure as failure:
            road.secrets.hide_in(failure)
            # A refusal that was read to its end leaves the connection as good as an answer does.
            reuse = connection.status >= 300 and connection.done()
            raise
        finally:
            road.pool.release(connection, reuse)
        await call.client.finish()
        return outcome

    async def _plan(self, call: Call, target: Target, road: Road, rules: Rules) -> Plan:
        """What to say. Content that this provider takes by value only is fetched first."""
        kinds = to_fetch(call, road.endpoint.provider)
        if not kinds:
            return plan(call, road.endpoint, target.model, rules)
        unified, fetched = await self._fetch(call.json, kinds)
        words = plan(call, road.endpoint, target.model, rules, unified if fetched else None)
        words.translated = [*words.translated, *fetched]
        return words

    async def _ask(self, call: Call, road: Road, words: Plan, deadline: float) -> Connection:
        """Send, and wait for the head of the answer. A connection that died while idle is replaced, once."""
        request = road.request(call, words) if road.signs is None else await road.signed(call, words, deadline)
        first_byte = road.timeouts.first_byte if call.stream else road.timeouts.total
        for fresh in (False, True):
            call.phase = "connecting"
            connection = (None if fresh else road.pool.take()) or await road.pool.acquire(deadline, fresh, call)
            call.phase = "waiting"
            began = self._time()
            try:
                connection.send(request, first_byte, road.timeouts.idle, deadline)
                await connection.head()
                if road.heard is not None:
                    road.heard(dict(connection.headers), connection.status, call)
                return connection
            except Stale:
                road.pool.release(connection, False)
            except BaseException:
                road.pool.release(connection, False)
                raise
            finally:
                call.upstream_seconds += self._time() - began
        raise Failure("network_error", f"{road.endpoint.name} closes its connections as soon as they are open")

    # ---- a stream

    async def _stream(self, call: Call, words: Plan, connection: Connection, road: Road) -> Outcome:
        body = self._body(call, words)
        try:
            pieces: list[bytes] = []
            opening = Opening(words.theirs)
            held = await hear_opening(
                call, connection, body, opening, road.timeouts.opening, pieces, self._loop, self._time
            )
            self._start(call, connection, road, STREAM_HEADERS[words.ours.framing])
            tape = call.tape
            call.client.follow(connection if tape is None else tape.follow(connection))
            call.client.write(held)
            call.phase = "streaming"
            sink = body.sink(call.client.write)
            began = self._time()
            try:
                await connection.pump(sink if tape is None else self._taped(call, words, pieces, sink))
            except asyncio.CancelledError as end:
                # SDKs hang up once they have heard the end; the provider's own connection may say a little later that it is one.
                if end.args != (HUNG_UP,) or not body.over():
                    raise
            else:
                call.client.write(body.end())
            call.upstream_seconds += self._time() - began
        except Failure as failure:
            failure.midway = body.midway()
            raise
        finally:
            call.client.follow(None)
            call.usage = body.usage(call)
            pay(call, self._price)
        if tape is not None:
            tape.end(None, call.usage)
        if call.trailers is not None:
            call.trailers(render_trailer(call))
        return Outcome(200, call.usage, call.target, call.ttft, call.attempts, call.cost)

    def _body(self, call: Call, words: Plan) -> Relay | Translation:
        if not words.relay:
            return Translation(words, call, int(self._wall()), self._price)
        return WithholdingRelay(words.theirs) if words.withhold else Relay(words.theirs)

    def _taped(self, call: Call, words: Plan, pieces: list[bytes], sink: Sink) -> Sink:
        """A sink that keeps what passes. `pieces` are what the client has been given already."""
        tape = call.tape
        assert tape is not None
        tape.begin(call, words, int(self._wall()))
        for piece in pieces:
            tape.keep(piece)
        keep = tape.keep

        def taped(data: bytes) -> None:
            keep(data)
            sink(data)

        return taped

    # ---- a whole reply

    async def _whole(self, call: Call, words: Plan, connection: Connection, road: Road) -> Outcome:
        body = connection.whole()
        if body is None:
            began = self._time()
            long = words.relay and not call.stream and call.operation != "embeddings"
            body = await read_reply(connection, WHOLE if long else LARGEST)
            call.upstream_seconds += self._time() - began
        if not connection.complete and words.relay:
            return await self._long(call, words, road, connection, body)
        reply = load_reply(connection, body, road.secrets)
        if call.stream:
            words.hear.parse_reply(reply)
            raise Failure("provider_error", "the provider answered a request for a stream with a whole reply")
        call.usage = words.hear.parse_usage(reply)
        if call.span is not None:
            call.span.learn(reply)
        told = body
        sure = words.relay and words.hear is words.theirs and words.theirs.is_answer(reply)
        unified = {} if sure else words.hear.parse_reply(reply)
        usage = call.usage
        if usage is None or not (usage.output or is_told(usage)):
            call.usage = fill_whole(call, usage, words.theirs, reply)
        pay(call, self._price)
        if not words.relay:
            unified["created"] = unified.get("created") or int(self._wall())
            name_answer(unified, call)
            body = encode(words.say.render_reply(unified, call.json), "provider_error", "the provider's reply")
        self._start(call, connection, road, [("content-type", "application/json"), ("content-length", str(len(body)))])
        call.client.write(body)
        if call.tape is not None:
            call.tape.whole(call, words, unified.get("created") or int(self._wall()), told, reply)
        return Outcome(200, call.usage, call.target, None, call.attempts, call.cost)

    async def _long(self, call: Call, words: Plan, road: Road, connection: Connection, held: bytes) -> Outcome:
        """A reply too large to hold is relayed as it comes; its usage is what its end says."""
        length = [(name, value) for name, value in connection.headers if name == "content-length"]
        self._start(call, connection, road, [("content-type", "application/json"), *length])
        call.client.follow(connection)
        ending = Ending(words.theirs.usage_mark, words.hear.parse_usage, call.client.write)
        ending.write(held)
        try:
            await connection.pump(ending.write)
        finally:
            call.client.follow(None)
            call.usage = ending.usage(call)
            pay(call, self._price)
        return Outcome(200, call.usage, call.target, None, call.attempts, call.cost)

    def _start(self, call: Call, connection: Connection, road: Road, headers: Headers) -> None:
        theirs = road.secrets.hide_in_headers(passed_headers(connection.headers))
        call.client.start(connection.status, [*headers, *theirs, *render_receipt(call, self._time())])
