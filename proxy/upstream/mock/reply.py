"""The reply that is not streamed, whole or broken: a JSON object with a content-length.

The whole answer comes after the time its stream would take. What it says is the wire's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import orjson

from proxy.call import Json
from proxy.upstream.mock.answer import Answer
from proxy.upstream.mock.models import Behaviour
from proxy.upstream.mock.steps import JSON, End, Script, Step, message
from proxy.upstream.mock.wire import FAULT, Wire


def reply_script(
    wire: Wire, request: Json, answer: Answer, behaviour: Behaviour, id: str, pauses: Iterator[float]
) -> Script:
    """The reply after the first pause and one more for each further token; a fault breaks it."""
    body = orjson.dumps(wire.whole(request, answer, id))
    break_off = FAULTS.get(behaviour.kind, _whole)
    data, end = break_off(wire, id, body)
    return Script([Step(sum(islice(pauses, max(1, answer.tokens))), data)], end)


def _whole(wire: Wire, id: str, body: bytes) -> tuple[bytes, End]:
    return message(200, body, JSON, {wire.id_header: f"req_{id}"}), "keep"


def _cut(wire: Wire, id: str, body: bytes) -> tuple[bytes, End]:
    return _whole(wire, id, body)[0][: -(len(body) // 2)], "close"


def _broken(wire: Wire, id: str, body: bytes) -> tuple[bytes, End]:
    return _whole(wire, id, body[: len(body) // 2])


def _error(wire: Wire, id: str, body: bytes) -> tuple[bytes, End]:
    return _whole(wire, id, orjson.dumps(wire.error(500, FAULT)))


def _never(wire: Wire, id: str, body: bytes) -> tuple[bytes, End]:
    return b"", "hang"


FAULTS: Mapping[str, Callable[[Wire, str, bytes], tuple[bytes, End]]] = {
    "cut": _cut,
    "cut-event": _cut,
    "truncated": _cut,
    "end-early": _broken,
    "malformed": _broken,
    "error-event": _error,
    "stall": _never,
}
