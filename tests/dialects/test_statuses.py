"""A status alone."""

from __future__ import annotations

import pytest

from proxy.call import KINDS
from proxy.dialects.statuses import KIND_BY_STATUS, kind_of_status


@pytest.mark.parametrize("status", range(300, 700))
def test_every_status_is_a_kind(status: int) -> None:
    assert kind_of_status(status) in KINDS


def test_what_is_in_no_table_is_whose_fault_the_class_says() -> None:
    assert (kind_of_status(418), kind_of_status(511), kind_of_status(302)) == (
        *("invalid_request", "provider_error", "provider_error"),
    )
    assert kind_of_status(418, {**KIND_BY_STATUS, 418: "timeout"}) == "timeout"
