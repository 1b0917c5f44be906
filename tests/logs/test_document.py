"""docs/logs.md against reality: every field of every line is in its table, in its place, with its type, and no other is."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from proxy.call import Failure, Outcome, Usage
from proxy.logs.attempts import attempt_line
from proxy.logs.content import Rules, content_line
from proxy.logs.formats import render_json
from proxy.logs.lines import call_line
from proxy.logs.pii import SORTS, Scrubber
from tests.logs.test_lines import new_call

PAGE = (Path(__file__).parents[2] / "docs" / "logs.md").read_text("utf-8")
TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "true": bool,
    "object": dict,
    "list": list,
}
TYPES |= {"null": type(None), "RFC": str}


def table(heading: str) -> dict[str, str]:
    """Field -> type, of the first table with fields below a heading."""
    section = PAGE[PAGE.index(f"\n## {heading}\n") + 4 :].partition("\n## ")[0]
    rows = re.findall(r"^\| ((?:`\w+` ?)+)\|([^|]*)\|[^|]+\|$", section.partition("|---|---|---|")[2], re.MULTILINE)
    return {name: kind.strip() for names, kind in rows for name in re.findall(r"\w+", names)}


def call_fields(failed: bool) -> dict[str, Any]:
    usage = None if failed else Usage(input=1, output=2, estimated=True)
    call = new_call(usage=usage, cost=None if failed else Decimal(1), cache="" if failed else "miss", ttft=None)
    ended = Failure("timeout", "late") if failed else Outcome(200, usage, ttft=0.1)
    read: dict[str, Any] = json.loads(render_json(call_line(1.5, call, ended, 1.0).fields()))
    return read


def attempt_fields(failed: bool) -> dict[str, Any]:
    ended = Failure("timeout", "late", retry_after=1.5, provider_status=500) if failed else None
    read: dict[str, Any] = json.loads(render_json(attempt_line(1.5, new_call(), ended, 1.0, 0.5).fields()))
    return read


def content_fields(cut: bool) -> dict[str, Any]:
    rules = Rules(True, 3, Scrubber(SORTS))
    asked = {"messages": [{"role": "user", "content": "hello" if cut else "hi"}]}
    line = content_line(1.5, new_call(json=asked), lambda: ("yes", True), rules, bytes)
    read: dict[str, Any] = json.loads(render_json(line.fields()))
    return read


@pytest.mark.parametrize(
    ("heading", "make"),
    [("The line of a call", call_fields), ("The line of an attempt", attempt_fields), ("Content", content_fields)],
)
def test_every_field_is_in_its_table(heading: str, make: Any) -> None:
    documented = table(heading)
    for fields in (make(True), make(False)):
        assert list(fields) == list(documented)
        for name, kind in documented.items():
            allowed = tuple(TYPES[word] for word in re.findall(r"\w+", kind) if word in TYPES)
            assert not kind or isinstance(fields[name], allowed), (name, kind, fields[name])


def test_the_example_has_the_fields_of_a_line() -> None:
    example = json.loads(re.findall(r"```json\n(.*)\n```", PAGE)[0])
    assert list(example) == list(call_fields(False))


def test_every_sort_that_is_taken_out_is_told() -> None:
    section = PAGE[PAGE.index("## Content") :]
    assert sorted(set(re.findall(r"^\| `(\w+)` \| [^|]+ \|$", section, re.MULTILINE))) == sorted(SORTS)
