"""Budgets over real sockets: never passed by more than one call may take, told in the dialect, and there after a kill."""

from __future__ import annotations

import asyncio
import os
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from proxy.ledger.keeper import WRITE
from tests.promises.caller import chat
from tests.promises.sidecars import openai_like, process, sidecar
from tests.promises.test_limits import says
from tests.promises.upstream import Provider

#: A dollar for a thousand tokens; an answer of the provider takes ten.
PRICE = {"input": 1000, "output": 1000}
CENT = Decimal("0.01")
CATALOG = [{"provider": "up", "model": "m", "max_output": 100, "price": PRICE}]
ALIAS = [{"model": "fast", "targets": [{"provider": "up", "model": "m"}]}]
#: The caller says nothing of how long an answer may be: at most 100 tokens, and the prompt.
DEAREST = Decimal("0.15")


async def test_three_hundred_callers_against_a_cap(tmp_path: Path) -> None:
    """Of the embedded mock, whose prices the catalog says: what was charged is what answers say they cost."""
    catalog = [{"provider": "mock", "model": "mock", "max_output": 100, "price": PRICE}]
    budgets = [{"name": "daily", "money": "1.50", "per": "day"}]
    async with sidecar(tmp_path, catalog=catalog, budgets=budgets) as running:
        answers = await asyncio.gather(*[running.ask(chat("mock:mock")) for _ in range(300)])
        again = [await running.ask(chat("mock:mock", max_tokens=3)) for _ in range(5)]
        spent = Decimal(str(await running.counted("outrider_budget_spent", budget="daily", what="money")))
        held = await running.counted("outrider_budget_held", budget="daily")
    good = [answer for answer in answers if answer.status == 200]
    refused = [answer for answer in answers if answer.status != 200]
    assert {(answer.status, answer.error["type"]) for answer in refused} == {(429, "budget_exceeded")}
    assert len(good) + len(refused) == 300
    assert refused
    charged = sum(Decimal(answer.headers["x-outrider-cost"]) for answer in (*good, *again) if answer.status == 200)
    assert charged == spent
    assert spent < Decimal("1.50") + DEAREST
    assert held == 0


async def test_a_spent_budget_is_told_in_the_dialect(tmp_path: Path) -> None:
    budgets = [{"header": "x-team", "money": "0.015", "per": "month"}]
    claude = {"model": "fast", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    async with (
        Provider(says("up")) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, models=ALIAS, catalog=CATALOG, budgets=budgets) as running,
    ):
        red = [await running.ask(chat("fast"), {"x-team": "crimson"}) for _ in range(3)]
        blue = await running.ask(chat("fast"), {"x-team": "blue"})
        headers = {"x-team": "crimson", "anthropic-version": "2023-06-01"}
        other = await running.ask(claude, headers, "/v1/messages")
        assert await running.counted("outrider_budget_calls_total", what="refused") == 2
    assert [answer.status for answer in (*red, blue)] == [200, 200, 429, 200]
    assert (red[2].error["type"], red[2].headers["x-should-retry"]) == ("budget_exceeded", "false")
    assert 0 < int(red[2].headers["retry-after"]) <= 31 * 86400
    assert "the budget header x-team per month is spent (money); it begins anew at 2" in red[2].error["message"]
    assert (other.status, other.json["error"]["type"]) == (429, "rate_limit_error")
    assert other.headers["x-should-retry"] == "false"
    assert len(provider.requests) == 3
    assert "crimson" not in running.log()


async def test_a_soft_share_is_told_and_refuses_nobody(tmp_path: Path) -> None:
    budgets = [{"name": "soft", "tokens": 20, "per": "day", "soft": 0.5, "hard": False}]
    async with (
        Provider(says("up")) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, models=ALIAS, budgets=budgets) as running,
    ):
        answers = [await running.ask(chat("fast")) for _ in range(4)]
    assert [answer.headers.get("x-outrider-budget") for answer in answers] == [
        None,
        "soft; spent=50%",
        "soft; spent=100%",
        "soft; spent=150%",
    ]
    assert running.log().count("a budget is nearly spent") == 1


async def test_a_provider_s_budget_leads_elsewhere(tmp_path: Path) -> None:
    targets = [{"provider": "up", "model": "m"}, {"provider": "other", "model": "m"}]
    budgets = [{"provider": "up", "money": "0.005", "per": "hour"}]
    async with Provider(says("up")) as up, Provider(says("other")) as other:
        both = {"up": openai_like(up.url), "other": openai_like(other.url)}
        aliases = [
            {"model": "fast", "targets": targets},
            {"model": "alone", "targets": targets[:1], "fallback": ["other:m"]},
        ]
        retry = {"attempts": 3}
        async with sidecar(tmp_path, both, models=aliases, catalog=CATALOG, budgets=budgets, retry=retry) as running:
            answers = [await running.ask(chat("fast")) for _ in range(2)]
            fallen = await running.ask(chat("alone"))
            refused = await running.ask(chat("up:m"))
    assert [answer.headers["x-outrider-provider"] for answer in (*answers, fallen)] == ["up", "other", "other"]
    assert fallen.headers["x-outrider-tried"] == "up:m budget_exceeded"
    assert (refused.status, refused.error["type"]) == (429, "budget_exceeded")
    assert (len(up.requests), len(other.requests)) == (1, 2)


async def test_a_single_request_is_cut_to_what_it_may_cost(tmp_path: Path) -> None:
    budgets = [{"name": "single", "money": "0.08", "per": "request"}]
    async with (
        Provider(says("up")) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, models=ALIAS, catalog=CATALOG, budgets=budgets) as running,
    ):
        cut = await running.ask(chat("fast"))
        short = await running.ask(chat("fast", max_tokens=7))
        dear = await running.ask(chat("fast", max_tokens=90))
    sent: list[dict[str, Any]] = [orjson.loads(asked.body) for asked in provider.requests]
    assert 50 < sent[0]["max_tokens"] < 80
    assert cut.headers["x-outrider-translated"] == "max_tokens"
    assert (sent[1]["max_tokens"], short.status) == (7, 200)
    assert "x-outrider-translated" not in short.headers
    assert (dear.status, dear.error["type"], "retry-after" in dear.headers) == (429, "budget_exceeded", False)
    assert len(sent) == 2


async def test_what_is_spent_is_there_after_a_kill(tmp_path: Path) -> None:
    sections: dict[str, Any] = {
        "models": ALIAS,
        "catalog": CATALOG,
        "budgets": [{"name": "daily", "money": "0.035", "per": "month"}],
        "budget_state": {"path": str(tmp_path / "state")},
    }
    async with Provider(says("up")) as provider:
        providers = {"up": openai_like(provider.url)}
        async with process(tmp_path, providers, **sections) as running:
            before = [await running.ask(chat("fast")) for _ in range(3)]
            await asyncio.sleep(WRITE * 4)
            os.kill(running.pid, signal.SIGKILL)
        async with process(tmp_path, providers, **sections) as running:
            spent = await running.counted("outrider_budget_spent", budget="daily", what="money")
            after = [await running.ask(chat("fast")) for _ in range(2)]
            open_now = await running.counted("outrider_budget_ledger", what="open")
    assert [answer.status for answer in (*before, *after)] == [200, 200, 200, 200, 429]
    assert (spent, open_now) == (0.03, 1)
