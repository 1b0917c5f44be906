"""`outrider models` shows every provider and its models, for people and for programs, and says what it was asked for in vain."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from proxy.commands_models import Wanted, models
from proxy.providers import CAPABILITIES

CONFIG = """
providers:
  openai: {api_key: sk-canary-0123456789abcdef}
  claude: {kind: anthropic}
  local: {kind: openai_compatible, base_url: "http://vllm:8000/v1"}
"""


ALL = Wanted()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for variable in [name for name in os.environ if name.startswith("OUTRIDER_") or name.endswith("_API_KEY")]:
        monkeypatch.delenv(variable)
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, "utf-8")
    return str(path)


def as_json(config: str, capsys: pytest.CaptureFixture[str], wanted: Wanted = ALL) -> dict[str, Any]:
    assert models(config, wanted, as_json=True) == 0
    return {provider["name"]: provider for provider in json.loads(capsys.readouterr().out)["providers"]}


def test_for_programs(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(config, capsys)
    assert {"openai", "claude", "local", "mock"} <= set(found)
    assert (found["openai"]["on"], found["openai"]["why"]) == (True, None)
    assert not found["claude"]["on"]
    assert "ANTHROPIC_API_KEY" in found["claude"]["why"]
    assert "vision" in found["claude"]["capabilities"]
    assert found["local"]["models"] == []
    (gpt,) = (model for model in found["openai"]["models"] if model["model"] == "gpt-4o")
    assert (gpt["context_window"], gpt["max_output"], gpt["all_known"]) == (128000, 16384, True)
    assert gpt["price"] == {"input": "2.5", "output": "10", "cache_read": "1.25", "cache_write": None}
    assert gpt["capabilities"] == [word for word in CAPABILITIES if word in gpt["capabilities"]]
    assert "sk-canary" not in json.dumps(found)


def test_a_longer_prompt_s_price_and_the_operator_s_own(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    more = "catalog: [{provider: local, model: own, price: {input: 0.5, tiers: [{above: 9, input: 1}]}}]"
    Path(config).write_text(CONFIG + more, "utf-8")
    found = as_json(config, capsys)
    (own,) = found["local"]["models"]
    assert own["price"] == {"input": "0.5", "output": None, "cache_read": None, "cache_write": None}
    assert own["price_above"] == {"tokens": 9, "input": "1", "output": None, "cache_read": None, "cache_write": None}
    (haiku,) = (model for model in found["claude"]["models"] if model["model"] == "claude-haiku-5-5")
    assert haiku["price_above"] == {
        "tokens": 100_000,
        "input": "0.5",
        "output": "2.5",
        "cache_read": "0.05",
        "cache_write": "0.625",
    }


def test_one_provider_and_one_capability(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(config, capsys, Wanted("openai", "embeddings"))
    assert list(found) == ["openai"]
    assert {model["model"] for model in found["openai"]["models"]} >= {"text-embedding-3-small"}
    assert all(model["capabilities"] == ["embeddings"] for model in found["openai"]["models"])


def test_a_kind_that_is_not_configured_is_shown_as_off(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(config, capsys, Wanted("groq"))
    assert (found["groq"]["on"], found["groq"]["kind"]) == (False, "groq")
    assert "not configured" in found["groq"]["why"]
    assert found["groq"]["models"]


def test_for_people(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert models(config, Wanted()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "openai  on" in lines
    (claude,) = (line for line in lines if line.startswith("claude (anthropic)  off  no key"))
    assert re.fullmatch(r"  models: [1-9]\d* known", lines[lines.index(claude) + 2])
    (gpt,) = (line.split() for line in lines if line.split()[:1] == ["gpt-4o"])
    assert gpt[1:5] == ["128,000", "16,384", "2.5,", "10"]
    assert "vision" in gpt
    assert not any(line.strip().startswith("claude-") for line in lines)
    assert "  models: only its server knows" in lines
    assert models(config, Wanted("claude")) == 0
    assert "claude-sonnet-4-5 " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted("opnai"), "--provider opnai: there is openai, claude, local"),
        (Wanted("opnai"), "(did you mean openai?)"),
        (Wanted(None, "visoin"), "--can visoin: there is chat"),
        (Wanted(None, "visoin"), "(did you mean vision?)"),
    ],
)
def test_what_there_is_not(wanted: Wanted, words: str, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert models(config, wanted) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("outrider: ")
    assert words in err


def test_a_faulty_configuration(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(config).write_text("providers: {x: {kind: nope}}\nlisten: {port: 70000}", "utf-8")
    assert models(config, Wanted()) == 2
    assert "listen.port" in capsys.readouterr().err
