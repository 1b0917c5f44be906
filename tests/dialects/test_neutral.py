"""What may be left out without a word."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.dialects.capabilities import FIELDS
from proxy.dialects.neutral import NEUTRAL, is_neutral


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in NEUTRAL.items() for value in values])
def test_what_asks_for_nothing(name: str, value: Any) -> None:
    assert name in FIELDS
    assert is_neutral(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", 0), ("temperature", 0), ("store", True), ("presence_penalty", 0.1), ("stop", ["x"]), ("anything", False)],
)
def test_what_asks_for_something(name: str, value: Any) -> None:
    assert not is_neutral(name, value)
    assert is_neutral(name, None)
