"""Secrets do not come back: neither in an error's words nor in a header, and ordinary words stay."""

from __future__ import annotations

import pytest

from proxy.call import Failure
from proxy.providers import Endpoint, Provider
from proxy.upstream.secrecy import Secrets

KEY = "sk-0123456789"
HEADER = "sk-0123456789-and-more"


def secrets(key: str | None = KEY, **headers: str) -> Secrets:
    return Secrets(Endpoint("up", "openai", Provider("openai", "docs"), "http://x", key, headers))


def test_every_word_of_a_failure_is_cleaned() -> None:
    failure = Failure("invalid_request", f"a {KEY} b", param=KEY, code=f"{KEY}!", provider_body=f"<{KEY}>".encode())
    failure.headers = [("x-ratelimit-limit", KEY)]
    secrets().hide_in(failure)
    assert failure.headers == [("x-ratelimit-limit", "[redacted]")]
    assert (failure.detail, failure.param, failure.code) == ("a [redacted] b", "[redacted]", "[redacted]!")
    assert failure.provider_body == b"<[redacted]>"
    assert str(failure) == "invalid_request: a [redacted] b"


def test_a_failure_without_words_stays_as_it_is() -> None:
    failure = Failure("timeout", "too late")
    secrets().hide_in(failure)
    assert (failure.detail, failure.param, failure.code, failure.provider_body) == ("too late", None, None, b"")


def test_headers_keep_their_names() -> None:
    assert secrets().hide_in_headers([("a", f"x {KEY}"), ("b", "y")]) == [("a", "x [redacted]"), ("b", "y")]


def test_the_longer_secret_goes_first() -> None:
    assert secrets(auth=HEADER).hide(f"{HEADER} {KEY}") == "[redacted] [redacted]"
    assert secrets(auth=HEADER).hide_bytes(HEADER.encode()) == b"[redacted]"


@pytest.mark.parametrize("own", [secrets(None), secrets("short"), secrets(None, version="1"), secrets("")])
def test_what_is_no_secret_hides_nothing(own: Secrets) -> None:
    assert own.hide("short 1 words") == "short 1 words"
    assert own.hide_bytes(b"short") == b"short"
