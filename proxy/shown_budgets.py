"""What of budgets is shown: gauges and counters for Prometheus, and what `/status.json` says. Read when somebody looks.

Where there are no budgets nothing of them is imported.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proxy.app import Sidecar
    from proxy.policies.account import BudgetScope

Reading = dict[tuple[str, ...], float]


def budget_state(sidecar: Sidecar) -> dict[str, Any]:
    """`budgets` by name and the state of the `ledger`; nothing where there are none."""
    budgets = sidecar.current.budgets
    return {} if budgets is None else budgets.report()


def add_budget_gauges(sidecar: Sidecar) -> None:
    gauge, count, of_budget = sidecar.metrics.gauge, sidecar.metrics.count, ("budget", "what")

    def read(name: str) -> Callable[[], Reading]:
        return lambda: readings(sidecar, name)

    spent = "What is spent of a budget in its present window, in dollars or tokens."
    gauge("outrider_budget_spent", spent, read("read_spent"), of_budget)
    held = "What calls under way may take of it at most."
    gauge("outrider_budget_held", held, read("read_held"), of_budget)
    gauge("outrider_budget", "How much there is of it.", read("read_caps"), of_budget)
    gauge("outrider_budget_resets_seconds", "Seconds until it begins anew.", read("read_resets"), ("budget",))
    calls = "Calls refused and warnings given; answers without a known price or usage; calls of values that share one."
    count("outrider_budget_calls_total", calls, lambda: told(sidecar), of_budget)
    ledger = "The ledger: whether it is open, seconds it is behind, how often it was corrupt or failed, its bytes."
    gauge("outrider_budget_ledger", ledger, lambda: ledger_of(sidecar), ("what",))


def readings(sidecar: Sidecar, name: str) -> Reading:
    budgets = sidecar.current.budgets
    if budgets is None:
        return {}
    from proxy.policies import budget_readings

    read: Callable[[Iterable[BudgetScope], float], Reading] = getattr(budget_readings, name)
    return read(budgets.scopes, time.time())


def told(sidecar: Sidecar) -> Reading:
    budgets = sidecar.current.budgets
    if budgets is None:
        return {}
    from proxy.policies.budget_readings import read_told

    return read_told(budgets.scopes)


def ledger_of(sidecar: Sidecar) -> Reading:
    budgets = sidecar.current.budgets
    return {} if budgets is None else budgets.read_ledger()
