"""The headers of W3C Trace Context: what is read, what is not, and what is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.tracing.context import LONGEST_STATE, Parent, parse_parent, parse_state, render_lines

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("text", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"00-{TRACE}-{SPAN}-fe", False),
        (f" 00-{TRACE}-{SPAN}-01\t", True),
        (f"01-{TRACE}-{SPAN}-01", True),
        (f"01-{TRACE}-{SPAN}-01-", True),
        (f"fe-{TRACE}-{SPAN}-00-more of it", False),
    ],
)
def test_a_parent(text: str, sampled: bool) -> None:
    assert parse_parent(text) == Parent(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01-more",
        f"01-{TRACE}-{SPAN}-01more",
        f"ff-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}g-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE}-{SPAN}-\u0660\u0661",
    ],
)
def test_none(text: str) -> None:
    assert parse_parent(text) is None


@given(st.text())
def test_any_text(text: str) -> None:
    assert parse_parent(text) is None
    assert parse_state(text) in ("", text.strip(" \t"))


def test_a_state() -> None:
    assert parse_state(" a=1,b@c=2 ") == "a=1,b@c=2"
    assert parse_state("a=" + "x" * (LONGEST_STATE - 2))
    for bad in ("a=1\r\nx-evil: 1", "a=ü", "a=\x7f", "a=" + "x" * LONGEST_STATE):
        assert parse_state(bad) == ""


def test_lines() -> None:
    assert render_lines(TRACE, SPAN, "") == f"traceparent: 00-{TRACE}-{SPAN}-01\r\n"
    assert render_lines(TRACE, SPAN, "a=1") == f"traceparent: 00-{TRACE}-{SPAN}-01\r\ntracestate: a=1\r\n"
