"""Who counts, and where the tables are that it counts by."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config import ConfigError, load
from proxy.config.tokens import Tokens


def loaded(text: str, tmp_path: Path) -> Tokens:
    path = tmp_path / "config.yaml"
    path.write_text(text, "utf-8")
    return load(str(path), {}).tokens


def test_by_default_it_is_estimated(tmp_path: Path) -> None:
    assert loaded("", tmp_path) == Tokens(counter="estimate", tables=None)


def test_tables_lie_where_it_is_said_from_the_configuration_on(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    for said in ("tables", str(tmp_path / "tables")):
        found = loaded(f"tokens: {{counter: tiktoken, tables: {said}}}", tmp_path)
        assert found == Tokens(counter="tiktoken", tables=str(tmp_path / "tables"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("tokens: {counter: exact}", "tokens.counter is 'exact'; allowed: estimate, tiktoken"),
        ("tokens: {tables: nowhere}", "tokens.tables is 'nowhere' (no such folder)"),
        ("tokens: {tables: config.yaml}", "tokens.tables is 'config.yaml' (no such folder)"),
        ("tokens: {tables: ''}", "tokens.tables is ''; allowed: the path of a folder"),
        ("tokens: {tables: 7}", "tokens.tables is 7"),
        ('tokens: {tables: "a\\0b"}', "no such folder"),
        ("tokens: {count: 1}", "tokens.count is an unknown key"),
    ],
)
def test_nonsense_is_refused(text: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(text, tmp_path)
    assert fault in str(caught.value)
