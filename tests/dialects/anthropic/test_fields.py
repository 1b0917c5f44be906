"""What asks for nothing, and what is known at all."""

from proxy.dialects.anthropic.fields import ANTHROPIC_ONLY, KNOWN, SUPPORT
from proxy.dialects.capabilities import ROWS
from proxy.dialects.neutral import is_neutral


def test_nothing_is_both_neutral_and_asked_for() -> None:
    assert is_neutral("seed", None)
    assert is_neutral("logprobs", False)
    assert not is_neutral("seed", 0)
    assert not any(is_neutral(name, {}) for name in ANTHROPIC_ONLY)


def test_the_table_speaks_of_rows_and_the_fields_of_its_own_are_none() -> None:
    assert SUPPORT.keys() <= {*ROWS}
    assert not ANTHROPIC_ONLY & {*ROWS}
    assert {"n", "reasoning", "response_format"} <= KNOWN
