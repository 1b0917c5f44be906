"""What is said where nothing is kept, and what an answer costs for which nobody was asked."""

from __future__ import annotations

from decimal import Decimal

import pytest

from proxy.cache.wish import MODES, NONE, Wish
from proxy.call import Failure, Usage
from proxy.policies.keeping import free, refuse_only
from tests.policies.sharing import TARGET, ask


def test_only_who_wants_nothing_else_is_refused() -> None:
    for mode in MODES:
        if mode != "only":
            refuse_only(Wish(mode, said=True))
    refuse_only(NONE)
    with pytest.raises(Failure) as caught:
        refuse_only(Wish("only"))
    failure = caught.value
    assert (failure.kind, failure.status, failure.param, failure.code) == ("blocked", 504, "cache", "not_cached")
    assert not failure.retryable


def test_what_nobody_was_asked_for_costs_nothing() -> None:
    call = ask(ttft=0.5)
    outcome = free(call)
    assert (outcome.status, outcome.usage, outcome.cost, outcome.attempts) == (200, Usage(), Decimal(0), 0)
    assert (outcome.target, outcome.ttft) == (TARGET, 0.5)
