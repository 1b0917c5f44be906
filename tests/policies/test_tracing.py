"""Which calls are followed, what is noted of them, and what becomes of attempts that end when nobody waits any more."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest

from proxy.call import CUT, KINDS, Call, Failure, Outcome, Usage
from proxy.policies.tracing import HALF, Sampling, Tracing
from proxy.stack import compose
from proxy.tracing.otlp import render_request, render_resource, render_scope
from proxy.tracing.span import Span
from proxy.tracing.teller import Teller
from tests.policies.clocked import Clock
from tests.tracing.calls import new_call
from tests.tracing.receiver import CLIENT, SERVER, Received, spans_in

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
BEGIN = render_resource({}), render_scope("s", "1")


class Told:
    """The policy, and the spans that it has told. `rolls` are what the dice show, the last one for good."""

    def __init__(self, sampling: Sampling = Sampling(), *rolls: int) -> None:  # noqa: B008
        self.clock = Clock()
        self.bytes: list[bytes] = []
        self.rolls = list(rolls or (7,))
        self.policy = Tracing(
            sampling, Teller(lambda data: data), self.bytes.append, self.clock, lambda: 1_000_000.0, self._roll
        )

    def _roll(self, bits: int) -> int:
        return (self.rolls.pop(0) if len(self.rolls) > 1 else self.rolls[0]) % (1 << bits)

    @property
    def spans(self) -> list[Received]:
        return spans_in(render_request(*BEGIN, self.bytes))

    async def run(self, call: Call, *inner: Any) -> Outcome:
        """As the gateway does, which tells of every call that has failed."""
        try:
            return await compose([self.policy, self.policy.attempts], *inner)(call)
        except Failure as failure:
            self.policy.late(call, failure)
            raise


async def well(call: Call) -> Outcome:
    call.attempts += 1
    return Outcome(200, Usage(3, 0, 0, 4))


def fails(failure: BaseException) -> Callable[[Call], Any]:
    async def inner(call: Call) -> Outcome:
        raise failure

    return inner


def fresh(**known: Any) -> Call:
    return new_call(**{"attempts": 0, **known})


async def test_a_call_and_its_attempt() -> None:
    told = Told(Sampling(), 0xAB, 0xCD, 0xEF)
    call = fresh(started=99.0)

    async def inner(asked: Call) -> Outcome:
        assert asked.span.lines == f"traceparent: 00-{0xAB:032x}-{0xEF:016x}-01\r\n"
        told.clock.now += 5
        return await well(asked)

    assert (await told.run(call, inner)).status == 200
    attempt, root = told.spans
    assert (root.trace_id, root.id, attempt.id) == (f"{0xAB:032x}", f"{0xCD:016x}", f"{0xEF:016x}")
    assert (root.span.start_time_unix_nano, root.seconds, attempt.seconds) == ((1_000_000 - 1) * 10**9, 6.0, 5.0)
    assert root.attributes["gen_ai.usage.output_tokens"] == 4
    assert (call.span.trace_id, call.span.id) == (root.trace_id, root.id), (
        "whoever notes the call later finds its trace"
    )


async def test_identifiers_are_never_nought() -> None:
    told = Told(Sampling(), 0)
    await told.run(fresh(), well)
    assert all(int(span.id, 16) and int(span.trace_id, 16) for span in told.spans)


@pytest.mark.parametrize(
    ("ratio", "roll", "followed"),
    [
        (1.0, HALF - 1, True),
        (0.0, 1, False),
        (0.25, HALF // 4 - 1, True),
        (0.25, HALF // 4, False),
        (0.25, HALF * 9, True),
    ],
)
async def test_the_dice(ratio: float, roll: int, followed: bool) -> None:
    told = Told(Sampling(ratio, errors=False), roll)
    await told.run(fresh(), well)
    assert bool(told.spans) is followed


@pytest.mark.parametrize("errors", [False, True])
async def test_a_call_that_is_not_followed_is_left_alone(errors: bool) -> None:
    told = Told(Sampling(0, errors=errors))
    call = fresh()

    async def inner(asked: Call) -> Outcome:
        assert asked.span is None
        return await well(asked)

    await told.run(call, inner)
    assert (told.spans, call.span) == ([], None)


@pytest.mark.parametrize("kind", KINDS)
async def test_failures_of_a_call_that_is_not_followed(kind: str) -> None:
    told = Told(Sampling(0))
    with pytest.raises(Failure):
        await told.run(fresh(), fails(Failure(kind, "detail")))
    assert bool(told.spans) is (KINDS[kind].party in ("provider", "operator", "self"))
    for span in told.spans:
        assert (span.attributes["error.type"], span.span.kind) == (kind, SERVER)


@pytest.mark.parametrize(
    ("end", "phase", "kind"),
    [
        (RuntimeError(), "", "internal_error"),
        (asyncio.CancelledError(), CUT, "draining"),
        (asyncio.CancelledError(), "streaming", "client_gone"),
        (Failure("timeout", "late"), "", "timeout"),
    ],
)
async def test_ends_of_a_call_that_is_followed(end: BaseException, phase: str, kind: str) -> None:
    told = Told()
    with pytest.raises(type(end)):
        await told.run(fresh(phase=phase), fails(end))
    assert [span.attributes["error.type"] for span in told.spans] == [kind, kind]
    assert told.spans[1].attributes["http.response.status_code"] == KINDS[kind].status


async def test_a_caller_s_decision_holds() -> None:
    told = Told(Sampling(0))
    await told.run(fresh(caller={"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "a=1"}), well)
    _, root = told.spans
    assert (root.trace_id, root.parent, root.span.trace_state) == (TRACE, CALLER, "a=1")
    told = Told(Sampling(1))
    with pytest.raises(Failure):
        await told.run(fresh(caller={"traceparent": f"00-{TRACE}-{CALLER}-00"}), fails(Failure("timeout", "late")))
    assert told.spans == []


async def test_a_failure_in_a_trace_that_is_not_heeded_belongs_to_it() -> None:
    told = Told(Sampling(0, parent=False))
    with pytest.raises(Failure):
        await told.run(fresh(caller={"traceparent": f"00-{TRACE}-{CALLER}-01"}), fails(Failure("timeout", "late")))
    [root] = told.spans
    assert (root.trace_id, root.parent) == (TRACE, CALLER)


async def test_an_attempt_that_outlives_its_call_is_told_on_its_own() -> None:
    """As where several calls are asked as one, and the first of them goes."""
    told = Told()
    gate = asyncio.Event()
    tasks: list[asyncio.Task[Outcome]] = []

    async def waits(call: Call) -> Outcome:
        await gate.wait()
        return await well(call)

    handler = told.policy.attempts.around(waits)

    async def shares(call: Call) -> Outcome:
        batch = fresh(span=call.span)
        tasks.append(asyncio.ensure_future(handler(batch)))
        await asyncio.sleep(0)
        return Outcome(200)

    await compose([told.policy], shares)(fresh())
    assert [span.span.kind for span in told.spans] == [SERVER]
    gate.set()
    await tasks[0]
    root, late = told.spans
    assert (late.span.kind, late.parent, late.trace_id) == (CLIENT, root.id, root.trace_id)


async def test_nothing_of_a_call_waits_for_the_collector() -> None:
    async def late(call: Call) -> Outcome:
        raise Failure("timeout", "late")

    told = Told()
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(Failure):
            await told.run(fresh(), late)
        await told.run(fresh(), well)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert [each for each in gc.garbage if isinstance(each, Call | Span)] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
