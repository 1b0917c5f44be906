"""The streamed reply: OpenAI's chat completion chunks as server-sent events, each event one HTTP chunk and one write.

https://platform.openai.com/docs/api-reference/chat/streaming. A stream is made while it is played. A fault is a
function from the events not yet sent to the bytes that are sent instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice, zip_longest

import orjson

from proxy.call import Json
from proxy.upstream.mock.answer import Answer, Choice
from proxy.upstream.mock.models import Behaviour
from proxy.upstream.mock.reply import FAULT, identity
from proxy.upstream.mock.steps import LAST_CHUNK, SSE, End, Script, Step, chunk, head

DONE = b"data: [DONE]\n\n"


def stream_script(request: Json, answer: Answer, behaviour: Behaviour, id: str, pauses: Iterator[float]) -> Script:
    """Head and opening after the first pause, then one pause between one content event and the next."""
    headers = {"content-type": SSE, "x-request-id": f"req_{id}", "transfer-encoding": "chunked"}
    start = Step(next(pauses), head(200, headers))
    opening, content, closing = _events(request, answer, id)
    timed = map(Step, chain([0.0], pauses), content)
    rest = chain(_at_once(opening), timed, _at_once(closing))
    fault, end = FAULTS.get(behaviour.kind, (_whole, "keep"))
    kept: Iterator[Step] = iter(())
    if behaviour.events is not None:
        kept, rest = chain(_at_once(opening), islice(timed, behaviour.events)), chain(timed, _at_once(closing))
    return Script(chain([start], map(_chunked, kept), fault(rest)), end)


def _events(request: Json, answer: Answer, id: str) -> tuple[list[bytes], Iterator[bytes], list[bytes]]:
    """The events in three parts: one role for each choice, the content, the finish reasons with usage and `[DONE]`."""
    wants_usage = bool((request.get("stream_options") or {}).get("include_usage"))
    frame = identity(request, id, "chat.completion.chunk") | ({"usage": None} if wants_usage else {})
    choices = list(enumerate(answer.choices))
    opening = [_event(frame, index, _role(choice)) for index, choice in choices]
    content = (_event(frame, index, delta) for index, delta in _deltas(answer))
    closing = [_event(frame, index, {}, choice.finish_reason) for index, choice in choices]
    usage = [_sse(frame | {"choices": [], "usage": answer.usage()})] if wants_usage else []
    return opening, content, [*closing, *usage, DONE]


def _role(choice: Choice) -> Json:
    return {"role": "assistant", "content": None if choice.calls else "", "refusal": None}


def _deltas(answer: Answer) -> Iterator[tuple[int, Json]]:
    """The deltas of all choices, which take turns."""
    for turn in zip_longest(*(choice.deltas() for choice in answer.choices)):
        for index, delta in enumerate(turn):
            if delta is not None:
                yield index, delta


def _event(frame: Json, index: int, delta: Json, finish_reason: str | None = None) -> bytes:
    return _sse(
        frame | {"choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]}
    )


def _sse(payload: Json) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(payload)


def _at_once(events: list[bytes]) -> Iterator[Step]:
    return (Step(0.0, event) for event in events)


def _chunked(step: Step) -> Step:
    return Step(step.pause, chunk(step.data))


# Faults


def _whole(rest: Iterator[Step]) -> Iterator[Step]:
    yield from map(_chunked, rest)
    yield Step(0.0, LAST_CHUNK)


def _truncated(rest: Iterator[Step]) -> Iterator[Step]:
    return map(_chunked, rest)


def _cut(rest: Iterator[Step]) -> Iterator[Step]:
    pause, event = next(rest)
    yield Step(pause, b"%x\r\n" % len(event))


def _cut_event(rest: Iterator[Step]) -> Iterator[Step]:
    pause, event = next(rest)
    yield Step(pause, b"%x\r\n%b" % (len(event), event[: len(event) // 2]))


def _end_early(rest: Iterator[Step]) -> Iterator[Step]:
    yield Step(0.0, LAST_CHUNK)


def _stall(rest: Iterator[Step]) -> Iterator[Step]:
    return iter(())


def _malformed(rest: Iterator[Step]) -> Iterator[Step]:
    yield Step(0.0, chunk(b'data: {"id":"chatcmpl-broken","choices":[{"index":0,\n\n'))
    yield from _whole(rest)


def _error_event(rest: Iterator[Step]) -> Iterator[Step]:
    yield Step(0.0, chunk(_sse(FAULT)))
    yield Step(0.0, LAST_CHUNK)


FAULTS: Mapping[str, tuple[Callable[[Iterator[Step]], Iterator[Step]], End]] = {
    "cut": (_cut, "close"),
    "cut-event": (_cut_event, "close"),
    "truncated": (_truncated, "close"),
    "end-early": (_end_early, "keep"),
    "stall": (_stall, "hang"),
    "malformed": (_malformed, "keep"),
    "error-event": (_error_event, "keep"),
}
