"""What the configuration says of roads: the mock's pace, and what translations may do."""

from __future__ import annotations

from pathlib import Path

from proxy.config import Config, load
from proxy.roads import alias_rules, common_rules, mock_settings
from proxy.translate import Rules
from proxy.upstream.mock import MockSettings


def load_text(folder: Path, text: str) -> Config:
    (folder / "config.yaml").write_text(text)
    return load(str(folder), {})


def test_the_mock_is_as_fast_as_configured(tmp_path: Path) -> None:
    config = load_text(tmp_path, "providers: {mock: {mock: {first_token_ms: [10, 20], inter_token_ms: 5}}}")
    assert mock_settings(config.providers["mock"]) == MockSettings((0.01, 0.02), (0.005, 0.005))


def test_what_translations_may_do_by_default(tmp_path: Path) -> None:
    config = load_text(tmp_path, "")
    assert common_rules(config) == Rules("auto", ask_usage=False)
    assert alias_rules(config) == {}


def test_an_alias_may_have_a_rule_of_its_own_and_keeps_the_rest(tmp_path: Path) -> None:
    config = load_text(
        tmp_path,
        "unsupported: drop\nstream_usage: ask\nmodels:\n"
        "  - {model: strict, unsupported: reject, targets: [{provider: mock, model: mock}]}\n"
        "  - {model: plain, targets: [{provider: mock, model: mock}]}\n",
    )
    assert common_rules(config) == Rules("drop", ask_usage=True)
    assert alias_rules(config) == {"strict": Rules("reject", ask_usage=True)}
