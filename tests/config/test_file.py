"""Files, directories, mounted ConfigMaps, and YAML that is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxy.config.decode import ConfigError
from proxy.config.file import locate, read


def write(path: Path, text: str = "listen: {}\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def config_map(tmp_path: Path) -> Path:
    """A directory as kubelet mounts a ConfigMap: `config.yaml` -> `..data/config.yaml`, `..data` -> `..2024_01`."""
    mount = tmp_path / "mount"
    write(mount / "..2024_01" / "config.yaml", "ops: {port: 1}\n")
    (mount / "..data").symlink_to("..2024_01")
    (mount / "config.yaml").symlink_to("..data/config.yaml")
    return mount


def test_nothing_is_named() -> None:
    assert locate(None, {}) is None
    assert locate(None, {"OUTRIDER_CONFIG": ""}) is None


def test_the_argument_comes_before_the_variable(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one.yaml"), write(tmp_path / "two.yaml")
    assert locate(str(one), {"OUTRIDER_CONFIG": str(two)}) == one
    assert locate(None, {"OUTRIDER_CONFIG": str(two)}) == two


@pytest.mark.parametrize("name", ["config.yaml", "config.yml"])
def test_a_directory_holds_the_file(tmp_path: Path, name: str) -> None:
    file = write(tmp_path / name)
    write(tmp_path / "other.yaml")
    assert locate(str(tmp_path), {}) == file


def test_config_yaml_comes_first(tmp_path: Path) -> None:
    write(tmp_path / "config.yml")
    first = write(tmp_path / "config.yaml")
    assert locate(str(tmp_path), {}) == first


def test_a_mounted_config_map_survives_its_swap(config_map: Path) -> None:
    file = locate(str(config_map), {})
    assert file == config_map / "config.yaml"
    assert read(file) == {"ops": {"port": 1}}
    write(config_map / "..2024_02" / "config.yaml", "ops: {port: 2}\n")
    (config_map / "..swap").symlink_to("..2024_02")
    os.replace(config_map / "..swap", config_map / "..data")
    assert read(file) == {"ops": {"port": 2}}


def test_an_empty_directory_is_an_optional_config_map_that_is_absent(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    assert locate(str(tmp_path), {}) is None


def test_a_directory_of_other_files_is_a_mistake(tmp_path: Path) -> None:
    write(tmp_path / "conf.yaml")
    with pytest.raises(ConfigError) as caught:
        locate(str(tmp_path), {})
    assert str(caught.value) == (
        f"--config is '{tmp_path}' (a directory that holds neither);"
        " allowed: a YAML file, or a directory that holds config.yaml or config.yml"
    )


@pytest.mark.parametrize(
    ("path", "variable", "text"),
    [
        ("/nowhere/x", "", "--config is '/nowhere/x' (No such file or directory)"),
        (None, "/nowhere/y", "OUTRIDER_CONFIG is '/nowhere/y' (No such file or directory)"),
        ("a\0b", "", "--config is 'a\\x00b' (not a path)"),
    ],
)
def test_a_place_that_is_not_there(path: str | None, variable: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        locate(path, {"OUTRIDER_CONFIG": variable})
    assert str(caught.value) == f"{text}; allowed: a YAML file, or a directory that holds config.yaml or config.yml"


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file(tmp_path: Path, text: str) -> None:
    assert read(write(tmp_path / "c.yaml", text)) is None


def test_anchors_and_merged_keys_are_no_repetition(tmp_path: Path) -> None:
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: [*a, *a]\nloop: &l {self: *l}\n"
    data = read(write(tmp_path / "c.yaml", text))
    assert data["b"] == {"x": 3, "y": 2}
    assert data["c"] == [{"x": 1, "y": 2}] * 2


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"a: 1\nb: 2\na: 3\n", "is the key a again (line 3, column 1); allowed: each key once"),
        (b"a: {b: [{c: 1, c: 2}]}\n", "is the key c again (line 1, column 16); allowed: each key once"),
        (b"a: {k:sk-1: 1, k:sk-1: 2}\n", "is the key **** again (line 1, column 16); allowed: each key once"),
        (b"a: [1\n", "is not valid YAML (line 2, column 1); allowed: a valid YAML document"),
        (b"a: 1\n\tb: 2\n", "is not valid YAML (line 2, column 1); allowed: a valid YAML document"),
        (b"key: *sk-secret\n", "is not valid YAML (line 1, column 6); allowed: a valid YAML document"),
        (b"key: !sk-secret x\n", "is not valid YAML (line 1, column 6); allowed: a valid YAML document"),
        (b"a: 1\n---\nb: 2\n", "is not valid YAML (line 2, column 1); allowed: a valid YAML document"),
        (b"[" * 100_000, "is nested deeper than 100 levels (line 1, column 101); allowed: less depth"),
        (b"{a: " * 100_000, "is nested deeper than 100 levels (line 1, column 401); allowed: less depth"),
        (b"? [1]\n: 2\n", "is not valid YAML (line 1, column 3); allowed: a valid YAML document"),
        (b"a: \xff\xfe\n", "is not valid YAML; allowed: a valid YAML document in UTF-8"),
        (b"a: \x00\n", "is not valid YAML; allowed: a valid YAML document in UTF-8"),
        (b"a: !!timestamp 99\n", "is not valid YAML; allowed: a valid YAML document in UTF-8"),
        (b"a: !!bool x\n", "is not valid YAML; allowed: a valid YAML document in UTF-8"),
        (b"a: !!int ''\n", "is not valid YAML; allowed: a valid YAML document in UTF-8"),
        (b"a: 2024-13-45\n", "is not valid YAML; allowed: a valid YAML document in UTF-8"),
    ],
)
def test_what_is_no_yaml(tmp_path: Path, content: bytes, text: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read(file)
    assert str(caught.value) == f"{file} {text}"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path)
    assert str(caught.value) == f"{tmp_path} is unreadable (Is a directory); allowed: a file that can be read"
