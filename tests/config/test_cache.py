"""What the section `cache` may say, what an alias says otherwise, and how nonsense is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.config import ConfigError, load
from proxy.config.cache import FIELDS, AliasCaching, Caching, Rule, rule_of

TARGET = {"provider": "mock", "model": "m"}


def faults(cache: Any = None, alias: Any = None, tmp_path: Path = Path(), **sections: Any) -> list[str]:
    """What is wrong with it, in words that begin with the place."""
    config: dict[str, Any] = {"providers": {"mock": {}}, "cache": cache or {}, **sections}
    if alias is not None:
        config["models"] = [{"model": "a", "targets": [TARGET]}, {"model": "b", "targets": [TARGET], "cache": alias}]
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    try:
        load(str(path), {})
    except ConfigError as fault:
        return [str(each) for each in fault.every]
    return []


def test_what_may_be_said(tmp_path: Path) -> None:
    cache = {
        "enabled": True, "ttl": "2.5", "entries": 5, "bytes": "8Mi", "largest": 4096, "which": "all", "streams": "store",
        "pace": "recorded", "single_flight": False, "followers": "retry", "namespace": "", "by": ["X-Tenant"],
    }  # fmt: skip
    del cache["ttl"]
    assert faults(cache | {"ttl": 2.5}, {name: cache.get(name, 3) for name in FIELDS}, tmp_path) == []
    sharing = {"redis": "redis://127.0.0.1:1/0"}
    assert faults({"enabled": True, "shared": True}, tmp_path=tmp_path, sharing=sharing) == []


NONSENSE: dict[str, list[Any]] = {
    "ttl": [0, -1, "soon", None, [], True, float("nan"), float("inf"), 32 * 86400],
    "entries": [0, -1, 1.5, "many", 10**7],
    "bytes": [0, -1, "much", "64Xi", 1.5],
    "largest": [0, "much", -5],
    "which": ["none", 1, ["all"]],
    "streams": ["keep", True],
    "pace": ["slow"],
    "followers": ["wait"],
    "single_flight": ["yes"],
    "enabled": ["on please"],
    "namespace": ["a b", "x" * 201, "\u00e9", "a\n", 5],
    "by": ["x-tenant", ["bad header"], [""], [1]],
    "shared": ["yes"],
    "size": [5],
}


@pytest.mark.parametrize(
    "said",
    [
        *[{name: odd} for name, odds in NONSENSE.items() for odd in odds],
    ],
    ids=str,
)
def test_nonsense_is_refused_by_name(said: dict[str, Any], tmp_path: Path) -> None:
    [name] = said
    [fault] = faults({"enabled": True, **said}, tmp_path=tmp_path)
    assert fault.startswith(f"cache.{name}") or (name == "size" and "cache" in fault)


@pytest.mark.parametrize(
    "said", [{"ttl": 0}, {"entries": 0}, {"which": "some"}, {"namespace": "x"}, {"largest": 5}, {"by": []}], ids=str
)
def test_so_is_an_aliass(said: dict[str, Any], tmp_path: Path) -> None:
    [name] = said
    [fault] = faults({}, said, tmp_path)
    assert fault.startswith("models[1].cache")
    assert name in fault


def test_what_does_not_fit_together_is_named(tmp_path: Path) -> None:
    assert [fault.partition(" is ")[0] for fault in faults({"shared": True}, tmp_path=tmp_path)] == ["cache.shared"]
    assert [fault.partition(" is ")[0] for fault in faults({"bytes": 1000, "largest": 1001}, tmp_path=tmp_path)] == [
        "cache.largest"
    ]
    [fault] = faults({"largest": 4096}, {"bytes": 1000}, tmp_path)
    assert fault.startswith("models[1].cache.bytes")


def test_the_rule_of_an_alias_is_laid_over_the_sections() -> None:
    common = Caching(enabled=True, ttl=60.0, which="all", largest=4096)
    assert rule_of(common) == rule_of(common, AliasCaching())
    assert rule_of(common) == Rule(True, 60.0, 1000, 64 << 20, 4096, True, False, False, True, False)
    said = AliasCaching(
        enabled=False,
        ttl=5.0,
        which="deterministic",
        streams="store",
        pace="recorded",
        single_flight=False,
        followers="retry",
    )
    assert rule_of(common, said) == Rule(False, 5.0, 1000, 64 << 20, 4096, False, True, True, False, True)


@pytest.mark.parametrize(("said", "own"), [({"ttl": 1.0}, False), ({"entries": 5}, True), ({"bytes": 1 << 20}, True)])
def test_with_bounds_of_its_own_an_alias_has_a_cache_of_its_own(said: dict[str, Any], own: bool) -> None:
    assert rule_of(Caching(), AliasCaching(**said)).own is own


def test_nothing_is_kept_unless_that_is_said() -> None:
    assert not rule_of(Caching()).enabled
    assert Caching().single_flight
