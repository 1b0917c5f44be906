"""Where the configuration comes from: what counts as a change, and what is not taken for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxy.config import ConfigError, endpoints
from proxy.source import Source
from tests.config.test_mounts import publish

OPENAI = "providers: {openai: {}, groq: {}}"


@pytest.fixture
def pod(tmp_path: Path) -> tuple[Path, Path]:
    """The directories of the configuration and of the keys."""
    for name in ("config", "keys"):
        (tmp_path / name).mkdir()
    return tmp_path / "config", tmp_path / "keys"


def source_of(pod: tuple[Path, Path]) -> Source:
    source = Source(str(pod[0]), {}, str(pod[1]))
    source.load()
    return source


def changes(source: Source) -> bool:
    """Whether it has changed; what was loaded then is no change any more."""
    found = source.changed()
    source.load()
    assert not source.changed()
    return found


def test_who_can_change_at_all(tmp_path: Path) -> None:
    assert not Source(None, {}).lasts
    assert Source(None, {}, str(tmp_path)).lasts
    assert Source(str(tmp_path), {}).lasts
    (tmp_path / "config.yaml").write_text("", "utf-8")
    assert Source(None, {"OUTRIDER_CONFIG": str(tmp_path / "config.yaml")}).lasts


def test_a_configuration_that_comes_and_changes(pod: tuple[Path, Path]) -> None:
    source = source_of(pod)
    assert not source.changed()
    publish(pod[0], 1, **{"config.yaml": OPENAI})
    assert changes(source)
    publish(pod[0], 2, **{"config.yaml": OPENAI + "\n"})
    assert changes(source)


def test_keys_that_come_and_go(pod: tuple[Path, Path]) -> None:
    source = source_of(pod)
    publish(pod[0], 1, **{"config.yaml": OPENAI})
    source.load()
    publish(pod[1], 1, openai="sk-1", groq="gsk-1")
    assert changes(source)
    assert {"openai", "groq"} <= endpoints(source.load())[0].keys()
    publish(pod[1], 2, groq="gsk-1")
    assert changes(source)
    assert "openai" in endpoints(source.load())[1]


def test_a_key_that_only_changes_is_the_affair_of_who_signs(pod: tuple[Path, Path]) -> None:
    publish(pod[1], 1, openai="sk-1", AWS_REGION="eu-west-1")
    source = source_of(pod)
    publish(pod[1], 2, openai="sk-2", AWS_REGION="eu-west-1")
    assert not source.changed()
    publish(pod[1], 3, openai="sk-2", AWS_REGION="eu-west-2")
    assert changes(source)


def test_a_password_that_changes_is_nobody_elses_affair(pod: tuple[Path, Path]) -> None:
    publish(pod[0], 1, **{"config.yaml": f"sharing: {{redis: 'redis://h/0', password: {{file: {pod[1]}/redis}}}}"})
    publish(pod[1], 1, redis="one")
    source = source_of(pod)
    publish(pod[1], 2, redis="two")
    assert changes(source)


def test_a_key_file_that_was_waited_for(pod: tuple[Path, Path], tmp_path: Path) -> None:
    elsewhere = tmp_path / "token"
    publish(pod[0], 1, **{"config.yaml": f"providers: {{openai: {{api_key: {{file: {elsewhere}}}}}}}"})
    source = source_of(pod)
    elsewhere.write_text("sk-1", "utf-8")
    assert source.changed()
    assert endpoints(source.load())[0]["openai"].key == "sk-1"


def test_a_fault_is_looked_at_once(pod: tuple[Path, Path]) -> None:
    source = source_of(pod)
    publish(pod[0], 1, **{"config.yaml": "drain: {grace: x}"})
    assert source.changed()
    with pytest.raises(ConfigError, match=r"drain\.grace"):
        source.load()
    assert not source.changed()
    publish(pod[0], 2, other="drain: {grace: 1}")
    assert source.changed()
    with pytest.raises(ConfigError, match="holds neither"):
        source.load()
    assert not source.changed()


@pytest.mark.parametrize("which", [0, 1])
def test_what_was_deleted_goes_on(which: int, pod: tuple[Path, Path]) -> None:
    label = ("--config", "--keys")[which]
    publish(pod[0], 1, **{"config.yaml": OPENAI})
    publish(pod[1], 1, openai="sk-1")
    source = source_of(pod)
    publish(pod[which], 2)
    assert source.changed()
    for _ in range(2):
        with pytest.raises(ConfigError, match=rf"^{label} is empty now \(no .*{pod[which]} is empty"):
            source.load()
    assert not source.changed()
    publish(pod[which], 3, **({"config.yaml": OPENAI} if which == 0 else {"openai": "sk-1"}))
    assert changes(source)


def test_directories_that_go_altogether_are_no_traceback(pod: tuple[Path, Path]) -> None:
    source = source_of(pod)
    for directory in pod:
        os.rmdir(directory)
    source.changed()
    with pytest.raises(ConfigError, match="No such file"):
        source.load()
