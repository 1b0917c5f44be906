"""National numbers: examples of those who give them out, and the same with a wrong digit."""

from __future__ import annotations

import pytest

from proxy.logs.pii import Scrubber

SCRUBBER = Scrubber(["national_id"])
GONE = "[redacted:national_id]"


@pytest.mark.parametrize(
    "number",
    [
        "123-45-6789",
        "899 99 9999",
        "AB123456C",
        "AB 12 34 56 C",
        "12345678995",
        "12 345 678 995",
        "86095742719",
        "295109912611193",
        "2 95 10 99 126 111 93",
        "186022A21532523",
        "255081416802538",
        "12345678Z",
        "12345678-Z",
        "12.345.678-Z",
        "X1234567L",
        "Y-1234567-X",
    ],
)
def test_a_number_goes(number: str) -> None:
    assert SCRUBBER.clean(f"id: {number}, thanks") == f"id: {GONE}, thanks"


@pytest.mark.parametrize(
    "number",
    [
        "000-45-6789",
        "666-45-6789",
        "900-45-6789",
        "123-00-6789",
        "123-45-0000",
        "123-45 6789",
        "123456789",
        "1-123-45-6789",
        "GB123456C",
        "DA123456C",
        "AO123456C",
        "AB123456E",
        "12345678996",
        "02345678995",
        "11111111111",
        "12345678901",
        "295109912611199",
        "186022C21532523",
        "595109912611193",
        "12345678A",
        "12345678",
        "X1234567A",
    ],
)
def test_what_is_none_stays(number: str) -> None:
    assert SCRUBBER.clean(f"id: {number}, thanks") == f"id: {number}, thanks"
