"""What is configured of the cache, and what of it goes on over a reload."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.caching import Caching, Off
from proxy.call import Call, Failure, Outcome
from proxy.config import Config, ConfigError, load
from tests.asking import COMMON, ask
from tests.policies.sharing import turns


def config_of(path: Path, **sections: Any) -> Config:
    (path / "config.yaml").write_text(yaml.safe_dump({"providers": {"mock": {}}, **sections}), "utf-8")
    return load(str(path / "config.yaml"), {})


async def caching(config: Config, previous: Caching | None = None, **environ: str) -> Caching:
    return Caching(config, COMMON, asyncio.get_running_loop(), environ, previous)


async def test_where_nothing_is_kept_who_wants_a_kept_answer_gets_none(tmp_path: Path) -> None:
    off = await caching(config_of(tmp_path))
    assert isinstance(off.policy, Off)
    assert (off.on, off.stores, off.bounds()) == (False, {}, {})
    asked: list[Call] = []

    async def answer(call: Call) -> Outcome:
        asked.append(call)
        return Outcome(200)

    for call in (ask(), ask(caller={"cache-control": "no-store"}), ask(cache={"ttl": 5})):
        await off.policy(call, answer)
    assert len(asked) == 3
    for call in (ask(cache={"mode": "only"}), ask(caller={"x-outrider-cache": "only"})):
        with pytest.raises(Failure) as caught:
            off.policy(call, answer)
        assert caught.value.status == 504
    with pytest.raises(Failure) as caught:
        off.policy(ask(cache={"mode": "?"}), answer)
    assert caught.value.param == "cache.mode"
    await off.close()


ALIASES = [
    {"model": name, "targets": [{"provider": "mock", "model": "m"}], "cache": said}
    for name, said in {"own": {"entries": 5}, "brief": {"ttl": 5}, "never": {"enabled": False}}.items()
]


async def test_an_alias_with_bounds_of_its_own_has_a_store_of_its_own(tmp_path: Path) -> None:
    made = await caching(config_of(tmp_path, cache={"enabled": True}, models=ALIASES))
    assert made.stores.keys() == {"", "own"}
    assert (made.rules["brief"].ttl, made.rules["never"].enabled, made.rules[""].ttl) == (5.0, False, 300.0)
    bounds = made.bounds()
    assert bounds["cache_entries own"] == (0, 5)
    assert bounds["cache_bytes"] == (0, 64 << 20)
    await made.close()


async def test_what_is_kept_goes_on_over_a_reload_within_the_new_bounds(tmp_path: Path) -> None:
    first = await caching(config_of(tmp_path, cache={"enabled": True}, models=ALIASES))
    kept = {name: store.own for name, store in first.stores.items()}
    second = await caching(config_of(tmp_path, cache={"enabled": True, "entries": 7}, models=ALIASES), first)
    assert {name: store.own for name, store in second.stores.items()} == kept
    assert kept[""].entries == 7
    third = await caching(config_of(tmp_path, cache={"enabled": False}), second)
    assert third.stores == {}
    for each in (first, second, third):
        await each.close()


async def test_the_connection_to_what_pods_share_goes_on_where_its_address_is_the_same(tmp_path: Path) -> None:
    cache, redis = {"enabled": True, "shared": True}, {"redis": "redis://127.0.0.1:1/0"}
    first = await caching(config_of(tmp_path, cache=cache, sharing=redis))
    second = await caching(config_of(tmp_path, cache=cache, sharing=redis), first)
    assert second.shared is not None
    assert first.shared is None
    third = await caching(config_of(tmp_path, cache=cache, sharing={**redis, "prefix": "other"}), second)
    assert second.shared is not None
    assert third.shared is not second.shared
    fourth = await caching(config_of(tmp_path, cache={"enabled": True}), third)
    assert (fourth.shared, fourth.stores[""].shared) == (None, None)
    for each in (first, second, third, fourth):
        await each.close()
    await turns()


async def test_a_pod_keeps_the_answers_of_its_namespace(tmp_path: Path) -> None:
    on = {"enabled": True}
    made = [
        await caching(config_of(tmp_path, cache=on)),
        await caching(config_of(tmp_path, cache=on), POD_NAMESPACE="a"),
        await caching(config_of(tmp_path, cache=on | {"namespace": "a"}), POD_NAMESPACE="b"),
        await caching(config_of(tmp_path, cache=on | {"namespace": ""}), POD_NAMESPACE="b"),
    ]
    keys = [each.keys(ask()) for each in made]
    assert keys[1] == keys[2] != keys[0] == keys[3]
    for each in made:
        await each.close()


async def test_where_redis_is_not_installed_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "redis.asyncio", None)
    config = config_of(tmp_path, cache={"enabled": True, "shared": True}, sharing={"redis": "redis://127.0.0.1:1/0"})
    with pytest.raises(ConfigError, match=r"sharing is the package redis is not there: install outrider\[redis\]"):
        await caching(config)
