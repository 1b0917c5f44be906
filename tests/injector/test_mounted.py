"""Mounted files as the kubelet exchanges them: a new directory, and then a link that is turned to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxy.injector.mounted import Mounted


def turn(directory: Path, number: int, files: dict[str, str]) -> None:
    """What the kubelet does: https://pkg.go.dev/k8s.io/kubernetes/pkg/volume/util#AtomicWriter."""
    new = directory / f"..{number}"
    new.mkdir()
    for name, content in files.items():
        (new / name).write_text(content)
        if not (directory / name).is_symlink():
            (directory / name).symlink_to(Path("..data") / name)
    (directory / "..new").symlink_to(new.name)
    os.replace(directory / "..new", directory / "..data")


def test_files_are_read_when_the_link_is_turned(tmp_path: Path) -> None:
    turn(tmp_path, 1, {"a": "one", "b": "two"})
    mounted = Mounted(tmp_path, ["b", "a"])
    assert mounted.changed() == [b"two", b"one"]
    assert mounted.changed() is None
    turn(tmp_path, 2, {"a": "one", "b": "three"})
    assert mounted.changed() == [b"three", b"one"]
    assert mounted.changed() is None


def test_plain_files_are_seen_too(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    mounted = Mounted(tmp_path, ["a"])
    assert mounted.changed() == [b"one"]
    (tmp_path / "a").write_text("longer")
    assert mounted.changed() == [b"longer"]


def test_what_is_gone_is_an_error_and_is_read_when_it_is_back(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    mounted = Mounted(tmp_path, ["a"])
    mounted.changed()
    (tmp_path / "a").rename(tmp_path / "b")
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            mounted.changed()
    (tmp_path / "b").rename(tmp_path / "a")
    assert mounted.changed() == [b"one"]
