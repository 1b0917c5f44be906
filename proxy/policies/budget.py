"""Budgets as the operator set them: reserved at the worst before a call, settled with what it took after it.

There are two policies. The one further out is for what callers may spend; the one beside the provider is for what may be spent
there, and writes the bill: each attempt is paid for, and the outer one settles on the sum. What reaches neither costs nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar

from proxy.call import Call, Handler, Outcome, Target
from proxy.policies.account import BudgetScope, Hold
from proxy.policies.worth import ANSWER_LIMITS, FREE, Bill, Weighing, Worth, took_in_vain, took_of

#: The bill of the call that runs here: attempts that run beside each other write on the same one.
BILL: ContextVar[Bill | None] = ContextVar("bill", default=None)
NONE = Bill()


class Reserving:
    """What both have in common: the budgets that a call meets, and what it holds of them. `wall`: seconds since the epoch."""

    def __init__(self, scopes: Sequence[BudgetScope], weighing: Weighing, wall: Callable[[], float]) -> None:
        self.scopes = sorted(scopes, key=order)
        self.weighing = weighing
        self.wall = wall

    def met(self, call: Call) -> list[BudgetScope]:
        return [] if call.operation in FREE else [scope for scope in self.scopes if scope.meets(call)]

    async def enter(self, call: Call, met: Sequence[BudgetScope], targets: Sequence[Target]) -> list[Hold]:
        """Failure("budget_exceeded"), and then nothing is held."""
        worth, wall = self.weighing.weigh(call, targets), self.wall()
        holds: list[Hold] = []
        try:
            for scope in met:
                if scope.calendar is None:
                    worth = self._single(call, scope, worth, targets)
                else:
                    await self._hold(call, scope, worth, wall, holds)
        except BaseException:
            for hold in holds:
                hold.settle(NONE)
            raise
        return holds

    async def _hold(self, call: Call, scope: BudgetScope, worth: Worth, wall: float, holds: list[Hold]) -> None:
        assert scope.calendar is not None
        window = scope.calendar.at(wall)
        account = scope.account(call, window)
        hold = account.reserve(worth, window, wall)
        holds.append(hold)
        if scope.rule.scope != "pod":
            lacking = await hold.lease()
            if lacking:
                raise scope.refusal(lacking, window, wall)
        soft = scope.rule.soft
        if soft is not None and (share := account.share(account.purse.at(window.start))) >= soft:
            scope.note(call, share)

    def _single(self, call: Call, scope: BudgetScope, worth: Worth, targets: Sequence[Target]) -> Worth:
        """One request alone: refused where it is too dear as it is, cut where its length is not the caller's own."""
        rule = scope.rule
        if is_within(worth, rule.money, rule.tokens):
            return worth
        fits = self.weighing.fitting(worth, targets, rule.money, rule.tokens)
        if not rule.hard:
            scope.warn(share_of(worth, rule.money, rule.tokens))
            return worth
        asked = worth.limit is not None and not any(name in call.changed for name in ANSWER_LIMITS)
        if asked or not worth.answers or fits < 1:
            what = "as it is asked for" if asked and fits >= 1 else "for its prompt alone"
            raise scope.refuse(f"is for single requests, and this one may take more, {what}")
        name = next((name for name in ANSWER_LIMITS if name in call.json), ANSWER_LIMITS[-1])
        call.json, call.changed = {**call.json, name: fits}, (*call.changed, name)
        return self.weighing.weigh(call, targets)


class CallerBudget(Reserving):
    """A Policy. Failure("budget_exceeded") names the budget and when it begins anew."""

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        met = self.met(call)
        return self._budgeted(call, next, met) if met else next(call)

    async def _budgeted(self, call: Call, next: Handler, met: Sequence[BudgetScope]) -> Outcome:
        holds = await self.enter(call, met, call.targets)
        bill = Bill()
        token = BILL.set(bill)
        try:
            return await next(call)
        finally:
            BILL.reset(token)
            settle(holds, met, bill)


class TargetBudget(Reserving):
    """A Policy, innermost: each attempt counts, and a budget that is spent sends the call elsewhere.

    `guarded` are budgets of callers that refuse models without a known price: which model it is is only known here.
    """

    def __init__(
        self,
        scopes: Sequence[BudgetScope],
        guarded: Sequence[BudgetScope],
        weighing: Weighing,
        wall: Callable[[], float],
    ) -> None:
        super().__init__(scopes, weighing, wall)
        self._guarded = guarded

    async def __call__(self, call: Call, next: Handler) -> Outcome:
        assert call.target is not None
        if call.operation in FREE:
            return await next(call)
        met, asked = self.met(call), (call.json, call.changed)
        self._check_price(call, call.target, met)
        holds: list[Hold] = []
        bill = Bill()
        try:
            if met:
                holds = await self.enter(call, met, (call.target,))
            return await attempt(call, next, bill)
        finally:
            call.json, call.changed = asked
            settle(holds, met, bill)
            whole = BILL.get()
            if whole is not None:
                merge(whole, bill)

    def _check_price(self, call: Call, target: Target, met: Sequence[BudgetScope]) -> None:
        refusing = [scope for scope in (*met, *self._guarded) if scope.rule.unpriced == "refuse" and scope.meets(call)]
        if refusing and self.weighing.price(target, 1, 1) is None:
            refusing[0].told["unpriced"] += 1
            detail = f"takes no models without a known price, and {target.name}:{target.model} has none"
            raise refusing[0].refuse(detail)


async def attempt(call: Call, next: Handler, bill: Bill) -> Outcome:
    asked, usage, call.cost = call.attempts, call.usage, None
    try:
        outcome = await next(call)
    except BaseException as end:
        bill.add(took_in_vain(call, end, call.attempts > asked, call.usage if call.usage is not usage else None))
        raise
    if call.attempts > asked:
        bill.add(took_of(call, outcome.usage, outcome))
    return outcome


def settle(holds: Sequence[Hold], met: Sequence[BudgetScope], bill: Bill) -> None:
    for hold in holds:
        hold.settle(bill)
    for scope in met:
        scope.count(bill)


def merge(whole: Bill, bill: Bill) -> None:
    whole.tokens += bill.tokens
    whole.money += bill.money
    whole.unpriced += bill.unpriced
    whole.unknown += bill.unknown


def is_within(worth: Worth, money: int | None, tokens: int | None) -> bool:
    dear = money is not None and worth.money is not None and worth.money > money
    return not dear and (tokens is None or worth.tokens <= tokens)


def share_of(worth: Worth, money: int | None, tokens: int | None) -> float:
    return max((worth.money or 0) / money if money else 0.0, worth.tokens / tokens if tokens else 0.0)


def order(scope: BudgetScope) -> tuple[bool, bool, bool]:
    """Single requests first, for they change what a call may take; then what this pod has alone, and narrow ones."""
    return scope.calendar is not None, scope.rule.scope != "pod", not scope.rule.header
