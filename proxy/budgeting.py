"""From the configuration to the budgets that calls meet, what pods share of them, and the ledger that remembers what was spent.

What was spent goes on over a reload wherever name, scope and period of a budget stay the same. Imported only where there are any.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from hashlib import blake2b
from typing import Any

from proxy.call import Call, Target
from proxy.config import Config
from proxy.config.budgets import NAMESPACE_ENV, BudgetRule, rule_of
from proxy.ledger.file import LedgerFile
from proxy.ledger.keeper import OPEN, Keeper
from proxy.models import Model
from proxy.policies.account import BudgetScope
from proxy.policies.book import Book, Entry, Purse, Tally
from proxy.policies.budget import CallerBudget, TargetBudget
from proxy.policies.budget_readings import report
from proxy.policies.pooled import Carried, Pool
from proxy.policies.windows import LONGEST
from proxy.policies.worth import Weighing
from proxy.prices import estimate
from proxy.upstream.shares import Shares

#: Picodollars in the unit that money is leased in: a microdollar.
MICRO = 10**6
#: Seconds by which clocks of pods may differ before what one leased in a window comes back within another's.
SKEW = 60.0


class Budgeting:
    """`caller` and `target` are policies; `caller` is None where no budget is for callers. `start`, then `close`.

    `shares` are those of the limits: whoever shares does so once. `wall` tells seconds since the epoch.
    """

    def __init__(
        self,
        config: Config,
        environ: Mapping[str, str],
        weighing: Weighing,
        shares: Shares | None,
        previous: Budgeting | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._path = None if config.budget_state is None else config.budget_state.path
        self._shares = shares
        self._namespace = environ.get(NAMESPACE_ENV, "")
        self._wall = wall
        self.book: Book = Book() if previous is None else previous.book
        self._heard: set[str] = set() if previous is None else previous._heard
        before = {} if previous is None else {scope.rule.identity: scope for scope in previous.scopes}
        rules = [rule_of(entry) for entry in config.budgets]
        self.scopes: list[BudgetScope] = [self._scope(rule, before.get(rule.identity)) for rule in rules]
        callers = [scope for scope in self.scopes if not scope.rule.provider]
        targets = [scope for scope in self.scopes if scope.rule.provider]
        guarded = [scope for scope in callers if scope.rule.unpriced == "refuse"]
        self.caller = CallerBudget(callers, weighing, wall) if callers else None
        self.target = TargetBudget(targets, guarded, weighing, wall)
        self.keeper: Keeper | None = None
        self._previous = previous

    def start(self) -> None:
        """From here on what is settled is written down; what was is known. A ledger in the same place goes on."""
        previous, self._previous = self._previous, None
        if previous is not None and previous._path == self._path:
            self.keeper, previous.keeper = previous.keeper, None
        begins = self.keeper is None and self._path is not None
        if begins and self._path is not None:
            self.keeper = self._keeper(self._path)
        self.book.changed = None if self.keeper is None else partial(note, self.keeper)
        if begins and self.keeper is not None:
            self.keeper.start()

    async def close(self) -> None:
        """What a later one took over goes on."""
        if self.keeper is not None:
            await self.keeper.close()

    def _scope(self, rule: BudgetRule, before: BudgetScope | None) -> BudgetScope:
        if before is not None and before.rule == rule and before.sharer is self._shares:
            return before
        build = None if self._shares is None else self._pool
        scope = BudgetScope(rule, self.book, build, self._shares)
        if before is not None:
            scope.told, scope.folded = before.told, before.folded
        return scope

    def _pool(self, rule: BudgetRule, what: str, purse: str, tally: Tally) -> Pool:
        """What this pod has of it in one window. Pods that say the same name share it."""
        assert self._shares is not None
        unit = MICRO if what == "money" else 1
        whole = (rule.money if what == "money" else rule.tokens) or 0
        used = (tally.money if what == "money" else tally.tokens) // unit
        namespace = self._namespace if rule.scope == "namespace" else ""
        of = blake2b(f"{namespace}\0{purse}".encode(), digest_size=16).hexdigest()
        period = LONGEST[rule.per] + SKEW
        lease = self._shares(f"budget:{of}:{what}:{tally.start}", whole // unit, period)
        # What is taken early is not given back, and a call takes far less than it may.
        lease.early = False
        gate = Carried(whole // unit, period, lease, used, time.monotonic())
        return Pool(gate, unit, time.monotonic, lambda: lease.share)

    def _keeper(self, path: str) -> Keeper:
        """A place that was read before in this process says nothing new of what this process spent."""
        found = self.book.recall if path in self._heard else self.book.add
        self._heard.add(path)
        file = LedgerFile(path, self._wall, time.monotonic)
        return Keeper(file, lambda line: found(Entry(*line)), self.book.entries, time.monotonic)

    # ---- what is shown

    def read_ledger(self) -> dict[tuple[str, ...], float]:
        """(what) -> number: open (0, 1), lag_seconds, corrupt, failures, bytes; nothing where there is none."""
        keeper = self.keeper
        if keeper is None:
            return {}
        return {
            ("open",): float(keeper.state == OPEN),
            ("lag_seconds",): keeper.lag,
            ("corrupt",): keeper.corrupt,
            ("failures",): keeper.failures,
            ("bytes",): keeper.size,
        }

    def report(self) -> dict[str, Any]:
        """What `/status.json` shows."""
        ledger = None if self.keeper is None else {"state": self.keeper.state, "path": self._path}
        return {"budgets": report(self.scopes, self._wall()), "ledger": ledger}


def weighing_by(
    model_of: Callable[[Target], Model | None], count: Callable[[Call], int], wall: Callable[[], float] = time.time
) -> Weighing:
    """What calls may take, by what is known of models. `count`: tokens of a prompt; `wall`: seconds since the epoch."""

    def longest(target: Target) -> int | None:
        model = model_of(target)
        return None if model is None else model.max_output

    def price(target: Target, prompt: int, answer: int) -> Decimal | None:
        return estimate(model_of(target), prompt, answer, wall(), worst=True)

    return Weighing(count, longest, price)


def note(keeper: Keeper, purse: Purse, tally: Tally) -> None:
    keeper.note(purse.key, tally.start, lambda: (purse.key, tally.start, tally.money, tally.tokens))
