"""Budgets made from a configuration, and calls that spend of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from proxy.budgeting import Budgeting
from proxy.call import Call, Failure, Outcome
from proxy.config import Config, load
from proxy.upstream.shares import Shares
from tests.policies.clocked import target
from tests.policies.spending import Wall, asked, price, taking, weighing

UP = {"up": {"kind": "openai_compatible", "base_url": "http://127.0.0.1:9/v1"}}
DAILY = {"name": "daily", "money": 10, "per": "day"}
THERE = {"name": "there", "provider": "up", "tokens": 1000, "per": "hour"}
NAMESPACE = {"POD_NAMESPACE": "shop"}


def config_of(tmp_path: Path, *budgets: Any, state: str = "", **sections: Any) -> Config:
    said: dict[str, Any] = {"providers": UP, "budgets": list(budgets), **sections}
    if state:
        said["budget_state"] = {"path": state}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(said), "utf-8")
    return load(str(path), NAMESPACE)


def budgeting(config: Config, previous: Budgeting | None = None, shares: Shares | None = None) -> Budgeting:
    """At a moment that stands still, since windows end."""
    made = Budgeting(config, NAMESPACE, weighing(), shares, previous, Wall())
    made.start()
    return made


async def buy(made: Budgeting, **headers: str) -> Decimal | None:
    """What one call costs, which may cost 3 dollars: 2, or None where it is refused."""
    call = asked(target("up", "m"), headers=headers)
    handler = taking(answer=50)

    async def inside(call: Call) -> Outcome:
        return await made.target(call, handler)

    try:
        await (inside(call) if made.caller is None else made.caller(call, inside))
    except Failure as failure:
        if failure.kind != "budget_exceeded":
            raise
        return None
    return price(target("up", "m"), 100, 50)


async def bought(made: Budgeting, **headers: str) -> int:
    """Calls at 2 dollars each until one is refused, at most 50."""
    for number in range(50):
        if await buy(made, **headers) is None:
            return number
    return 50


def spent(made: Budgeting, what: str = "money", name: str = "daily") -> float:
    found: float = made.report()["budgets"][name][what]["spent"]
    return found
