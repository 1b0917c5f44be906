"""Spans as bytes: whose they are, and that no secret is in them wherever it stood."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.advice import ADVICE
from proxy.call import KINDS, Call
from proxy.logs.redaction import Redactor
from proxy.tracing.context import Parent
from proxy.tracing.otlp import render_request, render_resource, render_scope
from proxy.tracing.span import Told, Trace
from proxy.tracing.teller import Teller
from tests.tracing.calls import attempt, new_call, target, trace
from tests.tracing.receiver import CLIENT, ERROR, SERVER, Received, spans_in

SECRET = "sk-canary-0123456789abcdefghij"


def teller(content: int = 0) -> Teller:
    redactor = Redactor()
    redactor.add(SECRET)
    return Teller(redactor.clean, content)


def read(span: bytes) -> Received:
    [received] = spans_in(render_request(render_resource({}), render_scope("s", "1"), [span]))
    return received


def tell(call: Call, of: Trace, detail: str = "", content: int = 0) -> Received:
    return read(teller(content).call(call, of, 103.0, 200, detail, None))


def test_a_call() -> None:
    span = tell(new_call(), trace(parent=Parent("a" * 32, "d" * 16, True), state="s=1"))
    assert (span.trace_id, span.id, span.parent, span.span.kind) == ("a" * 32, "b" * 16, "d" * 16, SERVER)
    assert (span.span.start_time_unix_nano, span.span.end_time_unix_nano) == (1100 * 10**9, 1103 * 10**9)
    assert (span.name, span.span.trace_state, span.span.flags) == ("chat fast", "s=1", 0x301)


def test_an_attempt() -> None:
    span = read(teller().attempt(new_call(), attempt(trace(), target(model="m"))))
    assert (span.trace_id, span.id, span.parent, span.span.kind) == ("a" * 32, "c" * 16, "b" * 16, CLIENT)
    assert (span.name, span.seconds) == ("chat m", 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_is_told_in_words_of_ours(kind: str) -> None:
    for span in (
        tell(new_call(), trace(kind=kind), "words of the provider's"),
        read(teller().attempt(new_call(), attempt(trace(kind=kind), kind=kind, detail="words of the provider's"))),
    ):
        assert (span.span.status.code, span.span.status.message) == (ERROR, ADVICE[kind].meaning)


def test_a_failure_is_told_in_its_own_words_where_prompts_are() -> None:
    span = tell(new_call(), trace(kind="timeout"), f"too late, {SECRET}", content=10)
    assert span.span.status.message == "too late, [redacted]"


def test_a_model_that_nobody_has_is_no_name() -> None:
    span = tell(new_call(), trace(kind="model_not_found"))
    assert (span.name, span.attributes["request.model"]) == ("chat", "fast")


#: Where a text from outside may stand, with a secret of each length of bytes before it: none of these hides it.
PLACES: list[dict[str, Any]] = [
    {"id": SECRET},
    {"model": SECRET},
    {"model": "x" * 48 + " " + SECRET},
    {"trail": (f"a:{SECRET} timeout",)},
    {"dropped": [SECRET]},
    {"translated": ["a", SECRET]},
    {"cache": SECRET},
]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_secret_is_taken_out_wherever_it_stands(place: dict[str, Any]) -> None:
    call = new_call(**place)
    for span in (teller().call(call, trace(), 103.0, 200, SECRET, None), teller().attempt(call, attempt(trace()))):
        assert SECRET.encode() not in span
    assert b"[redacted]" in teller().call(call, trace(), 103.0, 200, "", None)


def test_a_secret_in_what_the_other_sides_say() -> None:
    told = trace(told=Told(SECRET, SECRET, (SECRET, "stop")), state=f"a={SECRET}")
    span = teller().call(new_call(target(name=SECRET, model=SECRET)), told, 103.0, 200, "", None)
    assert SECRET.encode() not in span
    assert read(span).attributes["gen_ai.response.finish_reasons"] == ["[redacted]", "stop"]


def test_a_prompt_stands_only_where_it_is_asked_for() -> None:
    call = new_call(json={"messages": [{"role": "user", "content": "hello"}]})
    assert "gen_ai.input.messages" not in tell(call, trace()).attributes
    said = tell(call, trace(), content=3).attributes["gen_ai.input.messages"]
    assert said == '[{"role":"user","parts":[{"type":"text","content":"hel…"}]}]'


def test_what_is_personal_is_taken_out_of_what_a_call_says() -> None:
    scrubbing = Teller(bytes, 50, lambda text: text.replace("me@home", "[mail]"))
    call = new_call(json={"messages": [{"role": "user", "content": "I am me@home"}]})
    span = read(scrubbing.call(call, trace(kind="timeout"), 103.0, 504, "me@home is late", None))
    assert "I am [mail]" in span.attributes["gen_ai.input.messages"]
    assert span.span.status.message == "[mail] is late"
