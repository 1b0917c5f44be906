"""What a rule alone, or a way to stick, may not say."""

from __future__ import annotations

import pytest

from proxy.config.resilience import Condition, Sticky, condition_faults, sticky_fault


def test_a_rule_says_something() -> None:
    (fault,) = condition_faults((Condition(use="a"),), "models[0].when")
    assert str(fault).startswith(
        "models[0].when[0] is without any condition; allowed: at least one of prompt_tokens_above"
    )


def test_an_expression_is_one() -> None:
    rules = (Condition(use="a", matches="fine"), Condition(use="a", matches="(open"))
    (fault,) = condition_faults(rules, "when")
    assert "when[1].matches is no regular expression" in str(fault)


@pytest.mark.parametrize(
    ("sticky", "words"),
    [
        (None, None),
        (Sticky(by="user"), None),
        (Sticky(by="header", header="x-user"), None),
        (Sticky(by="header"), "s.header is missing; allowed: the header to stick to, beside `by: header`"),
        (
            Sticky(by="prompt", header="x"),
            "s.header is beside `by: prompt`; allowed: a header only beside `by: header`",
        ),
    ],
)
def test_a_way_to_stick_has_what_it_needs(sticky: Sticky | None, words: str | None) -> None:
    fault = sticky_fault(sticky, "s")
    assert (None if fault is None else str(fault)) == words
