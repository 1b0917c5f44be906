"""Where spans go: an OpenTelemetry collector, over OTLP/HTTP. Whatever it does, nobody waits for it and nothing grows.

`put` only queues. One task sends what has gathered, and sends again what may be sent again; what finds the queue full, or is not
taken in the end, is dropped and counted. That it does not get through is said once, and once more when it does.

Sources: https://opentelemetry.io/docs/specs/otlp/#otlphttp, https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

import aiohttp
from yarl import URL

from proxy.dialects.retry_after import parse_retry_after
from proxy.tracing.otlp import parse_response, render_request
from proxy.upstream.dial import proxy_for
from proxy.upstream.tls import ResumingContext

log = logging.getLogger(__name__)

#: What may be sent again, https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes.
AGAIN = frozenset({429, 502, 503, 504})
ATTEMPTS = 5
#: Seconds before a second attempt, each time twice as many, give or take half; and the longest that a collector may order.
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
#: Bytes that may wait in all, and that are sent at once: the specification recommends at most 20 MiB.
MOST_BYTES, LARGEST_REQUEST = 16 << 20, 4 << 20
LONGEST_ANSWER = 64 << 10
LONGEST_MESSAGE = 200
GZIP = 31
#: What becomes of spans.
SENT, DROPPED, REFUSED, LOST = ("sent",), ("dropped",), ("refused",), ("lost",)


class Destination(NamedTuple):
    """`delay`: seconds that spans may wait for others; `timeout`: for one request. `queue` and `batch` are numbers of spans."""

    url: str
    headers: Mapping[str, str]
    gzip: bool = False
    timeout: float = 10.0
    queue: int = 2048
    batch: int = 512
    delay: float = 5.0


class Answer(NamedTuple):
    """What became of a request. `why`: "" where it was taken; `again`: whether it may be sent again, after `wait` seconds."""

    why: str = ""
    again: bool = False
    wait: float | None = None
    rejected: int = 0


class Collector:
    """`put` spans at any time; `start` inside the loop, `close` to send what is left. `dice` rolls 0 to 1.

    `begin` is the beginning of every request: who sends, and how the spans were made.
    """

    def __init__(
        self, destination: Destination, begin: tuple[bytes, bytes], dice: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        self.counted: Counter[tuple[str, ...]] = Counter({SENT: 0, DROPPED: 0, REFUSED: 0, LOST: 0})
        self._to = destination
        self._begin = begin
        self._dice = dice
        self._wall = wall
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._batch: list[bytes] = []
        self._some = asyncio.Event()
        self._many = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._task: asyncio.Task[None] | None = None
        self._trouble = False
        self._rejects = False

    @property
    def fill(self) -> tuple[int, int]:
        """How many spans wait, and how many may."""
        return len(self._waiting) + len(self._batch), self._to.queue

    def put(self, span: bytes) -> None:
        if len(self._waiting) + len(self._batch) >= self._to.queue or self._bytes + len(span) > MOST_BYTES:
            self.counted[DROPPED] += 1
            return
        self._waiting.append(span)
        self._bytes += len(span)
        if len(self._waiting) == 1:
            self._some.set()
        if len(self._waiting) == self._to.batch:
            self._many.set()

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self, seconds: float) -> None:
        """Send what is left, each span once more at most, for no longer than this; the rest is lost, which is said."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        left = self.fill[0] + self.counted[SENT]
        try:
            async with asyncio.timeout(seconds):
                while self._batch or self._waiting:
                    self._count(await self._send(self._batch or self._take()))
        except TimeoutError:
            self._note("it takes too long")
        finally:
            if self._session is not None:
                await self._session.close()
        self.counted[LOST] += self.fill[0]
        if lost := left - self.counted[SENT]:
            log.warning("spans are lost: the collector did not take them before the end", extra={"spans": lost})

    # ---- gathering

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._to.delay):
                    await self._many.wait()
            await self._deliver(self._take())

    def _take(self) -> list[bytes]:
        """The oldest, as many as go at once."""
        size = 0
        while self._waiting and len(self._batch) < self._to.batch and size < LARGEST_REQUEST:
            self._batch.append(self._waiting.popleft())
            size += len(self._batch[-1])
        if not self._waiting:
            self._some.clear()
        if len(self._waiting) < self._to.batch:
            self._many.clear()
        return self._batch

    async def _deliver(self, batch: list[bytes]) -> None:
        for made in range(1, ATTEMPTS + 1):
            answer = await self._send(batch)
            if not answer.again or made == ATTEMPTS:
                break
            await asyncio.sleep(self._pause(made) if answer.wait is None else min(answer.wait, LONGEST_WAIT))
        self._count(answer)

    def _pause(self, made: int) -> float:
        return FIRST_WAIT * 2.0 ** (made - 1) * (0.5 + self._dice())

    def _count(self, answer: Answer) -> None:
        """What became of the batch in hand."""
        spans = len(self._batch)
        rejected = min(answer.rejected, spans)
        self.counted[LOST if answer.again else REFUSED] += spans if answer.why else rejected
        self.counted[SENT] += 0 if answer.why else spans - rejected
        self._bytes -= sum(map(len, self._batch))
        self._batch.clear()

    # ---- sending

    async def _send(self, batch: list[bytes]) -> Answer:
        body = render_request(*self._begin, batch)
        if self._to.gzip:
            body = await asyncio.get_running_loop().run_in_executor(None, compressed, body)
        try:
            async with asyncio.timeout(self._to.timeout):
                answer = await self._post(body)
        except TimeoutError:
            answer = Answer(f"it did not answer within {self._to.timeout:g} seconds", again=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            answer = Answer(type(error).__name__, again=True)
        self._note(answer.why)
        return answer

    async def _post(self, body: bytes) -> Answer:
        session = self._client()
        async with session.post(
            self._to.url, data=body, allow_redirects=False, proxy=proxy_for(URL(self._to.url))
        ) as response:
            if not 200 <= response.status < 300:
                again = response.status in AGAIN
                wait = parse_retry_after(response.headers, now=self._wall()) if again else None
                response.close()
                return Answer(f"it answered {response.status}", again, wait)
            said = await read_some(response)
        rejected = parse_response(said)
        if (rejected.spans or rejected.message) and not self._rejects:
            self._rejects = True
            message = "".join(filter(str.isprintable, rejected.message[:LONGEST_MESSAGE]))
            log.warning("the collector does not take all spans", extra={"spans": rejected.spans, "said": message})
        return Answer(rejected=max(rejected.spans, 0))

    def _note(self, why: str) -> None:
        """Said when it changes."""
        if bool(why) == self._trouble:
            return
        self._trouble = bool(why)
        host = URL(self._to.url).host
        if why:
            log.warning("spans do not get through to the collector", extra={"collector": host, "why": why})
        else:
            log.info("spans get through to the collector again", extra={"collector": host})

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            secure = self._to.url.startswith("https:")
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=1, ssl=ResumingContext.verifying() if secure else True),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers(),
                timeout=aiohttp.ClientTimeout(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _headers(self) -> dict[str, str]:
        own = {"content-type": "application/x-protobuf", "user-agent": "outrider", "accept-encoding": "identity"}
        return {**self._to.headers, **own, **({"content-encoding": "gzip"} if self._to.gzip else {})}


async def read_some(response: aiohttp.ClientResponse) -> bytes:
    """An answer is short; of one that is not, the beginning, and the connection ends."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > LONGEST_ANSWER:
            response.close()
            return b""
    return bytes(body)


def compressed(body: bytes) -> bytes:
    press = zlib.compressobj(wbits=GZIP)
    return press.compress(body) + press.flush()
