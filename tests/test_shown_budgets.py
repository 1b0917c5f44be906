"""What a sidecar shows of its budgets, and that it shows nothing where there are none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from proxy.policies.metrics import Metrics
from proxy.shown_budgets import add_budget_gauges, budget_state
from tests.budgeted import DAILY, THERE, bought, budgeting, config_of


def shown(budgets: Any) -> tuple[Any, Metrics]:
    metrics = Metrics()
    sidecar = cast(Any, SimpleNamespace(current=SimpleNamespace(budgets=budgets), metrics=metrics))
    add_budget_gauges(sidecar)
    return sidecar, metrics


def samples(metrics: Metrics) -> dict[str, float]:
    page = b"".join(metrics.blocks()).decode()
    lines = [line for line in page.splitlines() if line.startswith("outrider_budget")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_what_is_shown(tmp_path: Path) -> None:
    budgets = budgeting(config_of(tmp_path, DAILY, THERE, state="state"))
    assert await bought(budgets) == 5
    sidecar, metrics = shown(budgets)
    found = samples(metrics)
    assert found['outrider_budget{budget="daily",what="money"}'] == 10
    assert found['outrider_budget{budget="there",what="tokens"}'] == 1000
    assert found['outrider_budget_calls_total{budget="daily",what="refused"}'] == 1
    assert found['outrider_budget_calls_total{budget="daily",what="warned"}'] == 1
    assert found['outrider_budget_ledger{what="open"}'] == 1
    assert 0 < found['outrider_budget_resets_seconds{budget="there"}'] <= 3600
    assert {name for name in found if "spent" in name or "held" in name} == {
        f'outrider_budget_{which}{{budget="{name}",what="{what}"}}'
        for which in ("spent", "held")
        for name, what in (("daily", "money"), ("there", "tokens"))
    }
    assert budget_state(sidecar)["budgets"]["daily"]["money"]["spent"] == 10
    assert budget_state(sidecar)["ledger"]["state"] == "open"
    await budgets.close()


def test_nothing_is_shown_where_there_are_none() -> None:
    sidecar, metrics = shown(None)
    assert samples(metrics) == {}
    assert budget_state(sidecar) == {}
