"""Budgets and prices: models of which nobody knows one, and single requests that are cut to what they may cost."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Call, Failure, Outcome
from proxy.config.budgets import BudgetRule
from tests.policies.clocked import target
from tests.policies.spending import (
    DAILY,
    DOLLAR,
    THERE,
    asked,
    caller,
    inner,
    price,
    scopes_of,
    spend,
    spent,
    taking,
    tally,
)


async def test_an_unknown_price_is_counted_and_not_nothing() -> None:
    policy, inside = caller(DAILY), inner(THERE)
    await spend(policy, inside, asked(target("there", "secret")), taking())
    for scope in (*policy.scopes, *inside.scopes):
        assert (spent(scope), scope.told["unpriced"]) == ((0, 150), 1)


@pytest.mark.parametrize("where", ["caller", "target"])
async def test_an_unknown_price_is_refused_where_that_is_said(where: str) -> None:
    """Also of a budget of callers: which model it is is only known when it is chosen."""
    rule: BudgetRule = (DAILY if where == "caller" else THERE)._replace(unpriced="refuse")
    guarded = scopes_of(rule) if where == "caller" else []
    inside = inner(*([rule] if where == "target" else []), guarded=guarded)
    await inside(asked(), taking())
    with pytest.raises(Failure, match="takes no models without a known price, and there:secret has none") as refused:
        await inside(asked(target("there", "secret")), taking())
    assert (refused.value.kind, refused.value.retry_after) == ("budget_exceeded", None)
    scope = (guarded or inside.scopes)[0]
    assert (scope.told["refused"], scope.told["unpriced"]) == (1, 1)


# ---- single requests

SINGLE = DAILY._replace(name="single", per="request", money=2 * DOLLAR)


async def cut_by(rule: BudgetRule, call: Call, longest: int | None = 100) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    async def handler(call: Call) -> Outcome:
        seen.update(call.json, changed=call.changed)
        return await taking(answer=1)(call)

    await spend(caller(rule, longest=longest), inner(), call, handler)
    return seen


async def test_a_request_that_leaves_its_length_open_is_cut_to_what_fits() -> None:
    seen = await cut_by(SINGLE, asked())
    assert (seen["max_tokens"], seen["changed"]) == (50, ("max_tokens",))
    seen = await cut_by(SINGLE, asked(n=2, max_completion_tokens=None))
    assert (seen["max_completion_tokens"], seen["changed"]) == (25, ("max_completion_tokens",))
    assert "max_tokens" not in await cut_by(SINGLE, asked(), longest=50), "it fits as it is"
    assert (await cut_by(SINGLE._replace(money=None, tokens=130), asked()))["max_tokens"] == 30
    assert "max_tokens" not in await cut_by(SINGLE, asked(target("there", "secret")))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"max_tokens": 51}, "as it is asked for"),
        ({"prompt": 199}, "for its prompt alone"),
        ({"prompt": 201, "max_tokens": 5}, "for its prompt alone"),
    ],
)
async def test_a_request_that_is_too_dear_is_refused(said: dict[str, Any], words: str) -> None:
    policy, inside = caller(SINGLE), inner()
    with pytest.raises(Failure, match=words) as refused:
        await spend(policy, inside, asked(**said), taking())
    assert (refused.value.kind, refused.value.retry_after) == ("budget_exceeded", None)
    assert policy.scopes[0].told["refused"] == 1


async def test_what_is_cut_holds_less_of_other_budgets() -> None:
    policy, held = caller(DAILY, SINGLE), list[int]()

    async def handler(call: Call) -> Outcome:
        held.append(tally(policy.scopes[1]).held_money)
        return await taking(answer=1)(call)

    await spend(policy, inner(), asked(), handler)
    assert held == [2 * DOLLAR]


async def test_a_soft_budget_of_single_requests_only_warns() -> None:
    policy, inside = caller(SINGLE._replace(hard=False)), inner()
    call = asked()
    await spend(policy, inside, call, taking())
    assert ("max_tokens" in call.json, policy.scopes[0].told["warned"]) == (False, 1)


async def test_what_one_provider_may_take_is_not_cut_for_the_next() -> None:
    """The call is as it was when another target is asked."""
    inside, seen = inner(SINGLE._replace(provider="there")), []

    async def handler(call: Call) -> Outcome:
        seen.append(call.json.get("max_tokens"))
        return await taking(answer=1)(call)

    call = asked()
    await inside(call, handler)
    call.target = target("elsewhere", "m")
    await inside(call, handler)
    assert (seen, call.changed) == ([50, None], ())


def test_the_price_of_these_tests() -> None:
    assert price(target(model="m"), 100, 50) == 2


async def test_two_budgets_of_single_requests_cut_to_the_narrower() -> None:
    """What the first has cut is not taken for what the caller asks for; in either order, and across the policies."""
    wide, narrow = SINGLE._replace(money=5 * DOLLAR // 2), SINGLE._replace(name="narrow", money=2 * DOLLAR)
    seen: list[Any] = []

    async def handler(call: Call) -> Outcome:
        seen.append(call.json["max_tokens"])
        return await taking(answer=1)(call)

    await spend(caller(wide, narrow), inner(), asked(), handler)
    await spend(caller(narrow, wide), inner(), asked(), handler)
    await spend(caller(wide), inner(narrow._replace(provider="there")), asked(), handler)
    assert seen == [50, 50, 50]


async def test_what_one_target_cut_before_it_was_refused_is_not_cut_for_the_next() -> None:
    inside = inner(SINGLE._replace(provider="there"), DAILY._replace(name="spent", provider="there", money=2 * DOLLAR))
    await inside(asked(), taking())
    call = asked()
    with pytest.raises(Failure, match="spent"):
        await inside(call, taking())
    assert ("max_tokens" in call.json, call.changed) == (False, ())
