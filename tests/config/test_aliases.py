"""What an alias says of its targets; what leads nowhere, in circles, or lacks what it needs is refused with its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config import Config, ConfigError, aliases, load
from proxy.config.aliases import fallbacks_of, way_back

PROVIDERS = "providers: {up: {kind: openai, api_key: k}, local: {kind: ollama}}\n"


def loaded(tmp_path: Path, models: str) -> Config:
    path = tmp_path / "config.yaml"
    path.write_text(f"{PROVIDERS}models: {models}\n", "utf-8")
    return load(str(path), {})


def faults(tmp_path: Path, models: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, models)
    return [str(fault) for fault in caught.value.every]


def test_targets_with_weights_and_tags(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        "[{model: a, targets: [{provider: up, model: m, weight: 2, tags: [eu]}, {provider: local, model: n}]}]",
    )
    assert aliases(config) == {"a": (("up", "m", 2.0, frozenset({"eu"})), ("local", "n", 1.0, frozenset()))}


def test_fallbacks_are_followed_and_nobody_is_named_twice(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        '[{model: a, targets: [{provider: up, model: m}], fallback: [b, "local:x"]},'
        ' {model: b, targets: [{provider: up, model: n}], fallback: [c, "local:x"]},'
        " {model: c, targets: [{provider: up, model: o}]}]",
    )
    assert fallbacks_of(config) == {"a": ("b", "c", "local:x"), "b": ("c", "local:x"), "c": ()}


ONE = "targets: [{provider: up, model: m}]"
FAULTS = [
    (
        f"[{{model: a, {ONE}, fallback: [a]}}]",
        "models[0].fallback is a circle: a -> a; allowed: fallbacks that do not lead back",
    ),
    (
        f"[{{model: a, {ONE}, fallback: [b]}}, {{model: b, {ONE}, fallback: [a]}}]",
        "models[0].fallback is a circle: a -> b -> a; allowed: fallbacks that do not lead back",
    ),
    (
        f"[{{model: fast, {ONE}, fallback: [fats]}}]",
        "models[0].fallback[0] is 'fats'; allowed: an alias, or provider:model (did you mean fast?)",
    ),
    (
        f"[{{model: a, {ONE}, fallback: ['gone:m']}}]",
        "models[0].fallback[0] is 'gone:m'; allowed: an alias, or provider:model",
    ),
    (
        f"[{{model: a, {ONE}, when: [{{tools: true, use: nobody}}]}}]",
        "models[0].when[0].use is 'nobody'; allowed: an alias, or provider:model",
    ),
    (
        f"[{{model: a, {ONE}, strategy: weighted}}]",
        "models[0].targets[0].weight is missing; allowed: a number above 0, for the strategy weighted",
    ),
    (
        "[{model: a, targets: [{provider: up, model: m, weight: 0}]}]",
        "models[0].targets[0].weight is 0; allowed: a number above 0",
    ),
    (
        "[{model: a, targets: [{provider: up, model: m, weight: -1}]}]",
        "models[0].targets[0].weight is -1; allowed: a number above 0",
    ),
    (
        "[{model: a, targets: [{provider: upp, model: m}]}]",
        "models[0].targets[0].provider is 'upp'; allowed: up, local, mock, mock-anthropic, mock-openai, mock-vllm"
        " (did you mean up?)",
    ),
    (f"[{{model: a, {ONE}}}, {{model: a, {ONE}}}]", "models[1].model is 'a' again; allowed: each alias once"),
]


@pytest.mark.parametrize(("models", "fault"), FAULTS)
def test_a_fault_in_exact_words(models: str, fault: str, tmp_path: Path) -> None:
    assert "".join(faults(tmp_path, models)[0].partition("models")[1:]) == fault


def test_the_shortest_way_back() -> None:
    named = {"a": ["b", "c"], "b": ["d"], "c": ["a"], "d": ["a"]}
    assert way_back("a", named) == ["a", "c", "a"]
    assert way_back("x", named) == []
