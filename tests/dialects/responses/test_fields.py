"""The table of what the Responses API can say, and what marks a request that was one before."""

import pytest

from proxy.dialects.capabilities import ROWS
from proxy.dialects.neutral import is_neutral
from proxy.dialects.responses import DIALECT
from proxy.dialects.responses.fields import NATIVE, OWN, STATEFUL, SUPPORT, is_native


def test_the_table_names_rows_and_what_is_own_is_no_row() -> None:
    assert SUPPORT.keys() <= set(ROWS)
    assert OWN.isdisjoint(ROWS)
    assert OWN.isdisjoint(NATIVE)
    assert set(STATEFUL) <= OWN
    assert DIALECT.stateful == set(STATEFUL)


@pytest.mark.parametrize(
    ("name", "value"), [("presence_penalty", 0), ("modalities", ["text"]), ("seed", None), ("stop", [])]
)
def test_what_asks_for_nothing_is_neutral(name: str, value: object) -> None:
    assert is_neutral(name, value)


@pytest.mark.parametrize(("name", "value"), [("presence_penalty", 1), ("modalities", ["audio"]), ("seed", 0)])
def test_what_asks_for_something_is_not(name: str, value: object) -> None:
    assert not is_neutral(name, value)


def test_a_responses_request_is_known_by_its_include() -> None:
    assert is_native(DIALECT.parse_request({"input": "hi"}))
    assert not is_native({"messages": []})
