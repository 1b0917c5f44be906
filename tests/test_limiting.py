"""Limits are kept where they are meant, learned where that is wanted, and go on over a reload that does not touch them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from proxy.call import Call, Failure, Handler, Outcome, Usage
from proxy.config import Config, ConfigError, endpoints, load
from proxy.limiting import Limiting
from proxy.upstream.pool import Limits, Pool
from proxy.upstream.road import Road, Timeouts
from tests.policies.clocked import call_to, target

PROVIDERS = """
providers:
  up: {kind: openai, api_keys: [sk-one-0123456789, sk-two-0123456789], base_url: "http://127.0.0.1:9/v1"}
"""
LIMITS = """
limits:
  - {model: fast, requests: 2}
  - {provider: up, requests: 2, per_key: true}
"""
LEARNING = PROVIDERS.replace("base_url", "limits: {adaptive: true}, base_url")


def config_of(text: str, tmp_path: Path) -> Config:
    path = tmp_path / "config.yaml"
    path.write_text(text, "utf-8")
    return load(str(path), {})


async def limiting(config: Config, previous: Limiting | None = None) -> tuple[Limiting, Mapping[str, Road]]:
    on, _ = endpoints(config)
    loop = asyncio.get_running_loop()
    roads = {name: Road(each, Pool(name, cast(Any, None), Limits(), loop), Timeouts()) for name, each in on.items()}
    return Limiting(config, roads, {}, previous), roads


async def answer(call: Call) -> Outcome:
    call.attempts += 1
    return Outcome(200, Usage(input=1), call.target)


async def how_many(policy: Any, call_of: Any, handler: Handler = answer) -> int:
    """Calls that pass before one is refused, at most 20."""
    for number in range(20):
        try:
            await policy(call_of(), handler)
        except Failure as failure:
            if failure.kind != "rate_limited" or failure.retry_after is None:
                raise
            return number
    return 20


async def test_nothing_is_kept_where_nothing_is_said(tmp_path: Path) -> None:
    made, roads = await limiting(config_of(PROVIDERS, tmp_path))
    assert (made.caller, made.target, made.shares, made.kept) == (None, None, None, [])
    assert roads["up"].heard is None


async def test_callers_and_targets_have_limits_of_their_own(tmp_path: Path) -> None:
    made, _ = await limiting(config_of(PROVIDERS + LIMITS, tmp_path))
    assert await how_many(made.caller, lambda: call_to(target("up"), model="fast")) == 2
    assert await how_many(made.caller, lambda: call_to(target("up"), model="slow")) == 20
    assert await how_many(made.target, lambda: call_to(target("up"))) == 4
    assert await how_many(made.target, lambda: call_to(target("other"))) == 20
    assert len(made.kept) == 2


async def test_what_is_used_stays_used_over_a_reload(tmp_path: Path) -> None:
    first, _ = await limiting(config_of(PROVIDERS + LIMITS, tmp_path))
    assert await how_many(first.caller, lambda: call_to(target("up"), model="fast")) == 2
    second, _ = await limiting(config_of(PROVIDERS + LIMITS + "drain: {grace: 3}\n", tmp_path), first)
    assert await how_many(second.caller, lambda: call_to(target("up"), model="fast")) == 0
    third, _ = await limiting(config_of(PROVIDERS + LIMITS.replace("requests: 2}", "requests: 3}"), tmp_path), second)
    assert await how_many(third.caller, lambda: call_to(target("up"), model="fast")) == 3


async def test_a_provider_s_limits_are_learned_where_that_is_wanted(tmp_path: Path) -> None:
    made, roads = await limiting(config_of(LEARNING, tmp_path))
    assert made.target is not None
    assert roads["up"].heard is not None
    again, later = await limiting(config_of(LEARNING, tmp_path), made)
    assert again.learned["up"] is made.learned["up"]
    assert later["up"].heard is not None
    changed, _ = await limiting(
        config_of(LEARNING.replace("adaptive: true", "adaptive: true, share: 0.5"), tmp_path), again
    )
    assert changed.learned["up"] is not made.learned["up"]


SHARING = 'sharing: {redis: "redis://127.0.0.1:9/0", timeout: 0.05}\n'


async def test_the_store_is_taken_over(tmp_path: Path) -> None:
    first, _ = await limiting(config_of(PROVIDERS + SHARING, tmp_path))
    first.start()
    shares = first.shares
    assert shares is not None
    second, _ = await limiting(config_of(PROVIDERS + SHARING + "drain: {grace: 3}\n", tmp_path), first)
    assert (first.shares, second.shares) == (None, shares)
    second.start()
    other, _ = await limiting(config_of(PROVIDERS + SHARING.replace(":9/", ":10/"), tmp_path), second)
    assert other.shares is not shares
    for each in (first, second, other):
        await each.close()


async def test_a_package_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "redis"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigError, match="redis"):
        await limiting(config_of(PROVIDERS + SHARING, tmp_path))
