"""The settings as `outrider check` prints them: those that somebody made, or all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.commands_settings import setting_lines, settings
from proxy.config import load

TEXT = """\
timeouts: {connect: 3}
providers:
  local: {kind: openai_compatible, base_url: http://h/v1}
  groq: {}
"""
GOLDEN = """\
  providers.local.kind              "openai_compatible"  c.yaml:3
  providers.local.base_url          "http://h/v1"        c.yaml:3
  providers.local.timeouts.connect  3.0                  from timeouts.connect (c.yaml:1)
  timeouts.connect                  3.0                  c.yaml:1
  logging.level                     "debug"              environment OUTRIDER_LOG_LEVEL
"""


@pytest.fixture
def report(tmp_path: Path) -> dict[str, Any]:
    file, environ = tmp_path / "c.yaml", {"OUTRIDER_LOG_LEVEL": "debug"}
    file.write_text(TEXT, "utf-8")
    found = settings(load(str(file), environ), file, environ)
    providers = [
        {"name": "local", "on": True, "address": "http://h/v1"},
        {"name": "groq", "on": False, "address": "https://api.groq.com"},
        *({"name": name, "on": True, "address": "embedded"} for name in MOCKS),
    ]
    return {"providers": providers, "settings": found}


MOCKS = ("mock", "mock-anthropic", "mock-openai", "mock-vllm")


def test_those_that_somebody_made(report: dict[str, Any]) -> None:
    first, *rest = setting_lines(report, every=False)
    assert "\n".join(rest) + "\n" == GOLDEN
    assert first == f"settings ({len(report['settings']) - len(rest)} more as usual; --all shows them)"


def test_all_of_them(report: dict[str, Any]) -> None:
    first, *rest = setting_lines(report, every=True)
    assert first == "settings"
    assert len(rest) == len(report["settings"])
    assert any(line.split() == ["drain.grace", "25.0", "default"] for line in rest)
