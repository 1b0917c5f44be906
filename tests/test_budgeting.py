"""Budgets from the configuration: kept over reloads and restarts, and written down where that is said."""

from __future__ import annotations

import asyncio
from pathlib import Path

from proxy.budgeting import Budgeting, weighing_by
from proxy.call import Call, Outcome
from proxy.config import entries_of
from proxy.ledger.file import ASIDE, NAME
from proxy.ledger.keeper import OPEN, WAITING
from proxy.models import Models
from proxy.policies.worth import LONGEST_ANSWER
from tests.budgeted import DAILY, NAMESPACE, THERE, bought, budgeting, buy, config_of, spent
from tests.policies.clocked import target
from tests.policies.spending import Wall, asked, spend, taking, weighing
from tests.upstream.pods import until


async def test_callers_and_targets_have_budgets_of_their_own(tmp_path: Path) -> None:
    made = budgeting(config_of(tmp_path, DAILY, THERE))
    assert made.caller is not None
    assert ([s.rule.name for s in made.caller.scopes], [s.rule.name for s in made.target.scopes]) == (
        ["daily"],
        ["there"],
    )
    assert await bought(made) == 5
    assert (spent(made), spent(made, "tokens", "there")) == (10, 750)
    assert made.read_ledger() == {}
    assert made.report()["ledger"] is None
    await made.close()
    alone = budgeting(config_of(tmp_path, THERE))
    assert alone.caller is None
    assert await bought(alone) == 7, "of a thousand tokens, 150 at a time"


async def test_what_is_spent_goes_on_over_a_reload(tmp_path: Path) -> None:
    first = budgeting(config_of(tmp_path, DAILY, THERE))
    assert await bought(first) == 5
    call, gate = asked(target("up", "m")), asyncio.Event()

    async def slowly(call: Call) -> Outcome:
        await gate.wait()
        return await taking(answer=50)(call)

    dearer = budgeting(config_of(tmp_path, {**DAILY, "money": 20}, THERE), first)
    assert spent(dearer) == 10
    assert dearer.caller is not None
    under_way = asyncio.ensure_future(spend(dearer.caller, dearer.target, call, slowly))
    await asyncio.sleep(0)
    dearer.scopes[0].folded = 3
    same = budgeting(config_of(tmp_path, {**DAILY, "money": 20, "soft": "none"}, THERE), dearer)
    assert same.report()["budgets"]["daily"]["money"]["held"] == 3
    gate.set()
    await under_way
    assert spent(same) == 12, "a call of the old configuration is paid from the same purse"
    other = budgeting(config_of(tmp_path, {**DAILY, "per": "month"}, THERE), same)
    assert spent(other) == 0, "another period is another budget"
    assert other.scopes[1] is first.scopes[1], "and what did not change at all is not even made anew"
    assert same.scopes[0].folded == 3
    assert other.scopes[0].told["refused"] == 0
    assert same.scopes[0].told["refused"] == 1, "counts go on"


async def test_what_is_spent_is_there_after_a_restart(tmp_path: Path) -> None:
    team = {**DAILY, "name": "team", "header": "x-team"}
    config = config_of(tmp_path, DAILY, team, state="state")
    first = budgeting(config)
    assert await buy(first, **{"x-team": "sk-secret"}) == 2
    assert await buy(first, **{"x-team": "b"}) == 2
    await first.close()
    assert b"sk-secret" not in (tmp_path / "state" / NAME).read_bytes()
    second = budgeting(config)
    assert spent(second) == 4
    assert await bought(second, **{"x-team": "sk-secret"}) == 3
    assert second.read_ledger()["open",] == 1
    assert second.report()["ledger"] == {"state": OPEN, "path": str(tmp_path / "state")}
    await second.close()


async def test_the_ledger_is_taken_over_by_a_reload(tmp_path: Path) -> None:
    config = config_of(tmp_path, DAILY, state="state")
    first = budgeting(config)
    keeper = first.keeper
    await buy(first)
    unused = Budgeting(config, NAMESPACE, weighing(), None, first, Wall())
    assert (first.keeper, unused.keeper) == (keeper, None), "what never starts takes nothing"
    second = budgeting(config_of(tmp_path, DAILY, state="state", drain={"grace": 3}), first)
    assert (first.keeper, second.keeper) == (None, keeper)
    await first.close()
    await buy(second)
    await second.close()
    third = budgeting(config)
    assert spent(third) == 4
    await third.close()


async def test_to_another_place_and_back(tmp_path: Path) -> None:
    """Everything goes along, and nothing is counted twice."""
    here, there = (config_of(tmp_path, DAILY, state=state) for state in ("here", "there"))
    first = budgeting(here)
    await buy(first)
    second = budgeting(there, first)
    await buy(second)
    third = budgeting(here, second)
    assert third.keeper is not None
    assert third.keeper.state == WAITING, "calls of the first configuration may be under way still"
    await buy(third)
    await first.close()
    await until(lambda: third.keeper is not None and third.keeper.state == OPEN)
    assert spent(third) == 6
    for each in (second, third):
        await each.close()
    alone = budgeting(here)
    assert spent(alone) == 6
    await alone.close()


async def test_a_corrupt_ledger_is_set_aside_and_the_sidecar_starts(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / NAME).write_bytes(b"rubbish" * 100)
    made = budgeting(config_of(tmp_path, DAILY, state="state"))
    assert made.read_ledger()["corrupt",] == 1
    assert len(list((tmp_path / "state").glob(f"{ASIDE}*"))) == 1
    assert await bought(made) == 5
    await made.close()


def test_what_calls_are_worth_by_what_is_known_of_models(tmp_path: Path) -> None:
    """At the dearest that a prompt may be: written to the provider's cache."""
    said = {"input": 2, "output": 10, "cache_write": 2.5}
    catalog = [{"provider": "up", "model": "mine", "max_output": 50, "price": said}]
    models = Models(entries_of(config_of(tmp_path, catalog=catalog).catalog))
    made = weighing_by(lambda at: models.find("openai_compatible", at.model, at.name), lambda call: 1000, lambda: 0.0)
    worth = made.weigh(asked(), [target("up", "mine")])
    assert (worth.tokens, worth.longest, worth.money) == (1050, 50, (2500 + 500) * 10**6)
    worth = made.weigh(asked(), [target("up", "unheard of")])
    assert (worth.longest, worth.money) == (LONGEST_ANSWER, None)
