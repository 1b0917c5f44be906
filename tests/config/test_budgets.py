"""What a budget may say, what it amounts to, and every way in which one is refused at load."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import reset_tzpath

import pytest
import yaml

from proxy.config import Config, ConfigError, load
from proxy.config.budgets import BudgetRule, budget_name, rule_of

PROVIDERS = {
    "openai": {"api_key": "sk-0123456789"},
    "local": {"kind": "openai_compatible", "base_url": "http://127.0.0.1:9/v1"},
}
MODELS = [{"model": "fast", "targets": [{"provider": "local", "model": "m"}]}]
DAY = {"money": 5, "per": "day"}


def loaded(tmp_path: Path, *budgets: Any, environ: dict[str, str] | None = None, **sections: Any) -> Config:
    path = tmp_path / "config.yaml"
    said = {"providers": PROVIDERS, "models": MODELS, "budgets": list(budgets), **sections}
    path.write_text(yaml.safe_dump(said), "utf-8")
    return load(str(path), environ or {})


def rules(config: Config) -> list[BudgetRule]:
    return [rule_of(entry) for entry in config.budgets]


def test_what_a_budget_amounts_to(tmp_path: Path) -> None:
    said = {"model": "fast", "header": "X-Team", "money": "0.0500", "tokens": 7, "per": "month", "soft": "none"}
    (rule,) = rules(loaded(tmp_path, {**said, "values": 5, "hard": False, "zone": "Asia/Tokyo", "unpriced": "refuse"}))
    assert rule == BudgetRule(
        "model fast, header X-Team per month",
        "",
        "fast",
        "x-team",
        5,
        "pod",
        "month",
        50_000_000_000,
        7,
        None,
        False,
        "Asia/Tokyo",
        "refuse",
    )
    (rule,) = rules(loaded(tmp_path, DAY))
    assert (rule.money, rule.soft, rule.hard, rule.zone, rule.values, rule.unpriced) == (
        5 * 10**12,
        0.8,
        True,
        "UTC",
        1000,
        "allow",
    )


@pytest.mark.parametrize(
    ("said", "pico"),
    [(0.1, 10**11), ("0.1", 10**11), (1e-6, 10**6), ("123456.789012345678", 123456789012345678), (10**9, 10**21)],
)
def test_money_is_exact(said: Any, pico: int, tmp_path: Path) -> None:
    (rule,) = rules(loaded(tmp_path, {**DAY, "money": said}))
    assert rule.money == pico == int(Decimal(str(said)) * 10**12)


def test_names(tmp_path: Path) -> None:
    shared = {"sharing": {"redis": "redis://127.0.0.1:6379/0"}, "environ": {"POD_NAMESPACE": "shop"}}
    entries = loaded(
        tmp_path, {**DAY, "name": "mine"}, DAY, {**DAY, "scope": "namespace"}, {**DAY, "provider": "local"}, **shared
    )
    names = [budget_name(entry) for entry in entries.budgets]
    assert names == ["mine", "all per day", "scope namespace per day", "provider local per day"]


@pytest.mark.parametrize(
    "budget",
    [
        {"model": "fast"},
        {"model": "openai:gpt-4o"},
        {"model": "openai/gpt-4o"},
        {"model": "gpt-4o"},
        {"model": "mine"},
        {"model": "local:mine"},
        {"provider": "openai", "model": "gpt-4o"},
        {"provider": "local", "model": "mine"},
        {"provider": "local", "model": "qwen-7"},
    ],
)
def test_models_that_somebody_knows(budget: dict[str, Any], tmp_path: Path) -> None:
    catalog = [{"provider": "local", "model": name, "max_output": 5} for name in ("mine", "qwen*")]
    assert loaded(tmp_path, {**budget, **DAY}, catalog=catalog).budgets


ONE = "budgets[0]"
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"money": 5}, f"{ONE}.per is missing"),
    ({"per": "day"}, f"{ONE} is without any amount; allowed: at least one of money, tokens"),
    ({**DAY, "per": "week"}, f"{ONE}.per is 'week'; allowed: minute, hour, day, month, request"),
    ({**DAY, "money": 0}, f"{ONE}.money is 0; allowed: dollars, 0.000001 to 1000000000"),
    ({**DAY, "money": -1}, f"{ONE}.money is -1"),
    ({**DAY, "money": "much"}, f"{ONE}.money is 'much'"),
    ({**DAY, "money": True}, f"{ONE}.money is true"),
    ({**DAY, "money": float("inf")}, f"{ONE}.money is inf"),
    ({**DAY, "money": "NaN"}, f"{ONE}.money is 'NaN'"),
    ({**DAY, "money": "1e10"}, f"{ONE}.money is '1e10'"),
    ({**DAY, "money": [5]}, f"{ONE}.money is a list of 1"),
    ({**DAY, "tokens": 0}, f"{ONE}.tokens is 0"),
    ({**DAY, "tokens": 1.5}, f"{ONE}.tokens is 1.5"),
    ({**DAY, "soft": 0}, f"{ONE}.soft is 0; allowed: a share, above 0 and at most 1, or none"),
    ({**DAY, "soft": 1.5}, f"{ONE}.soft is 1.5"),
    ({**DAY, "soft": "never"}, f"{ONE}.soft is 'never'"),
    ({**DAY, "soft": True}, f"{ONE}.soft is true"),
    ({**DAY, "hard": "yes"}, f"{ONE}.hard is 'yes'"),
    ({**DAY, "scope": "planet"}, f"{ONE}.scope is 'planet'; allowed: pod, namespace, fleet"),
    ({**DAY, "zone": "Europe/Berlinn"}, "(did you mean Europe/Berlin?)"),
    ({**DAY, "zone": "Europe"}, f"{ONE}.zone is 'Europe'; allowed: UTC or an IANA name"),
    ({**DAY, "zone": "../../etc/passwd"}, f"{ONE}.zone is '../../etc/passwd'"),
    ({**DAY, "zone": 1}, f"{ONE}.zone is 1"),
    ({**DAY, "zone": ""}, f"{ONE}.zone is ''"),
    ({**DAY, "unpriced": "maybe"}, f"{ONE}.unpriced is 'maybe'"),
    ({"tokens": 5, "per": "day", "unpriced": "refuse"}, f"{ONE}.unpriced is refuse; allowed: allow"),
    ({**DAY, "values": 5}, f"{ONE}.values is 5; allowed: nothing"),
    ({**DAY, "header": "host"}, f"{ONE}.header is 'host'"),
    ({**DAY, "provider": "opnai"}, f"{ONE}.provider is 'opnai'"),
    ({**DAY, "provider": "openai", "model": "fast"}, f"{ONE}.model is 'fast'"),
    ({**DAY, "provider": "local", "model": "gpt-4o"}, f"{ONE}.model is 'gpt-4o'"),
    ({**DAY, "model": "fsat"}, "(did you mean fast?)"),
    ({**DAY, "model": "local:gpt-4o"}, f"{ONE}.model is 'local:gpt-4o'"),
    ({**DAY, "scope": "fleet"}, f"{ONE}.scope is fleet; allowed: pod, as there is no section `sharing`"),
    ({**DAY, "cap": 5}, f"{ONE}.cap is an unknown key"),
]


@pytest.mark.parametrize(("budget", "words"), FAULTS)
def test_what_is_refused(budget: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, budget)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (
            {**DAY, "scope": "namespace"},
            f"{ONE}.scope is namespace; allowed: pod or fleet, as POD_NAMESPACE is not set",
        ),
        ({"money": 1, "per": "request", "scope": "fleet"}, f"{ONE}.scope is fleet; allowed: pod, as a single request"),
    ],
)
def test_what_is_refused_of_shared_ones(budget: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, budget, sharing={"redis": "redis://127.0.0.1:6379/0"})
    assert words in str(refused.value)


def test_two_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"budgets\[2\].name is 'all per day', as budgets\[0\] is called"):
        loaded(tmp_path, DAY, {**DAY, "per": "hour"}, {**DAY, "money": 9})


def test_a_system_without_a_time_zone_database(tmp_path: Path) -> None:
    reset_tzpath(["/nowhere"])
    try:
        assert loaded(tmp_path, DAY).budgets
        with pytest.raises(
            ConfigError, match="UTC, as this system has no time zone database: install the package tzdata"
        ):
            loaded(tmp_path, {**DAY, "zone": "Mars/Olympus"})
    finally:
        reset_tzpath()


@pytest.mark.parametrize("path", ["", 5, None, "a\0b", "a" * 1001])
def test_a_place_that_is_none(path: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"budget_state.path is .*; allowed: the path of a directory"):
        loaded(tmp_path, budget_state={"path": path})


def test_a_place_is_relative_to_the_configuration(tmp_path: Path) -> None:
    state = loaded(tmp_path, budget_state={"path": "state"}).budget_state
    assert state is not None
    assert state.path == str(tmp_path / "state")
    state = loaded(tmp_path, budget_state={"path": "/var/lib/outrider"}).budget_state
    assert state is not None
    assert state.path == "/var/lib/outrider"
