"""A directory of keys as Kubernetes mounts it: read in one look, hidden files left out, and what cannot be read is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxy.config import mounts
from proxy.config.decode import ConfigError
from proxy.config.mounts import KeyFiles, key_directory, read_keys


def publish(directory: Path, number: int, **files: str) -> None:
    """As kubelet does it: a directory of its own, a link `..data` that is replaced, and a link for each file."""
    own = directory / f"..{number}"
    own.mkdir(parents=True)
    for name, text in files.items():
        (own / name).write_text(text, "utf-8")
    (directory / "..new").symlink_to(own.name)
    os.replace(directory / "..new", directory / "..data")
    for old in directory.iterdir():
        if not old.name.startswith("..") and old.name not in files:
            old.unlink()
    for name in files:
        if not (directory / name).is_symlink():
            (directory / name).symlink_to(f"..data/{name}")


def test_who_names_it() -> None:
    assert key_directory(None, {}) is None
    assert key_directory(None, {"OUTRIDER_KEYS": ""}) is None
    assert key_directory(None, {"OUTRIDER_KEYS": "/v"}) == ("OUTRIDER_KEYS", Path("/v"))
    assert key_directory("/a", {"OUTRIDER_KEYS": "/v"}) == ("--keys", Path("/a"))
    assert read_keys(None, {}) is None


def test_files_are_read_and_what_is_hidden_or_a_directory_is_not(tmp_path: Path) -> None:
    publish(tmp_path, 1, openai=" sk-1\n", GROQ_API_KEY="gsk-1")
    (tmp_path / "folder").mkdir()
    files = read_keys(str(tmp_path), {})
    assert files == KeyFiles(tmp_path, {"GROQ_API_KEY": "gsk-1", "openai": "sk-1"})
    assert files.holds(tmp_path / "anything")
    assert not files.holds(tmp_path.parent / "openai")


def test_which_files_stand_for_variables(tmp_path: Path) -> None:
    names = {
        "AWS_REGION": "eu",
        "openai": "sk",
        "OUTRIDER_PORT": "1",
        "POD_NAME": "x",
        "EMPTY": "",
        "a.B": "x",
        "_X": "x",
    }
    publish(tmp_path, 1, **names)
    files = read_keys(str(tmp_path), {})
    assert files is not None
    assert files.variables == {"AWS_REGION": "eu"}


def test_an_object_that_is_absent_is_an_empty_directory(tmp_path: Path) -> None:
    assert read_keys(str(tmp_path), {}) == KeyFiles(tmp_path, {})


def test_what_is_swapped_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, 1, a="old", b="old")
    plain, looks = mounts.text_of, []

    def slow(path: Path) -> str:
        text = plain(path)
        looks.append(path.name)
        if len(looks) == 1:
            publish(tmp_path, 2, a="new", b="new")
        return text

    monkeypatch.setattr(mounts, "text_of", slow)
    files = read_keys(str(tmp_path), {})
    assert files is not None
    assert files.texts == {"a": "new", "b": "new"}
    assert len(looks) == 4


def test_a_file_that_goes_while_it_is_read_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, 1, a="1", b="1")
    plain, looks = mounts.text_of, []

    def slow(path: Path) -> str:
        looks.append(path)
        if len(looks) == 1:
            publish(tmp_path, 2, b="2")
        return plain(path)

    monkeypatch.setattr(mounts, "text_of", slow)
    files = read_keys(str(tmp_path), {})
    assert files is not None
    assert files.texts == {"b": "2"}


@pytest.mark.parametrize(
    ("path", "environ", "told"),
    [
        ("/nowhere", {}, "--keys is '/nowhere' (No such file or directory); allowed: a directory"),
        (None, {"OUTRIDER_KEYS": "/nowhere"}, "OUTRIDER_KEYS is '/nowhere' (No such file or directory)"),
        (__file__, {}, "(Not a directory)"),
        ("/a\0b", {}, "(not a path)"),
    ],
)
def test_what_is_no_directory(path: str | None, environ: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_keys(path, environ)
    assert told in str(caught.value)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so the refusal is made up."""
    publish(tmp_path, 1, openai="s3cr3t-key")

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(mounts, "text_of", refuse)
    with pytest.raises(ConfigError) as caught:
        read_keys(str(tmp_path), {})
    assert f"--keys is '{tmp_path}/openai' (Permission denied)" in str(caught.value)


def test_a_file_that_is_far_too_large_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / "openai").write_bytes(b"k" * (1 << 20))
    files = read_keys(str(tmp_path), {})
    assert files is not None
    assert len(files.texts["openai"]) == mounts.LARGEST + 2
