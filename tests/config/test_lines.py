"""On which line what stands, in every spelling that YAML has for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.lines import Lines, parent_of

TEXT = """\
listen:
  port: 1
  hosts:
    - 127.0.0.1
pool: {idle: 2,
  queue: 3}
usual: &usual
  a: 1
  b: {c: 2}
models:
  - model: fast
    targets: [{provider: x}]
merged:
  <<: *usual
  a: 5
both:
  <<: [*usual, {d: 4}]
cache: 64Mi
"""
PLACES = {
    "listen": 1,
    "listen.port": 2,
    "listen.hosts": 3,
    "listen.hosts[0]": 4,
    "pool.idle": 5,
    "pool.queue": 6,
    "models[0].model": 11,
    "models[0].targets[0].provider": 12,
    "merged.a": 15,
    "merged.b.c": 9,
    "both.a": 8,
    "both.d": 17,
    "cache": 18,
    "cache.low": 18,
    "cache.more.still": 18,
}


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    (tmp_path / "c.yaml").write_text(TEXT, "utf-8")
    return Lines(tmp_path / "c.yaml")


@pytest.mark.parametrize(("path", "line"), PLACES.items())
def test_where_it_stands(lines: Lines, path: str, line: int) -> None:
    assert lines.of(path) == line


@pytest.mark.parametrize("path", ["", "ops", "ops.port", "listen.body_limit", "models[1]", "models[0].strategy"])
def test_what_nobody_wrote(lines: Lines, path: str) -> None:
    assert lines.of(path) is None


@pytest.mark.parametrize("text", ["", "# nothing\n", "a: &a\n  b: *a\n"])
def test_files_of_another_sort(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text, "utf-8")
    assert Lines(tmp_path / "c.yaml").of("x.y") is None
    assert Lines(None).of("x") is None


def test_parents() -> None:
    assert [parent_of(path) for path in ("a.b[0].c", "a.b[0]", "a.b", "a", "")] == ["a.b[0]", "a.b", "a", "", ""]
