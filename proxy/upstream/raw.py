"""A request that is relayed as it came, whatever it asks for: signed, streamed both ways, and never held whole.

It is the innermost handler of what has no dialect. The body goes up beside the wait for the answer, which may come early. An
answer of any status is the provider's own; only a refused key, and what the provider repeats of our secrets, stay here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxy.call import Call, Failure, Outcome
from proxy.dialects.by_name import BY_NAME
from proxy.receipt import passed_headers, render_receipt
from proxy.upstream.answer import read_whole
from proxy.upstream.connection import Connection, Stale
from proxy.upstream.mask import Mask
from proxy.upstream.raw_headers import answered_headers, asked_headers
from proxy.upstream.road import Road
from proxy.upstream.tap import StreamTap, Tap, tap_for
from proxy.upstream.upload import Pouring, Upload, gather

#: The operation of a call that names the provider and the path itself.
RAW = "raw"
#: The longest error of a provider's: it is read whole, for secrets of ours may be in it.
LONGEST_ERROR = 1 << 20
#: The longest body that is held for a signature that covers it. Bedrock's service model has no operation with an unsigned
#: payload, and no body of more than this:
#: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html.
LONGEST_SIGNED = 25_000_000
#: RFC 9110, section 8.6: a request that could have a body says so where it has none.
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
#: RFC 9110, section 9.2.2: what may be said twice.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


@dataclass(slots=True, eq=False)
class RawCall(Call):
    """`path` goes below base_url as it is; with an operation other than RAW it may hold `{model}`, and options.

    decoded: `upload` is no longer encoded as the application's `content-encoding` says.
    """

    method: str = "POST"
    path: str = ""
    upload: bytes | Upload = b""
    decoded: bool = False


class Raw:
    """A Handler of RawCalls. `roads` are keyed by the endpoint's name; `time` is monotonic."""

    def __init__(self, roads: Mapping[str, Road], loop: asyncio.AbstractEventLoop, time: Callable[[], float]) -> None:
        self._roads = roads
        self._loop = loop
        self._time = time

    async def __call__(self, call: Call) -> Outcome:
        assert isinstance(call, RawCall)
        assert call.target is not None
        road = self._roads[call.target.name]
        errand = Errand(call, road, self._loop, self._time)
        try:
            await errand.ask()
            outcome = await errand.answer()
        except Failure as failure:
            road.secrets.hide_in(failure)
            raise
        finally:
            await errand.over()
        await call.client.finish()
        return outcome


class Errand:
    """One attempt: `ask`, then `answer`, and `over` whatever happened."""

    def __init__(self, call: RawCall, road: Road, loop: asyncio.AbstractEventLoop, time: Callable[[], float]) -> None:
        assert call.target is not None
        self._call = call
        self._road = road
        self._loop = loop
        self._time = time
        self._path = call.path if call.operation == RAW else road.filled(call.path, call.target.model)
        self._connection: Connection | None = None
        self._pouring: Pouring | None = None

    # ---- asking

    async def ask(self) -> None:
        """Send, and wait for the head of the answer. A connection that died while idle is replaced, once.

        A body that cannot be sent twice goes on a fresh connection.
        """
        call, road = self._call, self._road
        upload = call.upload
        if isinstance(upload, Upload) and road.covers_body:
            upload = await gather(upload, LONGEST_SIGNED, road.timeouts.idle)
        call.attempts += 1
        head = await road.head(call, call.method, self._path, self._said(upload), whole_or_none(upload))
        for fresh in (isinstance(upload, Upload), True):
            if await self._try(head, upload, fresh):
                return
        raise Failure("network_error", f"{road.endpoint.name} closes its connections as soon as they are open")

    async def _try(self, head: bytes, upload: bytes | Upload, fresh: bool) -> bool:
        call, road = self._call, self._road
        pool, patience = road.pool, road.timeouts
        deadline = self._loop.time() + patience.total
        call.phase = "connecting"
        connection = (None if fresh else pool.take()) or await pool.acquire(deadline, fresh, call)
        self._connection = connection
        call.phase = "waiting"
        began = self._time()
        sent = False
        try:
            whole = head + upload if isinstance(upload, bytes) else head
            connection.send(whole, patience.total, patience.idle, self._loop.time() + patience.total)
            sent = True
            if isinstance(upload, Upload):
                self._pouring = Pouring(connection, upload, patience.idle, patience.total)
            await connection.head()
            return True
        except Stale:
            if sent and call.method not in IDEMPOTENT:
                detail = (
                    f"{road.endpoint.name} closed the connection before it answered; it may have done what was asked"
                )
                raise Failure("network_error", detail) from None
            self._connection = None
            pool.release(connection, False)
            return False
        finally:
            call.upstream_seconds += self._time() - began

    def _said(self, upload: bytes | Upload) -> list[tuple[str, str]]:
        call = self._call
        said = list(asked_headers(call.caller, self._road.endpoint.provider.passes, call.decoded))
        if call.operation != RAW and isinstance(upload, bytes):
            said = [*(pair for pair in said if pair[0] != "content-type"), ("content-type", "application/json")]
        if isinstance(upload, bytes):
            length = str(len(upload)) if upload or call.method in WITH_BODY else ""
        else:
            length = "" if upload.length is None else str(upload.length)
            said += [] if length else [("transfer-encoding", "chunked")]
        return [*said, ("content-length", length)] if length else said

    @property
    def _is_sent(self) -> bool:
        return self._pouring is None or self._pouring.is_whole

    # ---- answering

    async def answer(self) -> Outcome:
        connection, call = self._connection, self._call
        assert connection is not None
        refused = connection.status >= (400 if call.operation == RAW else 300)
        if refused and call.method != "HEAD":
            raise await self._refusal(connection)
        self._start(connection, connection.headers)
        mask = Mask(self._road.secrets.in_bytes, call.client.write)
        content_type = dict(connection.headers).get("content-type", "")
        tap = tap_for(call, self._road.endpoint.provider, self._path, content_type, mask.write)
        if call.method != "HEAD":
            await self._relay(connection, tap)
            mask.end()
        if refused:
            raise told(self._failure(connection, b""))
        return Outcome(connection.status, tap.usage(), call.target, None, call.attempts)

    async def _relay(self, connection: Connection, tap: Tap | StreamTap) -> None:
        """Piece by piece. What says how long it may take is how long nothing comes: each piece gives time anew."""
        call, total = self._call, self._road.timeouts.total

        def sink(data: bytes) -> None:
            connection.extend(total)
            tap.write(data)

        call.phase = "streaming"
        began = self._time()
        call.client.follow(connection)
        try:
            connection.extend(total)
            if not connection.complete:
                call.client.write(b"")
            await connection.pump(sink)
        finally:
            call.client.follow(None)
            call.upstream_seconds += self._time() - began

    async def _refusal(self, connection: Connection) -> Failure:
        """An error of the provider's. The application is told in its own words, or else by whoever renders the failure."""
        body = await read_whole(connection, LONGEST_ERROR)
        if not connection.complete or "content-encoding" in dict(connection.headers):
            body = b""  # what cannot be read cannot be shown
        body = self._road.secrets.hide_bytes(body)
        failure = self._failure(connection, body)
        if self._call.operation != RAW or connection.status == 401 or not connection.complete:
            return failure
        unsaid = ("content-length", "content-encoding")
        headers = [pair for pair in connection.headers if pair[0] not in unsaid]
        self._start(connection, [*headers, ("content-length", str(len(body)))])
        self._call.client.write(body)
        return told(failure)

    def _failure(self, connection: Connection, body: bytes) -> Failure:
        provider = self._road.endpoint.provider
        parse_error = provider.parse_error or BY_NAME[provider.dialect].parse_error
        failure = parse_error(connection.status, dict(connection.headers), body)
        if failure.kind == "authentication_failed":
            self._road.refused(self._call, failure)
        if failure.kind == "model_not_found" and self._call.operation == RAW:
            failure.kind = "invalid_request"  # what is not there is whatever the path names
        failure.headers = passed_headers(connection.headers)
        return failure

    def _start(self, connection: Connection, headers: list[tuple[str, str]]) -> None:
        call = self._call
        here = call.caller.get("host", "")
        answered = answered_headers(connection.status, headers, self._road.endpoint, self._path, here)
        theirs = self._road.secrets.hide_in_headers(answered)
        receipt = [pair for pair in render_receipt(call, self._time()) if pair[1]]
        closing = [] if self._is_sent else [("connection", "close")]
        call.client.start(connection.status, [*theirs, *receipt, *closing])

    # ---- the end

    async def over(self) -> None:
        """Let go of the connection; of one that has more to say or to hear, close it at once."""
        if self._connection is not None:
            reuse = self._connection.done() and self._is_sent
            self._road.pool.release(self._connection, reuse)
        if self._pouring is not None:
            await self._pouring.stop()


def told(failure: Failure) -> Failure:
    """Counted and logged as a failure; the application has its answer."""
    failure.told = True
    return failure


def whole_or_none(upload: bytes | Upload) -> bytes:
    """What a signature may cover."""
    return upload if isinstance(upload, bytes) else b""
