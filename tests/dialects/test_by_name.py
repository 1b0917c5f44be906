"""The table of dialects: everyone is in it once, and nobody's own field is another's word."""

from __future__ import annotations

import pytest

from proxy.dialects import Dialect
from proxy.dialects.by_name import BY_NAME, OF_JOBS, OWN, SEVEN, STATEFUL, VARIANTS
from proxy.dialects.capabilities import FIELDS, ROWS
from proxy.wire.framing import FRAMINGS


def test_the_seven_and_their_variants() -> None:
    assert [dialect.name for dialect in SEVEN] == [
        *("openai", "responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")
    ]
    assert len(BY_NAME) == len(SEVEN) + len(VARIANTS) + len(OF_JOBS)


@pytest.mark.parametrize("dialect", BY_NAME.values(), ids=BY_NAME)
def test_what_a_dialect_says_of_itself(dialect: Dialect) -> None:
    assert dialect.framing in FRAMINGS
    assert dialect.support.keys() <= set(ROWS)
    assert dialect.stateful <= dialect.own
    assert dialect.needs_bytes <= {"image", "file", "audio"}
    assert dialect.operation("chat") is dialect
    assert dialect.operation("no such operation") is None


def test_own_fields_are_no_unified_ones() -> None:
    assert OWN.isdisjoint(FIELDS)
    assert STATEFUL <= OWN
