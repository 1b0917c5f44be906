"""Quantities as Kubernetes writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from proxy.injector.quantity import exceeds, quantity, value_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("100m", "0.1"),
        ("1", "1"),
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("96Mi", "100663296"),
        ("1Gi", "1073741824"),
        ("1k", "1000"),
        ("2E", "2E18"),
        ("1e3", "1000"),
        ("1E-3", "0.001"),
        ("1.5Ki", "1536"),
    ],
)
def test_values(text: str, value: str) -> None:
    assert value_of(text) == Decimal(value)
    assert quantity(text) == text


@pytest.mark.parametrize(
    "text", ["", "1 Mi", "1MI", "1mi", "Mi", "-1", "+1", "1e", "1e999", "1K", "1Mi ", "0x1", "٣", "9" * 19, "0", "0Mi"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="a quantity above 0"):
        quantity(text)


@pytest.mark.parametrize(
    ("one", "other", "larger"),
    [
        ("1Gi", "1G", True),
        ("1G", "1Gi", False),
        ("1Gi", "1024Mi", False),
        ("2", 1, True),
        ("2", None, False),
        ("2", "lots", False),
    ],
)
def test_which_is_larger(one: str, other: object, larger: bool) -> None:
    assert exceeds(one, other) is larger
