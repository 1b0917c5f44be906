"""What one event says about the attempt."""

from typing import Any

import orjson
import pytest

from proxy.call import Failure
from proxy.dialects.cohere.events import read_event
from proxy.wire.events import Event


def event(kind: str, **payload: Any) -> Event:
    return Event(kind, orjson.dumps({"type": kind, **payload}))


def content(**words: str) -> Any:
    return {"message": {"content": words}}


@pytest.mark.parametrize(
    ("said", "sign"),
    [
        (event("message-start", id="x", delta={"message": {"role": "assistant", "tool_plan": ""}}), "wait"),
        (event("content-start", index=0, delta=content(type="text", text="")), "wait"),
        (event("content-start", index=0, delta=content(type="text", text="a")), "spoken"),
        (event("content-delta", index=0, delta=content(text="")), "wait"),
        (event("content-delta", index=0, delta=content(text="a")), "spoken"),
        (event("content-delta", index=0, delta=content(thinking="a")), "spoken"),
        (event("tool-plan-delta", delta={"message": {"tool_plan": "I"}}), "spoken"),
        (
            event("tool-call-start", index=0, delta={"message": {"tool_calls": {"id": "c", "type": "function"}}}),
            "spoken",
        ),
        (event("content-end", index=0), "wait"),
        (event("debug", prompt="secret"), "wait"),
        (event("message-end", delta={"finish_reason": "COMPLETE"}), "end"),
        (Event("", b"[DONE]"), "end"),
    ],
)
def test_signs(said: Event, sign: str) -> None:
    assert read_event(said) == sign


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (event("message-end", delta={"finish_reason": "ERROR", "error": "no"}), "no"),
        (event("message-end", delta={"finish_reason": "COMPLETE", "error": "no"}), "no"),
        (event("message-end", delta=5), "delta is not an object"),
        (Event("", b'{"message":"down"}'), "down"),
        (Event("", b"<html>"), "not JSON"),
        (Event("", b"[1]"), "no type"),
        (Event("", b'{"type":5}'), "no type"),
    ],
)
def test_failures(said: Event, words: str) -> None:
    with pytest.raises(Failure) as caught:
        read_event(said)
    assert words in caught.value.detail
