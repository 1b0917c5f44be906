"""What a line says about a call: in the words of every other surface, and none of the caller's or the provider's."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import cast

import orjson
import pytest

from proxy.advice import ADVICE
from proxy.call import KINDS, Call, Client, Failure, Outcome, Target, Usage
from proxy.logs.formats import RENDERERS, render_console, render_json
from proxy.logs.lines import RecordLine, call_line

PROMPT = "the secret of the prompt"


def new_call(**known: object) -> Call:
    body = {"model": "fast", "messages": [{"role": "user", "content": PROMPT}]}
    target = Target("openai", "gpt-4o", None)
    call = Call("req-1", "openai", "chat", orjson.dumps(body), body, "fast", True, {"x": PROMPT}, cast(Client, None))
    call.target, call.attempts = target, 2
    for name, value in known.items():
        setattr(call, name, value)
    return call


def test_a_call_that_ended_well() -> None:
    call = new_call(dropped=["top_k"], translated=["system"], trail=("azure:gpt-4o timeout",), cache="miss")
    call.upstream_seconds, call.queued, call.cost, call.phase = 1.2, 0.02, Decimal("0.00010"), "streaming"
    line = call_line(1.5, call, Outcome(200, Usage(input=10, cache_read=2, output=3), ttft=0.25), 1.23456)
    assert line.fields() == {
        "time": "1970-01-01T00:00:01.500Z",
        "level": "info",
        "event": "call",
        "id": "req-1",
        "operation": "chat",
        "provider": "openai",
        "model": "fast",
        "target_model": "gpt-4o",
        "stream": True,
        "status": 200,
        "kind": None,
        "party": None,
        "hint": None,
        "phase": None,
        "attempts": 2,
        "ttft_ms": 250.0,
        "duration_ms": 1234.56,
        "upstream_ms": 1200.0,
        "overhead_ms": 34.56,
        "queued_ms": 20.0,
        "tokens_in": 12,
        "tokens_out": 3,
        "tokens": {"input": 10, "cache_read": 2, "output": 3},
        "estimated": None,
        "cost": "0.0001",
        "cache": "miss",
        "dropped": ("top_k",),
        "translated": ("system",),
        "tried": ("azure:gpt-4o timeout",),
        "caller": None,
    }


def test_a_call_that_failed_before_a_provider_was_chosen() -> None:
    fields = call_line(1.5, new_call(target=None, attempts=0), Failure("invalid_request", PROMPT), 0.001).fields()
    assert (fields["provider"], fields["target_model"], fields["status"]) == (None, None, 400)
    assert (fields["tokens_in"], fields["tokens"], fields["ttft_ms"], fields["cost"]) == (None, None, None, None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_is_told_in_the_words_of_every_surface(kind: str) -> None:
    fields = call_line(1.5, new_call(phase="waiting"), Failure(kind, PROMPT), 1.0).fields()
    assert (fields["kind"], fields["party"], fields["hint"]) == (kind, KINDS[kind].party, ADVICE[kind].hint)
    assert (fields["status"], fields["phase"]) == (KINDS[kind].status, "waiting")


def test_a_call_that_failed_late_says_what_was_received() -> None:
    call = new_call(usage=Usage(input=5, output=1, estimated=True), ttft=0.1)
    fields = call_line(1.5, call, Failure("provider_stream_cut", "cut"), 2.0).fields()
    assert (fields["tokens_in"], fields["tokens_out"], fields["estimated"], fields["ttft_ms"]) == (5, 1, True, 100.0)


def test_no_time_is_less_than_none() -> None:
    """The clocks of the parts are read one after another."""
    fields = call_line(1.5, new_call(upstream_seconds=1.1), Outcome(200), 1.0).fields()
    assert (fields["overhead_ms"], fields["upstream_ms"]) == (0.0, 1100.0)


@pytest.mark.parametrize("format", RENDERERS)
@pytest.mark.parametrize("ended", [Outcome(200), Failure("provider_error", PROMPT, provider_body=PROMPT.encode())])
def test_no_prompt_and_no_answer_is_in_a_line(ended: Outcome | Failure, format: str) -> None:
    fields = call_line(1.5, new_call(), ended, 1.0).fields()
    assert PROMPT.encode() not in RENDERERS[format](fields)


def test_what_a_caller_chose_is_cut_before_it_waits() -> None:
    long = ["d" * 5000] * 500
    call = new_call(id="i" * 5000, model="m" * 5000, dropped=long, translated=long, trail=long)
    call.target = Target("openai", "t" * 5000, None)
    line = call_line(1.5, call, Outcome(200), 1.0)
    assert sum(map(len, (line.model, line.target_model or "", *line.dropped, *line.translated, *line.tried))) < 8000
    assert len(render_json(line.fields())) < 9000


def test_a_line_holds_nothing_of_its_request() -> None:
    call = new_call()
    line = call_line(1.5, call, Outcome(200), 1.0)
    assert not {id(call), id(call.json), id(call.body), id(call.caller), id(call.client)} & set(map(id, line)) - {
        id(None)
    }


def test_extra_fields_never_replace_ours() -> None:
    line = RecordLine(0.0, "info", "proxy", "real", {"message": "forged", "level": "x", "port": 11411}, "Traceback")
    assert json.loads(render_json(line.fields())) == {
        "time": "1970-01-01T00:00:00.000Z",
        "level": "info",
        "event": "log",
        "logger": "proxy",
        "message": "real",
        "exception": "Traceback",
        "port": 11411,
    }


def test_console_for_people() -> None:
    line = call_line(1.5, new_call(), Outcome(200), 1.0)
    assert render_console(line.fields()).decode() == (
        "00:00:01.500 INFO    call id=req-1 operation=chat provider=openai model=fast target_model=gpt-4o stream=true"
        " status=200 attempts=2 duration_ms=1000.0 upstream_ms=0.0 overhead_ms=1000.0 queued_ms=0.0"
    )
