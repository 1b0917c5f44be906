"""A provider that is off: who asks for it, and who checks the configuration, is told which variable or key would turn it on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy import commands
from proxy.call import Failure
from proxy.config import aliases, endpoints, load
from proxy.providers import Provider, all_providers
from proxy.routing import Router
from tests.providers.stage import option

EVERY = pytest.mark.parametrize(("kind", "provider"), all_providers().items(), ids=all_providers())


def written(folder: Path, kind: str, provider: Provider, *told: str) -> str:
    """A configuration with one provider that has no key, and of its options those `told`."""
    entry: dict[str, Any] = {"kind": kind, "options": {name: option(name) for name in told}}
    if provider.base_url is None:
        entry["base_url"] = "http://127.0.0.1:1/v1"
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"providers": {"there": entry}}), "utf-8")
    return str(path)


def refusal(path: str) -> str:
    """What the application is told when it asks for a model there; "" where there is somebody to ask."""
    config = load(path, {})
    on, off = endpoints(config)
    router = Router(on, off, aliases(config))
    if "there" in on:
        assert router.resolve("there:m")[0].name == "there"
        return ""
    with pytest.raises(Failure) as raised:
        router.resolve("there:m")
    assert (raised.value.kind, raised.value.status) == ("model_not_found", 404)
    return raised.value.detail


def checked(path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The line of `outrider check` about it."""
    for provider in all_providers().values():
        for name in (*provider.key_env, *(name for each in provider.options.values() for name in each.env)):
            monkeypatch.delenv(name, raising=False)
    assert commands.check(path) == commands.OK
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.split()[:1] == ["there"]]
    return line


def needs_a_key(provider: Provider) -> bool:
    return provider.key_required and not provider.cloud


@EVERY
def test_what_would_turn_it_on(
    kind: str,
    provider: Provider,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = written(tmp_path, kind, provider, *provider.options)
    told, line = refusal(path), checked(path, capsys, monkeypatch)
    if needs_a_key(provider):
        ways = (*provider.key_env, "providers.there.api_key")
        assert all(way in told for way in ways)
        assert all(way in line for way in ways)
        assert line.split()[1] == "off"
    else:
        assert told == ""
        assert line.split()[1] == "on"
        assert provider.cloud in line.lower()


@EVERY
def test_what_it_has_to_be_told(kind: str, provider: Provider, tmp_path: Path) -> None:
    """Each option without a value of its own, by its variables and its place in the configuration."""
    wanted = {name: each for name, each in provider.options.items() if each.default is None}
    told = refusal(written(tmp_path, kind, provider))
    for name, each in wanted.items():
        assert f"providers.there.options.{name}" in told
        assert all(variable in told for variable in each.env)


@EVERY
def test_the_first_variable_that_is_set_turns_it_on(kind: str, provider: Provider, tmp_path: Path) -> None:
    path = written(tmp_path, kind, provider, *provider.options)
    for name in provider.key_env:
        config = load(path, {name: "sk-canary-0123456789"})
        on, off = endpoints(config)
        assert "there" not in off
        assert (on["there"].key, on["there"].origins) == ("sk-canary-0123456789", (name,))
