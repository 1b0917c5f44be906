"""Where each value came from: the file's line, the environment, a section it is inherited from, or nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config import load
from proxy.config.origins import Origins, Setting

KEY = "sk-proj-s3cr3ts3cr3ts3cr3t-wxyz"
TEXT = f"""\
listen: {{port: 1}}
timeouts:
  connect: 3
providers:
  openai:
    api_key: {{env: MINE}}
    headers: {{x-team: {KEY}}}
    timeouts: {{idle: 5}}
  groq:
  two:
    kind: openai_compatible
    base_url: http://h/v1
    api_keys:
      - {KEY}
      - {{file: key}}
  aws: {{kind: bedrock}}
  mock: {{mock: {{first_token_ms: [1, 2]}}}}
cache: {{bytes: 64Mi}}
models: [{{model: fast, targets: [{{provider: openai, model: gpt-4o}}]}}]
"""
ENVIRON = {"MINE": KEY, "GROQ_API_KEY": KEY, "AWS_REGION": "eu-west-1", "OUTRIDER_OPS_PORT": "77"}
EXPECTED = {
    "listen.port": (1, "file", "c.yaml:1"),
    "listen.hosts": (("127.0.0.1", "::1"), "default", "default"),
    "ops.port": (77, "environment", "environment OUTRIDER_OPS_PORT"),
    "timeouts.connect": (3.0, "file", "c.yaml:3"),
    "providers.openai.api_key": ("sk-…wxyz", "file", "c.yaml:6 (MINE)"),
    "providers.openai.headers.x-team": ("****", "file", "c.yaml:7"),
    "providers.openai.kind": ("openai", "kind", "the entry's name"),
    "providers.openai.base_url": ("https://api.openai.com/v1", "kind", "default of openai"),
    "providers.openai.timeouts.idle": (5.0, "file", "c.yaml:8"),
    "providers.openai.timeouts.connect": (3.0, "inherited", "timeouts.connect (c.yaml:3)"),
    "providers.openai.timeouts.total": (600.0, "default", "default"),
    "providers.openai.mock": (None, "default", "default"),
    "providers.groq.api_key": ("sk-…wxyz", "environment", "environment GROQ_API_KEY"),
    "providers.two.kind": ("openai_compatible", "file", "c.yaml:11"),
    "providers.two.api_key": ("sk-…wxyz", "file", "c.yaml:14"),
    "providers.two.api_keys[0]": ("sk-…wxyz", "file", "c.yaml:14"),
    "providers.two.api_keys[1]": ("****", "file", "c.yaml:15 (file key)"),
    "providers.aws.options.region": ("eu-west-1", "environment", "environment AWS_REGION"),
    "providers.mock-openai.mock.first_token_ms": (
        (1.0, 2.0),
        "inherited",
        "providers.mock.mock.first_token_ms (c.yaml:17)",
    ),
    "cache.bytes": (64 << 20, "file", "c.yaml:18"),
    "cache.ttl": (300.0, "default", "default"),
    "models[0].targets[0].model": ("gpt-4o", "file", "c.yaml:19"),
    "models[0].strategy": ("priority", "default", "default"),
}


@pytest.fixture
def found(tmp_path: Path) -> dict[str, Setting]:
    (tmp_path / "key").write_text("short", "utf-8")
    file = tmp_path / "c.yaml"
    file.write_text(TEXT, "utf-8")
    settings = list(Origins(load(str(file), ENVIRON), file, ENVIRON).settings())
    assert len({setting.path for setting in settings}) == len(settings)
    return {setting.path: setting for setting in settings}


@pytest.mark.parametrize("path", EXPECTED)
def test_where_it_came_from(found: dict[str, Setting], path: str) -> None:
    setting = found[path]
    assert (setting.value, setting.origin.source, setting.origin.place) == EXPECTED[path]


def test_no_key_is_shown(found: dict[str, Setting]) -> None:
    assert "s3cr3t" not in repr(found)


def test_without_a_file_nothing_is_from_one() -> None:
    settings = list(Origins(load(None, {}), None, {}).settings())
    assert {setting.origin.source for setting in settings} == {"default", "kind"}
    assert len(settings) > 100
