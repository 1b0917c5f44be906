"""One event of a chat stream: what it holds, and what it says about the attempt.

Events have a type of their own; the SSE event's name says the same and is not read. Source:
https://docs.cohere.com/v2/docs/streaming.
"""

from __future__ import annotations

from typing import Any

import orjson

from proxy.call import Json
from proxy.dialects import Event, Sign
from proxy.dialects.cohere.errors import failure_of
from proxy.dialects.shape import answered, broken

DONE = b"[DONE]"
DELTA = "content-delta"
#: Events by which the model speaks, if they hold any words.
SPEECH = frozenset({"content-start", DELTA, "tool-plan-delta", "tool-call-start", "tool-call-delta", "citation-start"})


def read_event(event: Event) -> Sign:
    """Whether the model has spoken. Failure for a generation that failed."""
    if event.data == DONE:
        return "end"
    payload = load_event(event.data)
    if payload["type"] == "message-end":
        see_failure(delta_of(payload))
        return "end"
    return "spoken" if payload["type"] in SPEECH and has_words(payload.get("delta")) else "wait"


def has_words(value: Any) -> bool:
    """Whether a delta holds anything besides the type of a part."""
    inside = [value]
    while inside:
        found = inside.pop()
        if isinstance(found, dict):
            inside += [member for name, member in found.items() if name != "type"]
        elif found:
            return True
    return False


def load_event(data: bytes) -> Json:
    try:
        payload = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise broken("an event is not JSON") from None
    if not isinstance(payload, dict) or not isinstance(payload.get("type"), str):
        if isinstance(payload, dict) and isinstance(payload.get("message"), str):
            raise failure_of(payload)
        raise broken("an event has no type")
    return payload


def see_failure(delta: Json) -> None:
    if delta.get("finish_reason") == "ERROR" or delta.get("error"):
        raise failure_of(delta)


def delta_of(payload: Json) -> Json:
    return answered(payload.get("delta"), dict, "delta")


def message_of(payload: Json) -> Json:
    return answered(delta_of(payload).get("message"), dict, "message")
