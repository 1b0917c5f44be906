"""The receipt says who answered and what was changed, in headers that no caller's text can break."""

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Call, Client, Target
from proxy.receipt import LONGEST_NAME, MOST_NAMES, listed, passed_headers, render_receipt, safe


class NoClient:
    """Nobody: the receipt is written before the client is asked anything."""


def receipt(**fields: Any) -> dict[str, str]:
    call = Call("id-1", "openai", "chat", b"", {}, "fast", False, {}, cast(Client, NoClient()), started=100.0)
    for name, value in fields.items():
        setattr(call, name, value)
    lines = render_receipt(call, 100.25)
    assert len(dict(lines)) == len(lines)
    return dict(lines)


def test_a_call_that_went_nowhere() -> None:
    assert receipt() == {"x-request-id": "id-1", "x-outrider-attempts": "0", "x-outrider-overhead-ms": "250.000"}


def test_a_call_that_was_answered() -> None:
    target = Target("claude", "claude-sonnet-4-5", None)
    said = receipt(target=target, attempts=2, upstream_seconds=0.2495, dropped=["top_k", "messages.name"])
    assert said == {
        "x-request-id": "id-1",
        "x-outrider-attempts": "2",
        "x-outrider-overhead-ms": "0.500",
        "x-outrider-provider": "claude",
        "x-outrider-model": "claude-sonnet-4-5",
        "x-outrider-dropped": "top_k,messages.name",
    }


def test_overhead_is_never_negative() -> None:
    assert receipt(upstream_seconds=5.0)["x-outrider-overhead-ms"] == "0.000"


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("gpt-4o", "gpt-4o"),
        ("ft:gpt-4o:x/y@z+1", "ft:gpt-4o:x/y@z+1"),
        ("a\r\nx-evil: 1", "a%0D%0Ax-evil:%201".replace("%20", " ")),
        ("h\u00e9", "h%C3%A9"),
        ("a\0b\x7f", "a%00b%7F"),
        ("", ""),
    ],
)
def test_safe(text: str, header: str) -> None:
    assert safe(text) == header


@settings(max_examples=200, deadline=None, database=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), st.lists(st.text(max_size=90), max_size=40))
def test_no_text_breaks_a_header(model: str, names: list[str]) -> None:
    names = [name.encode("utf-8", "replace").decode() for name in names]
    said = receipt(target=Target("p", model, None), dropped=names)
    assert all(value.isascii() and (value.isprintable() or not value) for value in said.values())
    assert len(said.get("x-outrider-dropped", "")) <= (MOST_NAMES + 1) * (LONGEST_NAME + 1)


def test_many_names_are_counted() -> None:
    assert listed(["a", "b"]) == "a,b"
    assert listed(["x"] * (MOST_NAMES + 5)).endswith(",x,and 5 more")
    assert len(listed(["\u00e9" * 500])) == LONGEST_NAME


@pytest.mark.parametrize(
    ("name", "passed"),
    [
        ("retry-after", "retry-after"),
        ("retry-after-ms", "retry-after-ms"),
        ("x-ratelimit-remaining-tokens", "x-ratelimit-remaining-tokens"),
        ("anthropic-ratelimit-requests-reset", "anthropic-ratelimit-requests-reset"),
        ("openai-processing-ms", "openai-processing-ms"),
        ("x-request-id", "x-outrider-upstream-request-id"),
        ("request-id", "request-id"),
        ("set-cookie", None),
        ("server", None),
        ("content-length", None),
        ("transfer-encoding", None),
        ("connection", None),
        ("strict-transport-security", None),
        ("x-outrider-provider", None),
    ],
)
def test_what_of_a_providers_headers_goes_on(name: str, passed: str | None) -> None:
    for _ in range(2):
        assert passed_headers([(name, "v")]) == ([(passed, "v")] if passed else [])


def test_a_provider_with_endless_header_names_fills_no_memory() -> None:
    headers = [(f"x-ratelimit-{index}", "v") for index in range(2000)] + [(f"x-{index}", "v") for index in range(2000)]
    assert passed_headers(headers) == headers[:2000]
    assert passed_headers(headers) == headers[:2000]
