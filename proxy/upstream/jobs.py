"""Calls to providers whose answers are jobs: the innermost handler on such roads, in place of an exchange.

A job is made once for each attempt. Whatever ends the call before the job has ended, an application that hangs up, a deadline, a
failure, the sidecar's own end, ends the job too: the provider is told, in a task that `close` waits for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from yarl import URL

from proxy.call import Call, Failure, Headers, Outcome
from proxy.dialects.jobs import Job
from proxy.receipt import render_receipt
from proxy.relay import encode
from proxy.translate import Plan, Rules, plan
from proxy.upstream.answer import STREAM_HEADERS
from proxy.upstream.body import Price, name_answer, pay
from proxy.upstream.connection import Connection
from proxy.upstream.guess import fill_whole
from proxy.upstream.job import CANCEL_SECONDS, Work
from proxy.upstream.job_address import NotFollowed, check_address
from proxy.upstream.job_stream import Teller, follow
from proxy.upstream.pool import Pool
from proxy.upstream.road import Road

log = logging.getLogger(__name__)
#: Jobs that are being ended at once; beyond that they are left to end themselves.
MOST_ENDING = 1000
LATE = "the job did not finish in the time the call was given"
SILENT = "the job did not begin to answer in time"


class Jobs:
    """A Handler of chats on roads whose provider makes jobs. `close` it when no call is in flight any more.

    `dial` connects to an origin; `time` is monotonic, `wall` tells seconds since the epoch.
    """

    def __init__(
        self,
        roads: Mapping[str, Road],
        rules: Rules,
        dial: Callable[[URL], Awaitable[Connection]],
        loop: asyncio.AbstractEventLoop,
        time: Callable[[], float],
        wall: Callable[[], float],
        price: Price | None = None,
    ) -> None:
        self._roads = roads
        self._rules = rules
        self._dial = dial
        self._loop = loop
        self._time = time
        self._wall = wall
        self._price = price
        self._pools: dict[tuple[str, URL], Pool] = {}
        self._open: dict[Work, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def fill(self) -> tuple[int, int]:
        """How many jobs are being ended, and how many may be at once."""
        return len(self._ending), MOST_ENDING

    async def __call__(self, call: Call) -> Outcome:
        assert call.target is not None
        road = self._roads[call.target.name]
        job = road.endpoint.provider.job
        assert job is not None
        words = plan(call, road.endpoint, call.target.model, call.target.rules or self._rules)
        call.attempts += 1
        call.dropped, call.translated = words.dropped, words.translated
        try:
            outcome = await self._run(call, road, job, words)
        except Failure as failure:
            road.secrets.hide_in(failure)
            raise
        await call.client.finish()
        return outcome

    async def close(self) -> None:
        """End what is open, and wait until all of that is done, for as long as it may take."""
        for work, creating in [*self._open.items()]:
            self._leave(work, creating)
        if self._ending:
            await asyncio.wait(self._ending, timeout=CANCEL_SECONDS)
        for pool in self._pools.values():
            pool.discard_idle()

    # ---- one attempt

    async def _run(self, call: Call, road: Road, job: Job, words: Plan) -> Outcome:
        deadline = self._time() + road.timeouts.total
        if call.deadline is not None and call.deadline < deadline:
            deadline = call.deadline
        work = Work(call, road, job, words, deadline, self._loop)
        creating = self._open[work] = self._loop.create_task(work.create())
        began = self._time()
        try:
            async with asyncio.timeout(deadline - began):
                # What is being made cannot be ended before it has a name: a call that goes away leaves it to _leave.
                await asyncio.shield(creating)
                outcome = await (self._stream if call.stream else self._whole)(call, words, work, began)
            work.over = True
            return outcome
        except TimeoutError:
            raise Failure("timeout", LATE) from None
        finally:
            del self._open[work]
            self._leave(work, creating)

    async def _whole(self, call: Call, words: Plan, work: Work, began: float) -> Outcome:
        await work.wait()
        call.upstream_seconds += self._time() - began
        call.usage = words.hear.parse_usage(work.answer)
        unified = words.hear.parse_reply(work.answer)
        call.usage = fill_whole(call, call.usage, words.theirs, unified)
        pay(call, self._price)
        unified["created"] = unified.get("created") or int(self._wall())
        name_answer(unified, call)
        body = encode(words.say.render_reply(unified, call.json), "provider_error", "the provider's reply")
        self._start(call, work, [("content-type", "application/json"), ("content-length", str(len(body)))])
        call.client.write(body)
        return Outcome(200, call.usage, call.target, None, call.attempts, call.cost)

    async def _stream(self, call: Call, words: Plan, work: Work, began: float) -> Outcome:
        call.phase = "opening"
        silence = asyncio.timeout(max(began + work.road.timeouts.first_byte - self._time(), 0.0))
        teller = Teller(words, call, int(self._wall()), partial(self._begin, call, words, work, began, silence))
        try:
            async with silence:
                await follow(work, teller, call.client, self._address(work))
        except TimeoutError:
            raise Failure("timeout", SILENT) from None
        finally:
            call.usage = teller.usage
            pay(call, self._price)
            if call.ttft is not None:
                call.upstream_seconds += self._time() - call.started - call.ttft
        return Outcome(200, call.usage, call.target, call.ttft, call.attempts, call.cost)

    def _begin(self, call: Call, words: Plan, work: Work, began: float, silence: asyncio.Timeout) -> None:
        """The model has spoken."""
        if not silence.expired():
            silence.reschedule(None)
        now = self._time()
        call.upstream_seconds += now - began
        call.ttft = now - call.started
        call.phase = "streaming"
        self._start(call, work, STREAM_HEADERS[words.ours.framing])

    def _start(self, call: Call, work: Work, headers: Headers) -> None:
        theirs = work.road.secrets.hide_in_headers(work.headers)
        call.client.start(200, [*headers, *theirs, *render_receipt(call, self._time())])

    def _address(self, work: Work) -> tuple[Pool, URL] | None:
        """Where the output lies as a stream, if it lies with the provider, and is still to come."""
        if not work.state.stream or work.state.ended:
            return None
        endpoint = work.road.endpoint
        base = URL(endpoint.base_url)
        try:
            url = check_address(work.state.stream, base, endpoint.provider)
        except NotFollowed as reason:
            log.warning("a stream was not followed: its address %s", reason, extra={"provider": endpoint.name})
            return None
        return (work.road.pool if url.origin() == base.origin() else self._pool(work.road, url.origin())), url

    def _pool(self, road: Road, origin: URL) -> Pool:
        """As many as a road has hosts besides its own, each with the road's limits."""
        key = (road.endpoint.name, origin)
        if key not in self._pools:
            name = f"{road.endpoint.name} ({origin.host})"
            self._pools[key] = Pool(name, partial(self._dial, origin), road.pool.limits, self._loop)
        return self._pools[key]

    # ---- the end of those that nobody wants

    def _leave(self, work: Work, creating: asyncio.Task[None]) -> None:
        """See to it that nothing goes on at the provider."""
        if work.over:
            return
        work.over = True
        if creating.done() and (creating.cancelled() or creating.exception() is not None or work.state.ended):
            return
        if len(self._ending) >= MOST_ENDING:
            log.warning("a job was left to itself", extra={"provider": work.road.endpoint.name})
            return
        ending = self._loop.create_task(self._end(work, creating))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _end(self, work: Work, creating: asyncio.Task[None]) -> None:
        name = work.road.endpoint.name
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                if await has_come_about(creating):
                    await work.cancel()
        except TimeoutError:
            log.warning("a job may go on: ending it took too long", extra={"provider": name})
        except Failure as failure:
            work.road.secrets.hide_in(failure)
            log.warning("a job may go on: %s", failure.detail, extra={"provider": name})


async def has_come_about(creating: asyncio.Task[None]) -> bool:
    """Whether there is a job. Where nobody can tell, the time it was given when it was asked for ends it."""
    try:
        await creating
    except Failure:
        return False
    return True
