"""What is shown of budgets: of several values the fullest, in dollars, and never a value."""

from __future__ import annotations

from proxy.policies.account import BudgetScope
from proxy.policies.budget_readings import read_caps, read_held, read_resets, read_spent, read_told, report
from tests.policies.spending import DAILY, THERE, WALL, asked, caller, inner, scopes_of, spend, taking

PER_USER = DAILY._replace(name="users", header="x-user", values=1, tokens=1000, money=None)
SINGLE = DAILY._replace(name="single", per="request")


async def spending() -> list[BudgetScope]:
    policy, inside = caller(DAILY._replace(tokens=500, soft=0.8), PER_USER, SINGLE), inner(THERE)
    for name, answer in (("ann", 50), ("bob", 25), ("bob", 25)):
        await spend(policy, inside, asked(headers={"x-user": name}), taking(answer=answer))
    return [*policy.scopes, *inside.scopes]


async def test_readings() -> None:
    scopes = await spending()
    assert read_spent(scopes, WALL + 5) == {
        ("daily", "money"): 5.0,
        ("daily", "tokens"): 400,
        ("users", "tokens"): 250,
        ("there", "money"): 5.0,
    }
    assert set(read_held(scopes, WALL).values()) == {0}
    assert read_caps(scopes, WALL) == {
        ("daily", "money"): 10.0,
        ("daily", "tokens"): 500,
        ("users", "tokens"): 1000,
        ("there", "money"): 10.0,
    }
    assert read_resets(scopes, WALL + 400) == dict.fromkeys([("daily",), ("users",), ("there",)], 86000)
    told = read_told(scopes)
    assert (told["daily", "warned"], told["users", "folded"], told["daily", "refused"]) == (1, 2, 0)
    assert ("daily", "folded") not in told


async def test_the_next_window_is_empty() -> None:
    scopes = await spending()
    assert set(read_spent(scopes, WALL + 86400).values()) == {0}
    assert all(len(account.purse.windows) <= 1 for scope in scopes for account in scope.every()), "looking makes none"


async def test_what_the_operator_sees() -> None:
    found = report(await spending(), WALL)
    assert found["daily"]["money"] == {"spent": 5.0, "held": 0.0, "cap": 10.0}
    assert (found["daily"]["per"], found["daily"]["scope"], found["daily"]["resets_in"]) == ("day", "pod", 86400)
    assert found["single"] == {
        "per": "request",
        "scope": "pod",
        "hard": True,
        "refused": 0,
        "warned": 0,
        "unpriced": 0,
        "unknown": 0,
    }
    assert "ann" not in str(found)


def test_a_budget_that_nobody_has_met() -> None:
    assert read_spent(scopes_of(PER_USER), WALL) == {("users", "tokens"): 0}
