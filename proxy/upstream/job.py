"""One job at a provider: made once, looked at now and then, and ended when nobody wants it any more.

All of it is asked with the key that made it, and of the provider's own host. What its answers mean is the dialect's; how its
output reaches the application is job_stream.py's.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from yarl import URL

from proxy.call import Call, Failure, Headers, Json
from proxy.dialects.jobs import HOLE, Job, State, load_job
from proxy.dialects.shape import broken
from proxy.providers import Endpoint
from proxy.receipt import passed_headers
from proxy.translate import Plan
from proxy.upstream.answer import LARGEST, read_whole
from proxy.upstream.connection import Connection, Stale
from proxy.upstream.dial import proxy_for
from proxy.upstream.pool import Pool
from proxy.upstream.road import Road, fixed_head

#: Seconds between two looks: the first, what each is longer than the one before, the longest.
FIRST, GROWTH, LONGEST = 0.1, 1.5, 3.0
#: Looks in a row that may fail in a way that passes.
MISSES = 4
#: Seconds that ending a job may take, the wait for its id included.
CANCEL_SECONDS = 10.0
#: Of errors that leave open whether the job was made.
IN_DOUBT = frozenset({500, 502, 504})
JSON_HEADERS: Headers = (("accept", "application/json"), ("content-type", "application/json"))


class Work:
    """`create` it, once. Then `state`, `answer` and `body` are what was last heard of it; `look` asks anew.

    over: nothing is left to end.
    """

    def __init__(
        self, call: Call, road: Road, job: Job, words: Plan, deadline: float, loop: asyncio.AbstractEventLoop
    ) -> None:
        """`deadline` is on the clock of the loop."""
        self.job = job
        self.road = road
        self.over = False
        self.headers: Headers = ()
        self.state: State
        self.answer: Json = {}
        self.body = b""
        self._call = call
        self.words = words
        self._deadline = deadline
        self._loop = loop
        self._endpoint: Endpoint = road.endpoint
        self._pause = FIRST
        self._misses = 0

    # ---- making it

    async def create(self) -> None:
        """Failure says why there is none; where there may be one nevertheless, it is not to be tried again.

        On a connection of its own: an idle one may close under the request, and who would know whether it had arrived?
        """
        call, road = self._call, self.road
        assert call.target is not None
        order = self.job.order(self.words.body, call.stream, max(self._deadline - self._loop.time(), 0.0))
        said = [*JSON_HEADERS, ("content-length", str(len(order.body))), *order.headers]
        head = await road.head(call, "POST", road.filled(self.words.path, call.target.model), said, order.body)
        self._endpoint = with_key(road.endpoint, call.credential)
        call.phase = "connecting"
        connection = await road.pool.acquire(self._deadline, True, call)
        call.phase = "waiting"
        reuse = False
        try:
            body = await self._made(connection, head + order.body)
            reuse = connection.done()
        finally:
            road.pool.release(connection, reuse)
        self._learn(body)
        if not self.state.id:
            raise broken("a job has no id")

    async def _made(self, connection: Connection, request: bytes) -> bytes:
        patience = self.road.timeouts
        try:
            connection.send(request, patience.first_byte, patience.idle, self._deadline)
            await connection.head()
            body = await read_whole(connection, LARGEST)
        except Stale:
            raise Failure("network_error", "the provider closed the connection before it was used") from None
        except Failure as failure:
            failure.retryable = False
            raise
        self.headers = passed_headers(connection.headers)
        if connection.status >= 300:
            refusal = self._failure(connection, body)
            refusal.retryable = refusal.retryable and connection.status not in IN_DOUBT
            raise refusal
        return body

    # ---- looking at it

    async def look(self) -> State:
        """What has become of it. Of failures that pass a few in a row are borne."""
        try:
            self._learn(await self._get(self.job.status))
            self._misses = 0
        except Failure as failure:
            self._bear(failure)
        return self.state

    async def wait(self) -> None:
        """Until it has ended."""
        while not self.state.ended:
            await self.rest()
            await self.look()

    async def pieces(self) -> bytes | None:
        """The answer that holds its output since the last one; None where it was refused for now.

        Failure where it is not known whether there was an answer: what it held is then lost.
        """
        try:
            body = await self._get(self.job.pieces, again=False)
        except Failure as failure:
            if failure.provider_status is None:
                raise
            self._bear(failure)
            return None
        self._misses = 0
        return body

    async def rest(self, steadily: bool = False) -> None:
        """Wait before asking again, each time a little longer."""
        await asyncio.sleep(FIRST if steadily else self._pause)
        self._pause = min(self._pause * GROWTH, LONGEST)

    def _bear(self, failure: Failure) -> None:
        self._misses += 1
        if not failure.retryable or self._misses > MISSES:
            raise failure
        self._pause = min(max(self._pause, failure.retry_after or 0.0), LONGEST)

    def _learn(self, body: bytes) -> None:
        answer = load_job(body)
        state = self.job.read(answer)
        named = getattr(self, "state", state)
        self.state = state._replace(id=state.id or named.id, stream=state.stream or named.stream)
        self.answer, self.body = answer, body

    # ---- ending it

    async def cancel(self) -> None:
        """Failure where the provider would not, or was not heard."""
        deadline = self._loop.time() + CANCEL_SECONDS
        await self._fetch("POST", self.job.cancel, deadline)

    # ---- asking

    async def listen(self, pool: Pool, url: URL) -> Connection:
        """The answer of another address of the provider's, to be read by whoever asked. `pool` leads there."""
        head = self._head("GET", url.origin(), url.raw_path_qs, "text/event-stream")
        return await self._ask(pool, head, self._deadline)

    async def _get(self, path: str, again: bool = True) -> bytes:
        return await self._fetch("GET", path, self._deadline, again)

    async def _fetch(self, method: str, path: str, deadline: float, again: bool = True) -> bytes:
        pool = self.road.pool
        head = self._head(method, URL(self._endpoint.base_url), path.replace(HOLE, self.state.id), "application/json")
        connection = await self._ask(pool, head, deadline, again)
        reuse = False
        try:
            body = await read_whole(connection, LARGEST)
            reuse = connection.done()
            if connection.status >= 300:
                raise self._failure(connection, body)
            if not reuse and not connection.complete:
                raise Failure("provider_error", f"an answer about a job is longer than {LARGEST} bytes")
            return body
        finally:
            pool.release(connection, reuse)

    def _head(self, method: str, base: URL, path: str, accept: str) -> bytes:
        head = fixed_head(self._endpoint, base, path, proxy_for(base), method=method, content_type="")
        length = "content-length: 0\r\n" if method == "POST" else ""
        return f"{head}accept: {accept}\r\n{length}\r\n".encode("latin-1", "replace")

    async def _ask(self, pool: Pool, head: bytes, deadline: float, again: bool = True) -> Connection:
        """A connection that died while idle is replaced, once, unless the answer may be lost for that."""
        patience = self.road.timeouts
        for fresh in (False, True):
            connection = (None if fresh else pool.take()) or await pool.acquire(deadline, fresh)
            try:
                connection.send(head, patience.first_byte, patience.idle, deadline)
                await connection.head()
                return connection
            except Stale:
                pool.release(connection, False)
                if not again:
                    break
            except BaseException:
                pool.release(connection, False)
                raise
        raise Failure("network_error", f"{self._endpoint.name} closed the connection before it answered")

    def _failure(self, connection: Connection, body: bytes) -> Failure:
        parse_error = self._endpoint.provider.parse_error or self.words.theirs.parse_error
        failure = parse_error(connection.status, dict(connection.headers), self.road.secrets.hide_bytes(body))
        if failure.kind == "authentication_failed":
            self.road.refused(self._call, failure)
        failure.headers = passed_headers(connection.headers)
        return failure


def with_key(endpoint: Endpoint, which: int) -> Endpoint:
    """The endpoint with the one of its keys that made the job: with another it is somebody else's."""
    return replace(endpoint, key=endpoint.keys[which], keys=()) if which < len(endpoint.keys) else endpoint
