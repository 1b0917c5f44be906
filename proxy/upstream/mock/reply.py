"""The reply that is not streamed, whole or broken: OpenAI's chat completion object with a content-length.

https://platform.openai.com/docs/api-reference/chat/object. The whole answer comes after the time its stream would take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import orjson

from proxy.call import Json
from proxy.upstream.mock.answer import Answer
from proxy.upstream.mock.models import Behaviour
from proxy.upstream.mock.steps import JSON, End, Script, Step, error_body, message

#: Every answer is of this second (2025-01-01T00:00:00Z): the mock reads no clock.
CREATED = 1_735_689_600
FAULT = error_body(500, "The mock was asked to fail.")


def identity(request: Json, id: str, object: str) -> Json:
    """The fields that a reply and each chunk of a stream begin with."""
    return {
        "id": f"chatcmpl-{id}",
        "object": object,
        "created": CREATED,
        "model": request["model"],
        "service_tier": "default",
        "system_fingerprint": "fp_mock",
    }


def reply_script(request: Json, answer: Answer, behaviour: Behaviour, id: str, pauses: Iterator[float]) -> Script:
    """The reply after the first pause and one more for each further token; a fault breaks it."""
    body = orjson.dumps(_completion(request, answer, id))
    break_off = FAULTS.get(behaviour.kind, _whole)
    data, end = break_off(id, body)
    return Script([Step(sum(islice(pauses, max(1, answer.tokens))), data)], end)


def _completion(request: Json, answer: Answer, id: str) -> Json:
    choices = [
        {"index": index, "message": choice.message(), "logprobs": None, "finish_reason": choice.finish_reason}
        for index, choice in enumerate(answer.choices)
    ]
    return identity(request, id, "chat.completion") | {"choices": choices, "usage": answer.usage()}


def _whole(id: str, body: bytes) -> tuple[bytes, End]:
    return message(200, body, JSON, {"x-request-id": f"req_{id}"}), "keep"


def _cut(id: str, body: bytes) -> tuple[bytes, End]:
    return _whole(id, body)[0][: -(len(body) // 2)], "close"


def _broken(id: str, body: bytes) -> tuple[bytes, End]:
    return _whole(id, body[: len(body) // 2])


def _error(id: str, body: bytes) -> tuple[bytes, End]:
    return _whole(id, orjson.dumps(FAULT))


def _never(id: str, body: bytes) -> tuple[bytes, End]:
    return b"", "hang"


FAULTS: Mapping[str, Callable[[str, bytes], tuple[bytes, End]]] = {
    "cut": _cut,
    "cut-event": _cut,
    "truncated": _cut,
    "end-early": _broken,
    "malformed": _broken,
    "error-event": _error,
    "stall": _never,
}
