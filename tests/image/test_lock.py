"""The lock is what constraints.txt and setup.cfg say, for every Python and machine an image may have. Without a network."""

from __future__ import annotations

import re
from collections.abc import Callable
from configparser import ConfigParser
from types import ModuleType
from typing import NamedTuple

import pytest
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from tests.image.conftest import ROOT

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
BUILD_LOCK = (ROOT / "requirements-build.lock").read_text("utf-8")
BLOCK = re.compile(r"((?:# .+\n)+)([\w-]+)==(\S+) \\\n((?: {4}--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)")
Script = Callable[[str], ModuleType]


class Block(NamedTuple):
    extras: list[str]
    files: list[str]
    version: str
    hashes: list[str]


def blocks(lock: str) -> dict[str, Block]:
    found = {}
    for comments, name, version, hashes in BLOCK.findall(lock):
        lines = comments.replace("# ", "").splitlines()
        extras = [line.removeprefix("extras: ").split() for line in lines if line.startswith("extras: ")]
        files = [line for line in lines if line.endswith((".whl", ".tar.gz"))]
        found[name] = Block(extras[0] if extras else [], files, version, re.findall(r"sha256:(\w+)", hashes))
    return found


def tags(python: str, machine: str) -> set[Tag]:
    """What such a Python takes on Debian 12 and later."""
    version = tuple(map(int, python.split(".")))
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(36, 16, -1)] + [f"manylinux2014_{machine}"]
    return {*cpython_tags(version, platforms=platforms), *compatible_tags(version, platforms=platforms)}


def test_every_line_of_the_locks_is_read_here() -> None:
    for lock in (LOCK, BUILD_LOCK):
        assert BLOCK.sub("", lock).strip() == lock.partition("\n\n")[0].strip()


def test_versions_are_the_tested_ones(script: Script) -> None:
    pins = script("image_lock").pins((ROOT / "constraints.txt").read_text("utf-8"))
    assert {name: block.version for name, block in blocks(LOCK).items()} == {name: pins[name] for name in blocks(LOCK)}


def test_packages_are_those_that_are_needed_with_the_extras_that_need_them(script: Script) -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    assert {name: block.extras for name, block in blocks(LOCK).items()} == script("image_lock").by_extra(config)


def test_every_extra_but_the_developers_is_there(script: Script) -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    assert {*script("image_lock").EXTRAS, "dev"} == set(config["options.extras_require"])


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_package_has_a_wheel_for_each_python_and_machine(script: Script, python: str, machine: str) -> None:
    lock = script("image_lock")
    assert python in lock.PYTHONS
    assert machine in lock.MACHINES
    for name, block in (blocks(LOCK) | blocks(BUILD_LOCK)).items():
        if name in lock.SOURCES:
            assert [file.endswith(".tar.gz") for file in block.files] == [True]
        else:
            fitting = [file for file in block.files if parse_wheel_filename(file)[3] & tags(python, machine)]
            assert len(fitting) == 1, f"{name} on {python}, {machine}"


def test_each_file_has_a_hash_of_its_own() -> None:
    found = blocks(LOCK) | blocks(BUILD_LOCK)
    for name, block in found.items():
        assert len(block.files) == len(set(block.hashes)) == len(block.hashes) > 0
        assert all(canonicalize_name(re.split(r"-\d", file)[0]) == name for file in block.files)


def test_what_is_built_from_source_is_said_to_pip(script: Script) -> None:
    said = re.findall(r"--no-binary (\S+)", (ROOT / "Dockerfile").read_text("utf-8"))
    assert said == [",".join(script("image_lock").SOURCES)]


def test_a_package_that_is_needed_through_an_extra_of_another_is_found(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    required = {
        "a": ["b[fast]>=1", "c; python_version < '3.12'", "d; sys_platform == 'win32'"],
        "b": ["e; extra == 'fast'", "f; extra == 'slow'"],
        "c": ["a"],
    }
    lock = script("image_lock")
    monkeypatch.setattr(lock.metadata, "requires", lambda name: required.get(name))
    assert lock.needed(["A"]) == {"a", "b", "c", "e"}


def test_an_image_with_an_extra_gets_its_block_and_one_without_does_not(script: Script) -> None:
    chosen = script("image_packages").chosen
    lock = "# head\n\n# a.whl\na==1 \\\n    --hash=x\n\n# extras: google injector\n# b.whl\nb==2 \\\n    --hash=y\n"
    assert "b==2" not in chosen(lock, "")
    assert chosen(lock, "injector") == lock
    assert set(blocks(chosen(LOCK, "google,redis"))) == {
        name for name, block in blocks(LOCK).items() if "tiktoken" not in block.extras
    }


def test_an_extra_that_is_not_known_is_refused(script: Script) -> None:
    with pytest.raises(ValueError, match="EXTRAS=goggle: expected any of google, injector, redis, tiktoken"):
        script("image_packages").chosen(LOCK, "goggle")
