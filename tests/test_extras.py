"""What is switched off is not made, and not imported either."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from proxy.config import Config, ConfigError, load
from proxy.extras import batching_of, budgets_of, counter_of, counting_of

ROOT = Path(__file__).parent.parent
LATE = (
    "proxy.budgeting",
    "proxy.ledger",
    "proxy.policies.batching",
    "proxy.policies.cache",
    "proxy.tokens",
    "aiocache",
    "redis",
)


def config(tmp_path: Path, **sections: object) -> Config:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(sections), "utf-8")
    return load(str(file), {})


def test_nothing_is_made_where_nothing_is_said(tmp_path: Path) -> None:
    plain = config(tmp_path)
    assert batching_of(plain, Counter()) is None
    assert budgets_of(plain, {}, lambda target: None, None, None) is None
    assert counter_of(plain, {}) is None
    assert counting_of(None) is None


def test_nothing_of_it_is_imported_by_a_sidecar_that_does_without() -> None:
    code = "import sys, proxy.app; print([name for name in sys.argv[1:] if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code, *LATE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_batching_is_made_for_the_section_or_an_alias(tmp_path: Path) -> None:
    alias = {"model": "e", "targets": [{"provider": "mock", "model": "m"}]}
    assert batching_of(config(tmp_path, batching={"enabled": True}), Counter()) is not None
    assert batching_of(config(tmp_path, models=[alias | {"batching": True}]), Counter()) is not None
    assert batching_of(config(tmp_path, models=[alias | {"batching": False}]), Counter()) is None


def test_budgets_are_made_where_there_are_any(tmp_path: Path) -> None:
    said = config(tmp_path, budgets=[{"name": "day", "per": "day", "tokens": 1000}])
    assert budgets_of(said, {}, lambda target: None, None, None) is not None


def test_a_counter_without_tables_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    said = config(tmp_path, tokens={"counter": "tiktoken", "tables": str(tmp_path)})
    with pytest.raises(ConfigError, match="tokens"):
        counter_of(said, {})
