"""OpenRouter's 402: an account that is empty, and one whose running requests fill what it may spend at once.

Source: https://openrouter.ai/docs/api-reference/limits
"""

import json

import pytest

from proxy.providers.openrouter import parse_error


def error(code: int, **metadata: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": "No.", "metadata": metadata}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "retry_after"),
    [
        (402, error(402, reason="in_flight_budget_exhausted"), "provider_rate_limited", 3.0),
        (402, error(402, reason="weight_exceeds_budget"), "authentication_failed", 3.0),
        (402, error(402, limit_source="openrouter_credits"), "authentication_failed", 3.0),
        (429, error(429), "provider_rate_limited", 3.0),
        (400, error(400, reason="in_flight_budget_exhausted"), "invalid_request", 3.0),
    ],
)
def test_what_may_pass_is_no_empty_account(status: int, body: bytes, kind: str, retry_after: float) -> None:
    failure = parse_error(status, {"retry-after": "3"}, body)
    assert (failure.kind, failure.provider_status, failure.retry_after) == (kind, status, retry_after)
    assert failure.detail == "No."


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"error": "in_flight_budget_exhausted"}'])
def test_any_body_is_a_failure(body: bytes) -> None:
    assert parse_error(402, {}, body).kind in {"authentication_failed", "provider_rate_limited"}
