"""What is shown of budgets: how much is spent and held of how much, when it begins anew, and what has become of calls.

Of a budget with many values the fullest one is shown, and no value is ever named. Money is in dollars here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from proxy.policies.account import WHAT, BudgetScope
from proxy.policies.book import Tally

Reading = dict[tuple[str, ...], float]
DOLLAR = 10**12


class Fill(NamedTuple):
    """Dollars or tokens: what is settled, what calls under way may take at most, and how much there is."""

    spent: float
    held: float
    cap: float


def read_spent(scopes: Iterable[BudgetScope], wall: float) -> Reading:
    """(budget, money | tokens) -> dollars or tokens that are settled in the window of this moment."""
    return {key: fill.spent for key, fill in fills(scopes, wall).items()}


def read_held(scopes: Iterable[BudgetScope], wall: float) -> Reading:
    """The same keys -> what calls under way hold."""
    return {key: fill.held for key, fill in fills(scopes, wall).items()}


def read_caps(scopes: Iterable[BudgetScope], wall: float) -> Reading:
    """The same keys -> how much there is."""
    return {key: fill.cap for key, fill in fills(scopes, wall).items()}


def read_resets(scopes: Iterable[BudgetScope], wall: float) -> Reading:
    """(budget) -> seconds until it begins anew."""
    found = [(scope.rule.name, scope.calendar.at(wall)) for scope in scopes if scope.calendar is not None]
    return {(name,): max(window.end - wall, 0.0) for name, window in found}


def read_told(scopes: Iterable[BudgetScope]) -> Reading:
    """(budget, what) -> how often. refused, warned; unpriced: answers without a known price; unknown: without known usage;

    folded: calls whose value of the header shares one with others.
    """
    found: Reading = {(scope.rule.name, what): count for scope in scopes for what, count in scope.told.items()}
    return found | {(scope.rule.name, "folded"): scope.folded for scope in scopes if scope.rule.header}


def report(scopes: Iterable[BudgetScope], wall: float) -> dict[str, Any]:
    """Each budget by its name."""
    scopes = list(scopes)
    full, resets = fills(scopes, wall), read_resets(scopes, wall)
    found: dict[str, Any] = {}
    for scope in scopes:
        name = scope.rule.name
        told: dict[str, Any] = {what: full[name, what]._asdict() for what in WHAT if (name, what) in full}
        told |= {"per": scope.rule.per, "scope": scope.rule.scope, "hard": scope.rule.hard, **scope.told}
        found[name] = told | ({"resets_in": round(resets[name,], 1)} if (name,) in resets else {})
    return found


def fills(scopes: Iterable[BudgetScope], wall: float) -> dict[tuple[str, ...], Fill]:
    """(budget, what) -> how full it is; of several values the fullest."""
    found: dict[tuple[str, ...], Fill] = {}
    for scope in scopes:
        tallies = list(tallies_of(scope, wall))
        rule = scope.rule
        if rule.money is not None and tallies:
            money = max(tallies, key=lambda tally: tally.money + tally.held_money)
            found[rule.name, "money"] = Fill(money.money / DOLLAR, money.held_money / DOLLAR, rule.money / DOLLAR)
        if rule.tokens is not None and tallies:
            tokens = max(tallies, key=lambda tally: tally.tokens + tally.held_tokens)
            found[rule.name, "tokens"] = Fill(tokens.tokens, tokens.held_tokens, rule.tokens)
    return found


def tallies_of(scope: BudgetScope, wall: float) -> Iterable[Tally]:
    """One for each value; looking makes none. What nobody has spent of is empty."""
    if scope.calendar is None:
        return
    start = scope.calendar.at(wall).start
    yield Tally(start)
    for account in scope.every():
        if start in account.purse.windows:
            yield account.purse.windows[start]
