"""What a line says about a call, and that nothing from outside can break out of it."""

from __future__ import annotations

import json
from typing import cast

import orjson
import pytest

from proxy.call import Call, Client, Failure, Outcome, Target, Usage
from proxy.logs.lines import RecordLine, call_line, render_console, render_json

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
    call = new_call(dropped=["top_k"], trail=("azure:gpt-4o timeout",))
    line = call_line(1.5, call, Outcome(200, Usage(input=10, cache_read=2, output=3), ttft=0.25), 1.23456)
    assert line.fields() == {
        "time": "1970-01-01T00:00:01.500Z",
        "level": "info",
        "event": "call",
        "id": "req-1",
        "provider": "openai",
        "model": "fast",
        "stream": True,
        "status": 200,
        "kind": None,
        "attempts": 2,
        "ttft_ms": 250.0,
        "duration_ms": 1234.56,
        "tokens_in": 12,
        "tokens_out": 3,
        "estimated": None,
        "cost": None,
        "cache": None,
        "dropped": ["top_k"],
        "tried": ["azure:gpt-4o timeout"],
    }


def test_a_call_that_failed_before_a_provider_was_chosen() -> None:
    fields = call_line(1.5, new_call(target=None, attempts=0), Failure("invalid_request", PROMPT), 0.001).fields()
    assert (fields["provider"], fields["status"], fields["kind"]) == (None, 400, "invalid_request")
    assert (fields["tokens_in"], fields["ttft_ms"]) == (None, None)


def test_a_call_that_failed_late_says_what_was_received() -> None:
    call = new_call(usage=Usage(input=5, output=1), ttft=0.1)
    fields = call_line(1.5, call, Failure("provider_stream_cut", "cut"), 2.0).fields()
    assert (fields["tokens_in"], fields["tokens_out"], fields["ttft_ms"]) == (5, 1, 100.0)


@pytest.mark.parametrize("ended", [Outcome(200), Failure("provider_error", PROMPT, provider_body=PROMPT.encode())])
def test_no_prompt_and_no_answer_is_in_a_line(ended: Outcome | Failure) -> None:
    fields = call_line(1.5, new_call(), ended, 1.0).fields()
    assert PROMPT.encode() not in render_json(fields) + render_console(fields)


def test_what_a_caller_chose_is_cut() -> None:
    call = new_call(id="i" * 5000, model="m" * 5000, dropped=["d" * 5000] * 500, trail=["t" * 5000] * 500)
    assert len(render_json(call_line(1.5, call, Outcome(200), 1.0).fields())) < 7500


def test_a_record_keeps_its_own_fields() -> None:
    extra = {"message": "forged", "level": "debug", "port": 11411}
    fields = RecordLine(0.0, "error", "proxy", "real", extra, "Traceback").fields()
    assert fields == {
        "time": "1970-01-01T00:00:00.000Z",
        "level": "error",
        "event": "log",
        "logger": "proxy",
        "message": "real",
        "exception": "Traceback",
        "port": 11411,
    }


@pytest.mark.parametrize("text", ['"\n{"level":"forged"}', "\ud800 alone", "\x1b[2J", "\r\nx", "\u2028"])
def test_json_is_one_line_that_reads_back(text: str) -> None:
    rendered = render_json(RecordLine(0.0, "info", "proxy", text, {"huge": 1 << 80}, None).fields())
    assert b"\n" not in rendered
    assert json.loads(rendered)["message"] == text
    assert json.loads(rendered)["huge"] == 1 << 80


def test_console_for_people() -> None:
    line = call_line(1.5, new_call(), Outcome(200), 1.0)
    assert render_console(line.fields()).decode() == (
        "00:00:01.500 INFO    call id=req-1 provider=openai model=fast stream=true"
        " status=200 attempts=2 duration_ms=1000.0"
    )


def test_console_cannot_be_forged() -> None:
    line = RecordLine(
        0.0, "warning", "proxy", "a\nb\x1b[2J\ud800", {"x": 'c d\n"e"', "y": "k=v"}, "Traceback:\n  E\x1b[2J\nlast"
    )
    assert render_console(line.fields()).decode().split("\n") == [
        r'00:00:00.000 WARNING log a\nb\x1b[2J\ud800 logger=proxy x="c d\n\"e\"" y="k=v"',
        "Traceback:",
        r"  E\x1b[2J",
        "last",
    ]
