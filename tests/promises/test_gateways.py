"""Two gateways behind one address, as a Service has them: a caller has one limit and one budget over both."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.promises.balancer import Balancer
from tests.promises.caller import Answer, Caller, chat, until
from tests.promises.secured import put_tokens
from tests.promises.sidecars import InProcess, openai_like, process
from tests.promises.upstream import Provider
from tests.promises.wires import openai_reply
from tests.upstream.redis import Redis, needs_redis

pytestmark = needs_redis

SHOP, BANK = "token-of-shop-0123456789", "token-of-bank-0123456789"
REQUESTS, TOKENS = 40, 3000
USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
ALIASES = [{"model": name, "targets": [{"provider": "up", "model": "m"}]} for name in ("limited", "dear")]
BY_CALLER = {"header": "x-outrider-caller", "per": "day"}
SECTIONS: dict[str, Any] = {
    "models": ALIASES,
    "limits": [{"name": "each", "model": "limited", "requests": REQUESTS, "shared": True, **BY_CALLER}],
    "budgets": [{"name": "spent", "model": "dear", "tokens": TOKENS, "scope": "fleet", **BY_CALLER}],
}


class Gateways(NamedTuple):
    balancer: Balancer
    each: list[InProcess]

    async def ask(self, token: str, model: str) -> Answer:
        """On a connection of its own, so that the balancer chooses anew."""
        caller = await Caller.connect(self.balancer.port)
        try:
            return await caller.ask(chat(model, max_tokens=50), {"authorization": f"Bearer {token}"})
        finally:
            caller.hang_up()


@pytest.fixture
async def gateways(tmp_path: Path, redis: Redis) -> AsyncIterator[Gateways]:
    put_tokens(tmp_path / "tokens", {"shop": SHOP, "bank": BANK})
    listen = {"tokens": str(tmp_path / "tokens")}
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(Provider(lambda asked: asked.link.whole(openai_reply(usage=USAGE))))
        providers, sharing = {"up": openai_like(provider.url)}, {"redis": redis.url}
        each = []
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            made = process(tmp_path / name, providers, listen=listen, sharing=sharing, **SECTIONS)
            each.append(await stack.enter_async_context(made))
        balancer = await stack.enter_async_context(Balancer([one.port for one in each]))
        await until(lambda: are_together(each))
        yield Gateways(balancer, each)


async def are_together(each: list[InProcess]) -> bool:
    return all([await one.counted("outrider_sharing", what="pods") == 2 for one in each])


async def test_a_limit_holds_over_both(gateways: Gateways) -> None:
    """Exactly: a lease that one of them holds and does not use up is the only thing that is refused too early."""
    answers = await asyncio.gather(*[gateways.ask(SHOP, "limited") for _ in range(REQUESTS * 2)])
    statuses = Counter(answer.status for answer in answers)
    assert statuses.keys() == {200, 429}
    assert REQUESTS * 0.9 <= statuses[200] <= REQUESTS
    assert (await gateways.ask(BANK, "limited")).status == 200
    served = [await one.counted("outrider_caller_requests_total", caller="shop") for one in gateways.each]
    assert served == [REQUESTS, REQUESTS]


async def test_a_budget_holds_over_both(gateways: Gateways) -> None:
    """But for what one call of each takes beyond its estimate."""
    statuses = [(await gateways.ask(SHOP, "dear")).status for _ in range(2 * TOKENS // 150)]
    spent = statuses.count(200) * 150
    assert TOKENS * 0.8 <= spent <= TOKENS + 2 * 150
    assert statuses[-1] == 429
    assert (await gateways.ask(BANK, "dear")).status == 200
