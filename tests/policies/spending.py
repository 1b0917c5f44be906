"""Calls that cost, budgets with clocks that a test moves, and providers that take what they are told to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from proxy.call import Call, Handler, Outcome, Target, Usage
from proxy.config.budgets import BudgetRule
from proxy.policies.account import Account, BudgetScope, Build
from proxy.policies.book import Book, Tally
from proxy.policies.budget import CallerBudget, TargetBudget
from proxy.policies.worth import Weighing
from tests.policies.clocked import call_to, target

#: 2026-03-29 00:00:00 UTC, a Sunday on which Europe sets its clocks.
WALL = 1_774_742_400.0
DOLLAR = 10**12
#: Dollars of a token: a cent for the prompt's, two for the answer's.
INTO, OUT = Decimal("0.01"), Decimal("0.02")
DAILY = BudgetRule("daily", "", "", "", 10, "pod", "day", 10 * DOLLAR, None, None, True, "UTC", "allow")
THERE = DAILY._replace(name="there", provider="there")


class Wall:
    """Seconds since the epoch, as a test says."""

    def __init__(self, now: float = WALL) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def price(at: Target, prompt: int, answer: int) -> Decimal | None:
    """Of the model called `secret` nobody knows it; `dear` is ten times as dear; `free` costs nothing."""
    if at.model == "secret":
        return None
    return (prompt * INTO + answer * OUT) * {"dear": 10, "free": 0}.get(at.model, 1)


def weighing(longest: int | None = 100) -> Weighing:
    return Weighing(lambda call: int(call.json.get("prompt", 100)), lambda at: longest, price)


def scopes_of(*rules: BudgetRule, book: Book | None = None, build: Build | None = None) -> list[BudgetScope]:
    book = book or Book()
    return [BudgetScope(rule, book, build, build) for rule in rules]


def caller(*rules: BudgetRule, wall: Wall | None = None, longest: int | None = 100, **more: Any) -> CallerBudget:
    return CallerBudget(scopes_of(*rules, **more), weighing(longest), wall or Wall())


def inner(
    *rules: BudgetRule, wall: Wall | None = None, guarded: Sequence[BudgetScope] = (), longest: int | None = 100
) -> TargetBudget:
    return TargetBudget(scopes_of(*rules), guarded, weighing(longest), wall or Wall())


def asked(*targets: Target, prompt: int = 100, headers: dict[str, str] | None = None, **json: Any) -> Call:
    made = call_to(*(targets or (target("there", "m"),)), model="fast", caller=headers or {})
    made.json = {"prompt": prompt, **json}
    return made


def taking(prompt: int = 100, answer: int = 50, end: BaseException | None = None, phase: str = "streaming") -> Handler:
    """Takes so many tokens and says what they cost; `end` is how it ends then."""

    async def handler(call: Call) -> Outcome:
        assert call.target is not None
        call.attempts += 1
        call.phase = phase
        call.usage = Usage(input=prompt, output=answer)
        call.cost = price(call.target, prompt, answer)
        if end is not None:
            raise end
        return Outcome(200, call.usage, call.target, cost=call.cost)

    return handler


def failing(end: BaseException, phase: str = "waiting", sent: bool = True) -> Handler:
    """Nothing is said of what it took."""

    async def handler(call: Call) -> Outcome:
        call.attempts += sent
        call.phase = phase
        raise end

    return handler


async def spend(policy: CallerBudget, inside: TargetBudget, call: Call, handler: Handler) -> Outcome:
    """Both policies, one in the other, as the stack has them."""

    def attempted(call: Call) -> Any:
        return inside(call, handler)

    return await policy(call, attempted)


def only(scope: BudgetScope) -> Account:
    (account,) = scope.every()
    return account


def tally(scope: BudgetScope, wall: float = WALL) -> Tally:
    assert scope.calendar is not None
    return only(scope).purse.at(scope.calendar.at(wall).start)


def spent(scope: BudgetScope, wall: float = WALL) -> tuple[Any, int]:
    """Dollars and tokens that are settled."""
    found = tally(scope, wall)
    return Decimal(found.money) / DOLLAR, found.tokens
