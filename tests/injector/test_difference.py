"""The patch between two documents: what it says, and that it leads from one to the other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.injector.difference import difference, escaped, same
from tests.injector.json_patch import applied
from tests.injector.pods import JSON, KEYS

MAPPINGS = st.dictionaries(KEYS, JSON, max_size=4)


@pytest.mark.parametrize(
    ("before", "after", "operations"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1}, []),
        ({}, {"a": {"b": 1}}, [{"op": "add", "path": "/a", "value": {"b": 1}}]),
        ({"a": 1}, {}, [{"op": "remove", "path": "/a"}]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [{"op": "replace", "path": "/a/b", "value": 2}]),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, [{"op": "replace", "path": "/a", "value": [1, 2, 3]}]),
        ({"a": None}, {"a": {}}, [{"op": "replace", "path": "/a", "value": {}}]),
        ({"a": {}}, {"a": None}, [{"op": "replace", "path": "/a", "value": None}]),
        ({"a": True}, {"a": 1}, [{"op": "replace", "path": "/a", "value": 1}]),
        ({"x/y~z": 1}, {"x/y~z": 2}, [{"op": "replace", "path": "/x~1y~0z", "value": 2}]),
        ({}, {"": 1}, [{"op": "add", "path": "/", "value": 1}]),
    ],
)
def test_operations(before: Any, after: Any, operations: Any) -> None:
    found = difference(before, after)
    assert found == operations
    assert same([each.get("value") for each in found], [each.get("value") for each in operations])


def test_escapes_of_the_rfc() -> None:
    assert escaped("a/b") == "a~1b"
    assert escaped("m~n") == "m~0n"
    assert escaped("~1") == "~01"


@given(MAPPINGS, MAPPINGS)
def test_any_two(before: dict[str, Any], after: dict[str, Any]) -> None:
    found = difference(before, after)
    assert same(applied(before, found), after)
    assert same(before, after) == (found == [])


@pytest.mark.parametrize(
    ("one", "other"), [(True, 1), (1, 1.0), (None, False), ([], {}), ("1", 1), ([True], [1]), ({"a": 0}, {"a": False})]
)
def test_what_python_takes_for_equal_and_json_does_not(one: Any, other: Any) -> None:
    assert not same(one, other)
