"""One container over another."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.injector.overlay import filled, joined, laid
from tests.injector.pods import JSON

A, B, A2 = {"name": "a", "value": "1"}, {"name": "b", "value": "2"}, {"name": "a", "valueFrom": {}}


@pytest.mark.parametrize(
    ("under", "over", "result"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"a": 2, "b": 3}, {"a": 2, "b": 3}),
        ({"a": 1, "b": 2}, {"a": None, "c": None}, {"b": 2}),
        ({"r": {"x": 1, "y": 2}}, {"r": {"y": 3}}, {"r": {"x": 1, "y": 3}}),
        ({"r": 1}, {"r": {"y": 3, "z": None}}, {"r": {"y": 3}}),
        ({"args": ["a"]}, {"args": ["b"]}, {"args": ["b"]}),
        ({"env": [A, B]}, {"env": [A2]}, {"env": [A2, B]}),
        ({"env": [A]}, {"env": [B]}, {"env": [A, B]}),
        ({}, {"env": [B]}, {"env": [B]}),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/a"}]},
            {"volumeMounts": [{"name": "v", "mountPath": "/b"}]},
            {"volumeMounts": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]},
        ),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/a"}]},
            {"volumeMounts": [{"name": "w", "mountPath": "/a"}]},
            {"volumeMounts": [{"name": "w", "mountPath": "/a"}]},
        ),
    ],
)
def test_laid(under: Any, over: Any, result: Any) -> None:
    before = deepcopy((under, over))
    assert laid(under, over) == result
    assert (under, over) == before


def test_items_without_a_name_are_added() -> None:
    assert joined([{"x": 1}, A], [{"x": 2}, {"x": 3}, A2], "name") == [{"x": 1}, A2, {"x": 2}, {"x": 3}]


def test_null_is_absent() -> None:
    assert filled({"a": None, "b": {"c": None, "d": [{"e": None}, None]}}) == {"b": {"d": [{}, None]}}


@given(st.dictionaries(st.sampled_from("abc"), JSON, max_size=3))
def test_over_itself_nothing_changes_but_nulls(value: dict[str, Any]) -> None:
    assert laid(filled(value), filled(value)) == filled(value)
