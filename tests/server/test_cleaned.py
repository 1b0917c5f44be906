"""JSON that is shown stays JSON, whatever looks like a key in it."""

from __future__ import annotations

import orjson
import pytest

from proxy.logs.redaction import Redactor
from proxy.server.cleaned import render_clean

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture
def redactor() -> Redactor:
    found = Redactor()
    found.add("the-secret-itself")
    return found


@pytest.mark.parametrize(
    "body",
    [
        {"model": "api_key", "stream": False},
        {"targets": {"mock:api_key": {"healthy": True}}},
        {"api_key": None, "n": 1},
        {"authorization": 5},
        {"id": "bearer", "calls": [1, 2]},
    ],
)
def test_what_only_looks_like_the_name_of_a_key_changes_nothing(body: dict[str, object], redactor: Redactor) -> None:
    assert orjson.loads(render_clean(body, redactor.clean)) == body


def test_keys_are_taken_out_wherever_they_stand(redactor: Redactor) -> None:
    body = {KEY: 1, "deep": [{"x": f"my {KEY} here"}, ("the-secret-itself",)], "n": 2.5}
    data = render_clean(body, redactor.clean)
    assert KEY.encode() not in data
    assert orjson.loads(data) == {"[redacted]": 1, "deep": [{"x": "my [redacted] here"}, ["[redacted]"]], "n": 2.5}


def test_half_a_character_is_no_reason_to_fail(redactor: Redactor) -> None:
    assert orjson.loads(render_clean({"a": "\udc80", "b": KEY}, redactor.clean))["b"] == "[redacted]"
