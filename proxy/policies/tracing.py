"""Which calls are followed, and how they and their attempts end. What is told of them, and how, is the teller's affair.

The dice fall when a call comes, unless its caller has decided already. A call that is not followed costs next to nothing; one of
those that fails is told afterwards, without its attempts, so that no failure is missed.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from proxy.call import CUT, KINDS, Call, Failure, Handler, Outcome, Usage
from proxy.tracing.context import Parent, parse_parent, parse_state
from proxy.tracing.span import CANCELLED, End, Span, Trace
from proxy.tracing.teller import Teller

#: The lower half of a trace's identifier decides, so that all who go by a ratio decide alike:
#: https://opentelemetry.io/docs/specs/otel/trace/sdk/#traceidratiobased.
HALF = 1 << 64
#: Whose failures are told even where the dice left the call out: a caller's mistakes are many, and nobody's to mend here.
TOLD = frozenset({"provider", "operator", "self"})
FAULT = "internal_error"


class Sampling(NamedTuple):
    """ratio: of the calls, 0 to 1. parent: whether a caller's own decision holds. errors: whether all that fail are told."""

    ratio: float = 1.0
    parent: bool = True
    errors: bool = True


class Tracing:
    """A Policy; `attempts` is another one, which stands innermost. `late` is told of every call that has failed.

    `put` takes each span as bytes and never waits. `time` is the clock of `Call.started`, `wall` tells seconds since 1970, `dice`
    so many random bits.
    """

    def __init__(
        self,
        sampling: Sampling,
        teller: Teller,
        put: Callable[[bytes], None],
        time: Callable[[], float],
        wall: Callable[[], float],
        dice: Callable[[int], int],
    ) -> None:
        self.attempts = Attempts(time, self._id, lambda call, attempt: put(teller.attempt(call, attempt)))
        self._sampling = sampling
        self._bound = int(sampling.ratio * HALF)
        self._teller = teller
        self._put = put
        self._time = time
        self._wall = wall
        self._dice = dice

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        heeds, bound, dice, begin, followed = (
            self._sampling.parent,
            self._bound,
            self._dice,
            self._begin,
            self._followed,
        )

        def traced(call: Call) -> Awaitable[Outcome]:
            given = call.caller.get("traceparent")
            parent = None if given is None else parse_parent(given)
            if parent is None:
                number = dice(128) or 1
                if number % HALF < bound:
                    return followed(call, next, begin(call, f"{number:032x}", None))
            elif parent.sampled if heeds else int(parent.trace_id[16:], 16) < bound:
                return followed(call, next, begin(call, parent.trace_id, parent))
            return next(call)

        return traced

    def _id(self) -> str:
        return f"{self._dice(64) or 1:016x}"

    def _begin(self, call: Call, trace_id: str, parent: Parent | None) -> Trace:
        now = self._time()
        state = "" if parent is None else parse_state(call.caller.get("tracestate", ""))
        trace = Trace(trace_id, self._id(), call.started or now, self._wall() - now, parent, state)
        call.span = Span(trace, trace.root_id, trace.began)
        return trace

    async def _followed(self, call: Call, next: Handler, trace: Trace) -> Outcome:
        kind: str | None = FAULT
        detail, status = "", KINDS[FAULT].status
        usage: Usage | None = None
        try:
            outcome = await next(call)
            kind, status, usage = None, outcome.status, outcome.usage
            return outcome
        except Failure as failure:
            kind, detail, status = failure.kind, failure.detail, failure.status
            raise
        except CancelledError:
            kind = "draining" if call.phase == CUT else "client_gone"
            status = KINDS[kind].status
            raise
        finally:
            self._tell(call, trace, kind, detail, status, usage or call.usage)

    def late(self, call: Call, failure: Failure) -> None:
        """A call has failed: one that was not followed is told now, unless its caller has decided that it is not."""
        if not self._sampling.errors or call.span is not None or failure.party not in TOLD:
            return
        given = call.caller.get("traceparent")
        parent = None if given is None else parse_parent(given)
        if parent is None or not self._sampling.parent:
            self._tell_late(call, parent, failure)

    def _tell_late(self, call: Call, parent: Parent | None, failure: Failure) -> None:
        trace_id = f"{self._dice(128) or 1:032x}" if parent is None else parent.trace_id
        trace = self._begin(call, trace_id, parent)
        self._tell(call, trace, failure.kind, failure.detail, failure.status or KINDS[failure.kind].status, call.usage)

    def _tell(self, call: Call, trace: Trace, kind: str | None, detail: str, status: int, usage: Usage | None) -> None:
        trace.over, trace.kind = True, kind
        for attempt in trace.attempts:
            self._put(self._teller.attempt(call, attempt))
        trace.attempts.clear()
        self._put(self._teller.call(call, trace, self._time(), status, detail, usage))


class Attempts:
    """A Policy: what passes it is an attempt. `tell` is called for one that ends after its call."""

    def __init__(
        self, time: Callable[[], float], new_id: Callable[[], str], tell: Callable[[Call, Span], None]
    ) -> None:
        self._time = time
        self._new_id = new_id
        self._tell = tell

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        followed = self._followed

        def attempted(call: Call) -> Awaitable[Outcome]:
            return next(call) if call.span is None else followed(call, next, call.span)

        return attempted

    async def _followed(self, call: Call, next: Handler, around: Span) -> Outcome:
        attempt = call.span = Span(around.trace, self._new_id(), self._time(), call.target, call.attempts + 1)
        kind: str | None = FAULT
        detail = ""
        status: int | None = None
        try:
            outcome = await next(call)
            kind, status = None, outcome.status
            return outcome
        except Failure as failure:
            kind, detail, status = failure.kind, failure.detail, failure.provider_status
            raise
        except CancelledError:
            kind = CANCELLED
            raise
        finally:
            call.span = around
            attempt.end = End(self._time(), kind, detail, status, self._ttft(call, attempt))
            self._end(call, attempt)

    def _ttft(self, call: Call, attempt: Span) -> float | None:
        """From when it was asked."""
        return None if call.ttft is None else max(call.started + call.ttft - attempt.began, 0.0)

    def _end(self, call: Call, attempt: Span) -> None:
        if attempt.trace.over:
            self._tell(call, attempt)
        else:
            attempt.trace.attempts.append(attempt)
