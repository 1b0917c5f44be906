"""What is kept comes back as it was, from memory and from a file, and a full disk is an OSError."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from proxy.server.spool import MEMORY, PIECE, Spool


async def read(spool: Spool, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in spool.read(start, end)])


@pytest.mark.parametrize("size", [0, 1, MEMORY, MEMORY + 1, 3 * PIECE])
async def test_what_was_added_is_there(size: int) -> None:
    data = os.urandom(size)
    with closing(Spool()) as spool:
        for start in range(0, size, 50_000):
            await spool.add(data[start : start + 50_000])
        assert spool.size == size
        assert await read(spool, 0, size) == data
        assert await read(spool, size // 3, size // 2) == data[size // 3 : size // 2]
        assert await read(spool, size, size) == b""
        assert await read(spool, 0, size) == data


async def test_what_is_short_makes_no_file_and_what_is_long_one_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with closing(Spool()) as spool:
        await spool.add(b"x" * MEMORY)
        assert files_in(tmp_path) == 0
        await spool.add(b"x")
        assert files_in(tmp_path) == 1
        assert os.listdir(tmp_path) == []
        assert await read(spool, 0, spool.size) == b"x" * (MEMORY + 1)
    assert files_in(tmp_path) == 0


def files_in(folder: Path) -> int:
    """How many files of that folder this process has open, those without a name included."""
    links = (f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd"))
    return sum(os.readlink(link).startswith(f"{folder}/") for link in links if os.path.islink(link))


async def test_pieces_are_short() -> None:
    with closing(Spool()) as spool:
        await spool.add(b"x" * (2 * PIECE + 1))
        assert [len(piece) async for piece in spool.read(0, spool.size)] == [PIECE, PIECE, 1]


async def test_where_there_is_no_place_for_a_file_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with closing(Spool()) as spool, pytest.raises(OSError, match="nowhere"):
        await spool.add(b"x" * (MEMORY + 1))
