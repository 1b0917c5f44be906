"""What a caller is told, and by which headers its SDK knows what to do."""

from __future__ import annotations

from typing import Any, cast

import pytest

from proxy.call import Call, Failure, Target
from proxy.providers import Endpoint, all_providers
from proxy.server.answers import advice, error_body
from proxy.translate import DIALECTS


def call_to(kind: str, dialect: str) -> Call:
    endpoint = Endpoint("up", kind, all_providers()[kind], "https://x", "key")
    call = Call("id", dialect, "chat", b"", {}, "m", False, {}, cast(Any, None))
    call.target = Target("up", "m", endpoint)
    return call


OWN_WORDS = b'{"error":{"message":"no such field","code":7}}'


@pytest.mark.parametrize(
    ("kind", "dialect", "own"),
    [
        ("openai", "openai", True),
        ("openai", "responses", True),
        ("openai", "anthropic", False),
        ("gemini", "gemini", True),
    ],
)
def test_a_relay_passes_the_provider_s_own_bytes(kind: str, dialect: str, own: bool) -> None:
    failure = Failure("invalid_request", "no such field", provider_body=OWN_WORDS)
    body = error_body(call_to(kind, dialect), DIALECTS[dialect], failure)
    assert (body == OWN_WORDS) is own


@pytest.mark.parametrize(
    "failure",
    [
        Failure("provider_error", "it fell over", provider_body=OWN_WORDS),
        Failure("invalid_request", "no", provider_body=b"<html>"),
        Failure("invalid_request", "no"),
    ],
)
def test_otherwise_it_is_said_in_the_dialect(failure: Failure) -> None:
    body = error_body(call_to("openai", "openai"), DIALECTS["openai"], failure)
    assert cast(dict[str, Any], body)["error"]["message"] == failure.detail


def test_without_a_target_too() -> None:
    call = call_to("openai", "openai")
    call.target = None
    assert isinstance(error_body(call, DIALECTS["openai"], Failure("draining", "later")), dict)


def test_how_long_to_wait_is_said_in_both_spellings() -> None:
    said = dict(advice(Failure("provider_rate_limited", "slow down", retry_after=1.2)))
    assert said == {"retry-after": "2", "retry-after-ms": "1200"}


@pytest.mark.parametrize(
    ("kind", "never"), [("invalid_request", True), ("authentication_failed", True), ("timeout", False)]
)
def test_what_will_not_get_better_is_not_to_be_tried_again(kind: str, never: bool) -> None:
    assert (("x-should-retry", "false") in advice(Failure(kind, "x"))) is never
