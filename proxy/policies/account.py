"""One budget as calls meet it: whom it is for, what it lets through, and what it holds of each call that is under way.

A call is let through while what is settled and what others hold is less than the cap: so a cap is passed by what one call may
take at most. Values of a header are the callers' to invent: so many are told apart and no more, and none is ever shown.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from urllib.parse import quote

from proxy.call import Call, Failure
from proxy.config.budgets import BudgetRule
from proxy.policies.book import Book, Purse, Tally
from proxy.policies.bucket import Reservation
from proxy.policies.pooled import Pool
from proxy.policies.windows import Calendar, Window, zone_named
from proxy.policies.worth import Bill, Worth

#: No header has such a value.
OTHER = "other"
#: (rule, "money" or "tokens", the purse, its window) -> what this pod has of it together with others.
Build = Callable[[BudgetRule, str, str, Tally], Pool]
WHAT = ("money", "tokens")
NOTE = "x-outrider-budget"
log = logging.getLogger("outrider")


class Hold:
    """What one call holds of one budget until it is settled, once."""

    __slots__ = ("_account", "_leased", "_money", "_tally", "_tokens")

    def __init__(self, account: Account, tally: Tally, worth: Worth) -> None:
        self._account = account
        self._tally = tally
        self._leased: list[tuple[Pool, int, Reservation | None]] = []
        self._money, self._tokens = worth.money or 0, worth.tokens
        tally.held_money += self._money
        tally.held_tokens += self._tokens

    async def lease(self) -> str:
        """Of what is shared. What of it is not to be had, "" where nothing lacks; a budget that only warns asks nobody."""
        hard, amounts = self._account.scope.rule.hard, (self._money, self._tokens)
        for what, pool in self._account.pools(self._tally).items():
            amount = amounts[WHAT.index(what)]
            leased = await pool.take(amount) if hard and amount else None
            if hard and amount and leased is None:
                return what
            self._leased.append((pool, WHAT.index(what), leased))
        return ""

    def settle(self, bill: Bill) -> None:
        tally, took = self._tally, (bill.money, bill.tokens)
        tally.held_money -= self._money
        tally.held_tokens -= self._tokens
        for pool, what, leased in self._leased:
            if leased is None:
                pool.tell(took[what])
            else:
                pool.settle(leased, took[what])
        self._account.settle(tally, bill)


class Account:
    """One budget, or one value of its header."""

    def __init__(self, scope: BudgetScope, purse: Purse) -> None:
        self.scope = scope
        self.purse = purse

    def reserve(self, worth: Worth, window: Window, wall: float) -> Hold:
        """Failure("budget_exceeded"). What is known to cost nothing is never refused for money."""
        rule, tally = self.scope.rule, self.purse.at(window.start)
        if rule.hard:
            if rule.money is not None and worth.money != 0 and tally.money + tally.held_money >= rule.money:
                raise self.scope.refusal("money", window, wall)
            if rule.tokens is not None and tally.tokens + tally.held_tokens >= rule.tokens:
                raise self.scope.refusal("tokens", window, wall)
        return Hold(self, tally, worth)

    def settle(self, tally: Tally, bill: Bill) -> None:
        scope = self.scope
        scope.book.settle(self.purse, tally, bill.money, bill.tokens)
        soft = scope.rule.soft
        if soft is not None and not tally.warned and self.share(tally) >= soft:
            tally.warned = True
            scope.warn(self.share(tally))

    def share(self, tally: Tally) -> float:
        """How much of it is settled, 0 to 1 and above; of two amounts the larger. What other pods took counts if known."""
        rule = self.scope.rule
        money = tally.money / rule.money if rule.money else 0.0
        tokens = tally.tokens / rule.tokens if rule.tokens else 0.0
        pools = self.pools(tally).values() if rule.scope != "pod" else ()
        return max(money, tokens, *(pool.spent() for pool in pools))

    def pools(self, tally: Tally) -> dict[str, Pool]:
        """Made when the window is met for the first time, and anew where the store or the amount is another one."""
        scope = self.scope
        if scope.build is None or scope.rule.scope == "pod":
            return {}
        by = scope.sharer, scope.rule.money, scope.rule.tokens
        if tally.pools is None or tally.pools[0] != by:
            whats = [what for what in WHAT if getattr(scope.rule, what) is not None]
            tally.pools = by, {what: scope.build(scope.rule, what, self.purse.key, tally) for what in whats}
        found: dict[str, Pool] = tally.pools[1]
        return found


class BudgetScope:
    """One rule. A rule with a header has an account for each of its values, and one more for those that are too many.

    `build` makes what is shared with other pods, None where nothing is; `sharer` is whoever they are shared through.
    """

    def __init__(self, rule: BudgetRule, book: Book, build: Build | None = None, sharer: object = None) -> None:
        self.rule = rule
        self.book = book
        self.build = build
        self.sharer = sharer
        self.told: dict[str, int] = dict.fromkeys(("refused", "warned", "unpriced", "unknown"), 0)
        self.folded = 0
        self.calendar = None if rule.per == "request" else Calendar(rule.per, zone_named(rule.zone))
        self._label = quote(rule.name, safe=" ,:/@+()[]{}", errors="replace")
        self._one = None if rule.header else Account(self, book.purse(key_of(rule, "")))
        self._values: OrderedDict[str, Account] = OrderedDict()

    def meets(self, call: Call) -> bool:
        rule = self.rule
        if rule.provider:
            target = call.target
            return target is not None and target.name == rule.provider and rule.model in ("", target.model)
        return rule.model in ("", call.model)

    def account(self, call: Call, window: Window) -> Account:
        return self._one or self._by_value(call.caller.get(self.rule.header, ""), window)

    def every(self) -> list[Account]:
        return [self._one] if self._one is not None else list(self._values.values())

    @property
    def values(self) -> tuple[int, int]:
        """How many values are told apart, and how many may be before the next ones share what is called `other`."""
        return len(self._values) - (OTHER in self._values), self.rule.values

    def refusal(self, what: str, window: Window, wall: float) -> Failure:
        self.told["refused"] += 1
        anew = datetime.fromtimestamp(window.end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        detail = f"the budget {self.rule.name} is spent ({what}); it begins anew at {anew}"
        return Failure("budget_exceeded", detail, code=what, retry_after=max(window.end - wall, 0.001))

    def refuse(self, detail: str) -> Failure:
        """For good: the same request does not fit later either."""
        self.told["refused"] += 1
        return Failure("budget_exceeded", f"the budget {self.rule.name} {detail}")

    def warn(self, share: float) -> None:
        self.told["warned"] += 1
        log.warning("a budget is nearly spent", extra={"budget": self.rule.name, "spent": f"{share:.0%}"})

    def note(self, call: Call, share: float) -> None:
        """Tell the application with the answer: `NAME; spent=83%`, once for each budget."""
        others = [note for note in call.notes if note[0] != NOTE or not note[1].startswith(f"{self._label}; ")]
        call.notes = (*others, (NOTE, f"{self._label}; spent={share:.0%}"))

    def count(self, bill: Bill) -> None:
        self.told["unknown"] += bill.unknown
        self.told["unpriced"] += bill.unpriced if self.rule.money is not None else 0

    def _by_value(self, value: str, window: Window) -> Account:
        """The value used longest ago makes room for a new one, if it has spent nothing in this window."""
        key = blake2b(value.encode("utf-8", "replace"), digest_size=16).hexdigest()
        if key not in self._values and not self._has_room(window):
            self.folded += 1
            key = OTHER
        if key not in self._values:
            self._values[key] = Account(self, self.book.purse(key_of(self.rule, key)))
        self._values.move_to_end(key)
        return self._values[key]

    def _has_room(self, window: Window) -> bool:
        count, most = self.values
        if count < most:
            return True
        oldest = next(key for key in self._values if key != OTHER)
        if not self._values[oldest].purse.idle(window.start):
            return False
        del self._values[oldest]
        return True


def key_of(rule: BudgetRule, value: str) -> str:
    """What a purse is called for as long as the budget means the same, and in the ledger."""
    identity = blake2b("\0".join(rule.identity).encode("utf-8", "replace"), digest_size=8).hexdigest()
    name = rule.name[:40].encode("ascii", "replace").decode()
    return f"{identity}:{value}:{name}"
