"""What the configuration says of roads: the mock's pace, and what translations may do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from proxy.config import Config, endpoints, load
from proxy.providers import Endpoint
from proxy.roads import Roads, alias_rules, common_rules, key_files, mock_settings
from proxy.translate import Rules
from proxy.upstream.mock import MockSettings
from tests.upstream.lane import asked, make_call
from tests.upstream.raw import RequestHead


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


def files_of(folder: Path, text: str, **files: str) -> tuple[Config, dict[str, Endpoint]]:
    for name, key in files.items():
        (folder / name).write_text(key)
    config = load_text(folder, text)
    return config, endpoints(config)[0]


async def test_a_key_that_changes_on_disk_signs_the_next_request(tmp_path: Path) -> None:
    text = "providers:\n  a: {kind: openai, api_key: {file: one}}\n  b: {kind: openai, api_keys: [{file: one}, {file: two}]}\n"
    config, on = files_of(tmp_path, text, one="sk-one-0000", two="sk-two-0000")
    hidden: list[str] = []
    roads = Roads(config, on, asyncio.get_running_loop(), hidden.append, {})
    assert key_files(config, on) == {
        tmp_path / "one": [("a", "sk-one-0000"), ("b", "sk-one-0000")],
        tmp_path / "two": [("b", "sk-two-0000")],
    }
    roads.start()
    (tmp_path / "one").write_text("sk-one-1111\n")
    await roads.watched.look()
    assert keys_sent(roads, "a", 2) == ["sk-one-1111"] * 2
    assert keys_sent(roads, "b", 2) == ["sk-one-1111", "sk-two-0000"]
    assert "sk-one-1111" in hidden
    (tmp_path / "one").write_text("no key")
    await roads.watched.look()
    assert keys_sent(roads, "a", 1) == ["sk-one-1111"]
    (tmp_path / "one").write_text("sk-one-2222")
    await roads.watched.look()
    assert keys_sent(roads, "a", 1) == ["sk-one-2222"]
    assert roads.by_name["a"].secrets.hide("was sk-one-1111") == "was [redacted]"
    await roads.close()


def keys_sent(roads: Roads, name: str, count: int) -> list[str]:
    sent = [RequestHead(asked(roads.by_name[name], make_call(), b"{}")) for _ in range(count)]
    return [request.all("authorization")[0].removeprefix("Bearer ") for request in sent]


async def test_a_key_that_changes_between_being_read_and_being_watched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A second lies in between at the start; a rotation of that moment would be missed until the next one."""
    caplog.set_level("INFO")
    text = "providers:\n  a: {kind: openai, api_key: {file: one}}\n  b: {kind: openai, api_key: {file: two}}\n"
    config, on = files_of(tmp_path, text, one="sk-one-0000", two="sk-two-0000")
    roads = Roads(config, on, asyncio.get_running_loop(), lambda key: None, {})
    (tmp_path / "one").write_text("sk-new-1111")
    roads.start()
    await roads.watched.look()
    assert (roads.by_name["a"].endpoint.key, roads.by_name["b"].endpoint.key) == ("sk-new-1111", "sk-two-0000")
    assert [record.file for record in caplog.records] == [str(tmp_path / "one")]  # type: ignore[attr-defined]
    await roads.close()
