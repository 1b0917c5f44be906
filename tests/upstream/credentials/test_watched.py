"""Key files that change on disk, as an editor, `kubectl` and a mounted Secret change them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from proxy.upstream.credentials.watched import Watched


class Keys:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def changed(self, path: Path, text: str) -> bool:
        self.seen.append((path.name, text))
        return " " not in text


@pytest.fixture
def keys() -> Keys:
    return Keys()


async def watch(keys: Keys, *paths: Path) -> Watched:
    """Past the first look, which tells of every file."""
    watched = Watched(list(paths), keys.changed, every=3600)
    watched.start()
    await watched.look()
    assert [name for name, _ in keys.seen] == [path.name for path in paths]
    keys.seen.clear()
    return watched


async def test_a_file_that_is_written_anew_is_read_once(tmp_path: Path, keys: Keys) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("sk-1")
    two.write_text("sk-2")
    watched = await watch(keys, one, two)
    await watched.look()
    assert keys.seen == []
    one.write_text("sk-1b")
    await watched.look()
    await watched.look()
    assert keys.seen == [("one", "sk-1b")]
    watched.close()


async def test_a_mounted_secret_swaps_the_link_its_files_go_through(tmp_path: Path, keys: Keys) -> None:
    for version in ("v1", "v2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "key").write_text(f"sk-{version}")
    (tmp_path / "..data").symlink_to("v1")
    (tmp_path / "key").symlink_to("..data/key")
    watched = await watch(keys, tmp_path / "key")
    (tmp_path / "..new").symlink_to("v2")
    os.replace(tmp_path / "..new", tmp_path / "..data")
    await watched.look()
    assert keys.seen == [("key", "sk-v2")]
    watched.close()


async def test_a_file_that_goes_away_changes_nothing_and_is_read_when_it_is_back(tmp_path: Path, keys: Keys) -> None:
    file = tmp_path / "key"
    file.write_text("sk-1")
    watched = await watch(keys, file)
    file.unlink()
    await watched.look()
    assert keys.seen == []
    file.write_text("sk-1")
    await watched.look()
    assert keys.seen == [("key", "sk-1")]
    watched.close()


async def test_what_is_no_key_is_said_and_not_shown(
    tmp_path: Path, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "key"
    file.write_text("sk-1")
    watched = await watch(keys, file)
    file.write_text("no key canary")
    await watched.look()
    assert "the old one is kept" in caplog.text
    assert "canary" not in caplog.text
    watched.close()


async def test_it_looks_by_itself_and_ends(tmp_path: Path, keys: Keys) -> None:
    file = tmp_path / "key"
    file.write_text("sk-1")
    told = asyncio.Event()

    def changed(path: Path, text: str) -> bool:
        told.set()
        return True

    watched = Watched([file], changed, every=0.01)
    watched.start()
    file.write_text("sk-2 ")
    await asyncio.wait_for(told.wait(), 5)
    watched.close()
    watched.close()
