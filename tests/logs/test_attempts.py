"""What the line of an attempt says, and what it keeps to itself."""

from __future__ import annotations

import pytest

from proxy.call import Call, Failure, Outcome, Target
from proxy.logs.attempts import attempt_line
from proxy.logs.formats import RENDERERS
from tests.logs.test_lines import PROMPT, new_call


def a_call() -> Call:
    return new_call(attempts=2, credential=1, phase="waiting")


def test_one_that_failed() -> None:
    failure = Failure("provider_rate_limited", PROMPT, provider_status=429, retry_after=1.5, code=PROMPT)
    assert attempt_line(1.5, a_call(), failure, 0.25, 0.2).fields() == {
        "time": "1970-01-01T00:00:01.500Z",
        "level": "debug",
        "event": "attempt",
        "id": "req-1",
        "provider": "openai",
        "model": "fast",
        "target_model": "gpt-4o",
        "attempt": 2,
        "status": 429,
        "kind": "provider_rate_limited",
        "party": "provider",
        "phase": "waiting",
        "duration_ms": 250.0,
        "upstream_ms": 200.0,
        "provider_status": 429,
        "retry_after": 1.5,
        "credential": 1,
    }


@pytest.mark.parametrize(("ended", "status"), [(Outcome(200), 200), (None, None)])
def test_one_that_did_not(ended: Outcome | None, status: int | None) -> None:
    fields = attempt_line(1.5, a_call(), ended, 0.25, 0.2).fields()
    assert (fields["status"], fields["kind"], fields["party"], fields["retry_after"]) == (status, None, None, None)


@pytest.mark.parametrize("format", RENDERERS)
def test_it_has_no_words_of_the_provider(format: str) -> None:
    failure = Failure("provider_error", PROMPT, code=PROMPT, param=PROMPT, provider_body=PROMPT.encode())
    assert PROMPT.encode() not in RENDERERS[format](attempt_line(1.5, a_call(), failure, 1.0, 1.0).fields())


def test_it_is_short() -> None:
    call = a_call()
    call.model, call.target = "m" * 5000, Target("openai", "t" * 5000, None)
    assert len(RENDERERS["json"](attempt_line(1.5, call, None, 1.0, 1.0).fields())) < 800
