"""llama.cpp is told a chosen tool by leaving it alone, and its 500 for input that is too long is the caller's."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Json
from proxy.providers.llamacpp import PROVIDER, parse_error, put_choice

TOOLS = [{"type": "function", "function": {"name": name}} for name in ("a", "b")]
CHOICES: list[tuple[Any, bool, Json]] = [
    ("auto", True, {"tools": TOOLS, "tool_choice": "auto"}),
    ("required", True, {"tools": TOOLS, "tool_choice": "required"}),
    ({"type": "function", "function": {"name": "b"}}, True, {"tools": TOOLS[1:], "tool_choice": "required"}),
]


@pytest.mark.parametrize(("choice", "said", "wire"), CHOICES)
def test_a_choice(choice: Any, said: bool, wire: Json) -> None:
    found: Json = {"tools": TOOLS, "tool_choice": choice}
    assert put_choice(found, choice) is said
    assert found == wire
    assert PROVIDER.amends["tool_choice"] is put_choice


def test_input_that_is_too_long() -> None:
    body = b'{"error":{"code":500,"message":"input is too large to process. increase the batch size","type":"server_error"}}'
    failure = parse_error(500, {}, body)
    assert (failure.kind, failure.trips_breaker, failure.provider_status) == ("request_too_large", False, 500)
    assert "too large to process" in failure.detail
    assert parse_error(500, {}, b'{"error":{"message":"broken"}}').kind == "provider_error"
