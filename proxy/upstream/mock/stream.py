"""The streamed reply, whole or broken: server-sent events, each piece of content one HTTP chunk and one write.

A stream is made while it is played. A fault is a function from the events not yet sent to the bytes that are sent
instead. What the events say is the wire's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice

from proxy.call import Json
from proxy.upstream.mock.answer import Answer
from proxy.upstream.mock.models import Behaviour
from proxy.upstream.mock.steps import LAST_CHUNK, SSE, End, Script, Step, chunk, head
from proxy.upstream.mock.wire import Wire


def stream_script(
    wire: Wire, request: Json, answer: Answer, behaviour: Behaviour, id: str, pauses: Iterator[float]
) -> Script:
    """Head and opening after the first pause, then one pause between one content event and the next."""
    headers = {"content-type": SSE, wire.id_header: f"req_{id}", "transfer-encoding": "chunked"}
    start = Step(next(pauses), head(200, headers))
    opening, content, closing = wire.events(request, answer, id)
    timed = map(Step, chain([0.0], pauses), content)
    rest = chain(_at_once(opening), timed, _at_once(closing))
    fault, end = FAULTS.get(behaviour.kind, (_whole, "keep"))
    kept: Iterator[Step] = iter(())
    if behaviour.events is not None:
        kept, rest = chain(_at_once(opening), islice(timed, behaviour.events)), chain(timed, _at_once(closing))
    return Script(chain([start], map(_chunked, kept), fault(wire, rest)), end)


def _at_once(events: list[bytes]) -> Iterator[Step]:
    return (Step(0.0, event) for event in events)


def _chunked(step: Step) -> Step:
    return Step(step.pause, chunk(step.data))


# Faults


def _whole(wire: Wire, rest: Iterator[Step]) -> Iterator[Step]:
    yield from map(_chunked, rest)
    yield Step(0.0, LAST_CHUNK)


def _truncated(wire: Wire, rest: Iterator[Step]) -> Iterator[Step]:
    return map(_chunked, rest)


def _cut(wire: Wire, rest: Iterator[Step]) -> Iterator[Step]:
    pause, event = next(rest)
    yield Step(pause, b"%x\r\n" % len(event))


def _cut_event(wire: Wire, rest: Iterator[Step]) -> Iterator[Step]:
    pause, event = next(rest)
    yield Step(pause, b"%x\r\n%b" % (len(event), event[: len(event) // 2]))


def _end_early(wire: Wire, rest: Iterator[Step]) -> Iterator[Step]:
    yield Step(0.0, LAST_CHUNK)


def _stall(wire: Wire, rest: Iterator[Step]) -> Iterator[Step]:
    return iter(())


def _malformed(wire: Wire, rest: Iterator[Step]) -> Iterator[Step]:
    yield Step(0.0, chunk(wire.broken))
    yield from _whole(wire, rest)


def _error_event(wire: Wire, rest: Iterator[Step]) -> Iterator[Step]:
    yield Step(0.0, chunk(wire.failed))
    yield Step(0.0, LAST_CHUNK)


FAULTS: Mapping[str, tuple[Callable[[Wire, Iterator[Step]], Iterator[Step]], End]] = {
    "cut": (_cut, "close"),
    "cut-event": (_cut_event, "close"),
    "truncated": (_truncated, "close"),
    "end-early": (_end_early, "keep"),
    "stall": (_stall, "hang"),
    "malformed": (_malformed, "keep"),
    "error-event": (_error_event, "keep"),
}
