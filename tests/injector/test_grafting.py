"""New data in an old tree: what did not change keeps its spelling, and the whole says what it should."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.injector.grafting import dumped
from proxy.injector.manifests import read
from tests.injector.test_scalars import dump
from tests.injector.yaml_texts import DATA, TEXTS


def graft(text: str, after: Any) -> str:
    document = read(text)
    return dumped(document.node, document.data, after)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("mode: 0644\na: 1e3\n", {"mode": 420, "a": 1000.0, "b": "yes"}, 'mode: 0644\na: 1e3\nb: "yes"\n'),
        ("on: 'x'\n", {"true": "x", "b": 1}, "on: 'x'\nb: 1\n"),
        ("l: [a, b]\n", {"l": ["a", "b", "c"]}, "l: [a, b, c]\n"),
        ("l: []\n", {"l": [{"a": 1}]}, "l:\n- a: 1\n"),
        ("l: {}\n", {"l": {"a": [1]}}, "l:\n  a:\n  - 1\n"),
        ("l:\n", {"l": ["x"]}, "l:\n- x\n"),
        ("t: |\n  a\n   b\nx: 1\n", {"t": "a\n b\n"}, "t: |\n  a\n   b\n"),
        ("t: >-\n  a\n  b\nx: 1\n", {"t": "a b"}, "t: >-\n  a b\n"),
        (
            "e:\n- {name: a, v: '1'}\n- {name: b, v: 0x10}\n",
            {"e": [{"name": "c"}, {"name": "b", "v": 16}, {"name": "a", "v": "1"}]},
            "e:\n- name: c\n- {name: b, v: 0x10}\n- {name: a, v: '1'}\n",
        ),
        (
            "a: &x {k: 0o17}\nb: *x\n",
            {"a": {"k": 15}, "b": {"k": 15}, "c": 1},
            "a: &id001 {k: 0o17}\nb: *id001\nc: 1\n",
        ),
        ("a: &x {k: 1}\nb: *x\n", {"a": {"k": 1}, "b": {"k": 2}}, "a: {k: 1}\nb: {k: 2}\n"),
        (
            "a: &x {k: 1, l: 2}\nb: {<<: *x, l: 3}\n",
            {"a": {"k": 1, "l": 2}, "b": {"k": 1, "l": 3}, "c": 1},
            "a: {k: 1, l: 2}\nb: {k: 1, l: 3}\nc: 1\n",
        ),
        (
            "items:\n- {k: 1}\n- {k: 0x2}\n",
            {"items": [{"k": 1, "new": True}, {"k": 2}]},
            "items:\n- {k: 1, new: true}\n- {k: 0x2}\n",
        ),
    ],
)
def test_spelling(before: str, after: Any, text: str) -> None:
    assert graft(before, after) == text
    assert read(text).data == after


def test_without_a_tree_all_is_written_anew() -> None:
    assert dumped(None, {"a": 1}, {"a": "1"}) == 'a: "1"\n'


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(TEXTS, DATA, max_size=4), st.dictionaries(TEXTS, DATA, max_size=4))
def test_any_two(before: dict[str, Any], after: dict[str, Any]) -> None:
    mixed = {**before, **after}
    assert read(graft(dump(before), mixed)).data == mixed
    assert read(graft(dump(mixed), before)).data == before
