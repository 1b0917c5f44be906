"""Where a call stands in somebody's trace: the headers `traceparent` and `tracestate`, read and written.

Source: W3C Trace Context, https://www.w3.org/TR/trace-context/. What does not follow it is as good as absent.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Version 00 has these four fields and no more; later versions may have more behind them, and ff is none.
FIELDS = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
SAMPLED = 1
NO_TRACE, NO_SPAN = "0" * 32, "0" * 16
#: Section 3.3.1.5: as much is carried by everybody. What is longer is left out whole.
LONGEST_STATE = 512
#: Section 3.3.1: printable ASCII.
STATE = re.compile(r"[\t -~]*")


class Parent(NamedTuple):
    """The caller's own span. Identifiers are in lower-case hex."""

    trace_id: str
    span_id: str
    sampled: bool


def parse_parent(text: str) -> Parent | None:
    """None for what is no traceparent: a new trace begins then, and its tracestate is not looked at."""
    found = FIELDS.fullmatch(text.strip(" \t"))
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if (more and version == "00") or trace_id == NO_TRACE or span_id == NO_SPAN:
        return None
    return Parent(trace_id, span_id, bool(int(flags, 16) & SAMPLED))


def parse_state(text: str) -> str:
    """A tracestate that can be carried on, "" for any other."""
    text = text.strip(" \t")
    return text if len(text) <= LONGEST_STATE and STATE.fullmatch(text) else ""


def render_lines(trace_id: str, span_id: str, state: str) -> str:
    """The lines of a request's head that name a span which is recorded as the parent of what follows."""
    lines = f"traceparent: 00-{trace_id}-{span_id}-01\r\n"
    return f"{lines}tracestate: {state}\r\n" if state else lines
