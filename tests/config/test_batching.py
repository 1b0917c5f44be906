"""The section `batching`: what it may say, and how what it may not is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.config import ConfigError, load
from proxy.config.batching import Batching


def loaded(directory: Path, said: str) -> Any:
    path = directory / "config.yaml"
    path.write_text(said, "utf-8")
    return load(str(path), {})


def test_it_is_off_unless_it_is_asked_for(tmp_path: Path) -> None:
    config = loaded(tmp_path, "providers: {}")
    assert config.batching == Batching(enabled=False, window=0.005, inputs=96, tokens=20_000)


def test_all_that_can_be_said(tmp_path: Path) -> None:
    text = """
    batching: {enabled: true, window: 0.25, inputs: 2, tokens: 500}
    models:
      - {model: one, batching: false, targets: [{provider: mock, model: m}]}
      - {model: many, batching: true, targets: [{provider: mock, model: m}]}
      - {model: other, targets: [{provider: mock, model: m}]}
    """
    config = loaded(tmp_path, text)
    assert config.batching == Batching(enabled=True, window=0.25, inputs=2, tokens=500)
    assert [alias.batching for alias in config.models] == [False, True, None]


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("{window: 0}", "batching.window"),
        ("{window: 1.5}", "batching.window"),
        ("{window: .nan}", "batching.window"),
        ("{window: soon}", "batching.window"),
        ("{inputs: 1}", "batching.inputs"),
        ("{inputs: 2049}", "batching.inputs"),
        ("{tokens: 0}", "batching.tokens"),
        ("{enabled: 7}", "batching.enabled"),
        ("{windows: 1}", "batching.windows"),
    ],
)
def test_what_is_wrong_is_named(said: str, path: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, f"batching: {said}")
    assert str(caught.value).startswith(f"{path} is ")
