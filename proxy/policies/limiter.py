"""One limit and the callers before it: taken at once where nobody waits, else in the order of arrival.

Whoever stands first goes first, however much it needs, so that a large request is never starved by small ones. There is one
timer for the first in the queue and none while nobody waits. What the limit is for, and what its gates are, is not known.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from proxy.call import Failure
from proxy.policies.bucket import Gate, Reservation

#: A timer that comes early is set anew, but not in a circle.
SHORTEST = 0.001


class Patience(NamedTuple):
    """`wait`: seconds in the queue; `queue`: callers that may stand in it."""

    wait: float = 0.0
    queue: int = 100


class Line:
    """The callers that wait in the queues of one limit, all its values together, and what has become of callers."""

    def __init__(self, name: str, patience: Patience) -> None:
        self.name = name
        self.patience = patience
        self.waiting = 0
        self.waited = 0
        self.waited_seconds = 0.0
        self.refused: dict[str, int] = {}

    def refusal(self, reason: str, detail: str, retry_after: float) -> Failure:
        self.refused[reason] = self.refused.get(reason, 0) + 1
        return Failure("rate_limited", f"the limit {self.name} {detail}", retry_after=max(retry_after, SHORTEST))


class Grant:
    """What one call holds of one limit. `start` it when the call sets out, and end it in `settle` or `refund`."""

    __slots__ = ("_limiter", "requests", "tokens")

    def __init__(self, limiter: Limiter, requests: Reservation | None, tokens: Reservation | None) -> None:
        self._limiter = limiter
        self.requests = requests
        self.tokens = tokens

    def start(self, now: float) -> None:
        limiter = self._limiter
        if self.requests is not None and limiter.requests is not None:
            limiter.requests.start(self.requests, now)
        if self.tokens is not None and limiter.tokens is not None:
            limiter.tokens.start(self.tokens, now)

    def settle(self, tokens: int | None, now: float) -> None:
        """The request is counted; `tokens` are what it really took, None where nobody said."""
        limiter = self._limiter
        if self.requests is not None and limiter.requests is not None:
            limiter.requests.settle(self.requests, 1, now)
        if self.tokens is not None and limiter.tokens is not None:
            limiter.tokens.settle(self.tokens, self.tokens.amount if tokens is None else tokens, now)
        limiter.ended()

    def refund(self, now: float) -> None:
        limiter = self._limiter
        if self.requests is not None and limiter.requests is not None:
            limiter.requests.refund(self.requests, now)
        if self.tokens is not None and limiter.tokens is not None:
            limiter.tokens.refund(self.tokens, now)
        limiter.ended()


class Need(NamedTuple):
    """Tokens: `least` is what the prompt has, `likely` what there will be with the answer."""

    least: int
    likely: int


class Waiter(NamedTuple):
    need: Need
    future: asyncio.Future[Grant]


class Limiter:
    """`take` a Grant, or else `queue` for one. `time` is the clock of the gates and of deadlines, in seconds."""

    def __init__(self, line: Line, requests: Gate | None, tokens: Gate | None, time: Callable[[], float]) -> None:
        self.line = line
        self.requests = requests
        self.tokens = tokens
        self.out = 0
        self._time = time
        self._waiters: deque[Waiter] = deque()
        self._timer: asyncio.TimerHandle | None = None
        for gate in (requests, tokens):
            if gate is not None:
                gate.follow(self.wake)

    @property
    def busy(self) -> bool:
        """Somebody waits, or holds a grant."""
        return bool(self._waiters) or self.out > 0

    @property
    def idle(self) -> bool:
        """It is not busy, and everything that was taken has come back."""
        now = self._time()
        gates = (gate for gate in (self.requests, self.tokens) if gate is not None)
        return not self.busy and all(gate.fill(now)[0] <= 0 for gate in gates)

    def take(self, need: Need) -> Grant | None:
        """A grant at once; None where it has to be waited for. Failure("request_too_large")."""
        grant = self._reserve(self._amount(need)) if not self._waiters else None
        return grant if isinstance(grant, Grant) else None

    async def queue(self, need: Need, deadline: float | None) -> Grant:
        """A grant in its turn. Failure("rate_limited") where the queue is full or it takes too long.

        Whoever would wait in vain is told at once, unless calls are under way that may give back tokens.
        """
        line, delay, began = self.line, self.wait_for(need), self._time()
        hope = self.out and self.tokens is not None
        if line.patience.wait <= 0 or (delay > line.patience.wait and not hope):
            raise line.refusal("exhausted", "is used up", delay)
        if line.waiting >= line.patience.queue:
            raise line.refusal("queue_full", f"is used up and {line.patience.queue} calls wait", delay)
        until = began + line.patience.wait
        waiter = Waiter(need, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        line.waiting += 1
        try:
            self.wake()
            return await self._turn(waiter, until if deadline is None else min(until, deadline))
        finally:
            line.waiting -= 1
            line.waited += 1
            line.waited_seconds += self._time() - began

    async def _turn(self, waiter: Waiter, until: float) -> Grant:
        try:
            async with asyncio.timeout(max(until - self._time(), 0.0)):
                return await waiter.future
        except BaseException as error:
            self._give_up(waiter)
            if isinstance(error, TimeoutError):
                delay = self.wait_for(waiter.need)
                raise self.line.refusal("waited", "was used up for as long as the call may wait", delay) from None
            raise

    def _give_up(self, waiter: Waiter) -> None:
        """A grant that was already given goes back; a place in the queue is left to the next."""
        if waiter.future.done() and not waiter.future.cancelled():
            if waiter.future.exception() is None:
                waiter.future.result().refund(self._time())
        elif waiter in self._waiters:
            self._waiters.remove(waiter)
            self.wake()

    def wait_for(self, need: Need) -> float:
        """Seconds that a caller of now would wait, after all that wait already, if nothing comes back before its time.

        Failure("request_too_large") where it would wait for ever.
        """
        now, tokens = self._time(), self._amount(need)
        ahead = sum(waiter.need.likely for waiter in self._waiters)
        requests = 0.0 if self.requests is None else self.requests.wait(len(self._waiters) + 1, now)
        return max(requests, 0.0 if self.tokens is None else self.tokens.wait(ahead + tokens, now))

    def wake(self) -> None:
        """Look who may go: something may have come back, or there may be more of it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiters:
            first = self._waiters[0]
            granted = self._grant(first) if not first.future.done() else None
            if isinstance(granted, float):
                self._timer = asyncio.get_running_loop().call_later(max(granted, SHORTEST), self._ring)
                return
            self._waiters.popleft()

    def ended(self) -> None:
        self.out -= 1
        if self._waiters:
            self.wake()

    def _ring(self) -> None:
        self._timer = None
        self.wake()

    def _grant(self, waiter: Waiter) -> float | None:
        """Seconds that the first in the queue has still to wait; None where it does no longer."""
        try:
            grant = self._reserve(self._amount(waiter.need))
        except Failure as failure:
            waiter.future.set_exception(failure)
            return None
        if isinstance(grant, float):
            return grant
        waiter.future.set_result(grant)
        return None

    def _amount(self, need: Need) -> int:
        """Tokens to take. An answer as long as it may be need not fit into the limit; the prompt must."""
        if self.tokens is None:
            return 0
        whole = self.tokens.whole
        if need.least > whole:
            raise self._too_large(need.least, whole)
        return min(need.likely, whole)

    def _reserve(self, tokens: int) -> Grant | float:
        now = self._time()
        requests = None if self.requests is None else self.requests.reserve(1, now, held=True)
        if isinstance(requests, float):
            return requests
        counted = None if self.tokens is None else self.tokens.reserve(tokens, now, held=True)
        if isinstance(counted, float):
            if self.requests is not None and requests is not None:
                self.requests.refund(requests, now)
            return counted
        self.out += 1
        return Grant(self, requests, counted)

    def _too_large(self, tokens: int, whole: int) -> Failure:
        self.line.refused["too_large"] = self.line.refused.get("too_large", 0) + 1
        detail = f"the request takes about {tokens} tokens, and the limit {self.line.name} is {whole} in all"
        return Failure("request_too_large", detail)
