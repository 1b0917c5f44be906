"""What is switched off is not made, and not imported either."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from proxy.config import Config, ConfigError, load
from proxy.extras import batching_of, budgets_of, counter_of, counting_of, scrubbing, traces_of

ROOT = Path(__file__).parent.parent
LATE = (
    "proxy.budgeting",
    "proxy.ledger",
    "proxy.policies.batching",
    "proxy.policies.cache",
    "proxy.tokens",
    "proxy.traces",
    "proxy.tracing",
    "proxy.policies.tracing",
    "proxy.upstream.collector",
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
    assert traces_of(plain, {}, print, bytes) is None


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


def test_calls_are_traced_where_somebody_says_where_to(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
    assert traces_of(config(tmp_path), environ, print, bytes) is not None
    assert traces_of(config(tmp_path, tracing={"otlp": "http://collector:4318"}), {}, print, bytes) is not None
    assert traces_of(config(tmp_path, tracing={"enabled": False}), environ, print, bytes) is None
    assert traces_of(config(tmp_path), {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector"}, print, bytes) is None
    assert ["OTEL_EXPORTER_OTLP_ENDPOINT" in record.message for record in caplog.records] == [True]


def test_what_is_personal_is_taken_out_as_the_log_takes_it_out(tmp_path: Path) -> None:
    said = config(tmp_path, logging={"content": {"redact": ["mail"], "patterns": {"staff": "E[0-9]{6}"}}})
    cleaned = scrubbing(said)("E123456 writes to a@b.example from 4111 1111 1111 1111")
    assert "E123456" not in cleaned
    assert "a@b.example" not in cleaned
    assert "4111 1111 1111 1111" in cleaned
