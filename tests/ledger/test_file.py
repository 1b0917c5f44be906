"""The file of a ledger: found again, cut off, corrupt, too large, taken away, full, read-only, and had by somebody else."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from proxy.ledger.file import ASIDE, LARGEST, LOCK, MOST_ASIDE, NAME, Held, LedgerFile
from proxy.ledger.lines import HEAD, Line, parse_lines, render_lines

ONE: Line = ("a", 60, 5, 1)
TWO: Line = ("b", 60, 7, 2)
LATER: Line = ("a", 60, 9, 3)


class Clock:
    now = 1_774_742_400.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def ledger(folder: Path, clock: Clock) -> LedgerFile:
    return LedgerFile(str(folder / "state"), clock, clock)


def written(folder: Path) -> list[Line]:
    return parse_lines((folder / "state" / NAME).read_bytes()).lines


def test_what_was_written_is_found(tmp_path: Path, clock: Clock) -> None:
    first = ledger(tmp_path, clock)
    assert first.open().lines == []
    first.append([ONE, TWO])
    first.append([LATER])
    first.close()
    second = ledger(tmp_path, clock)
    assert second.open().lines == [TWO, LATER]
    assert second.size == (tmp_path / "state" / NAME).stat().st_size
    second.append([ONE])
    second.close()
    assert written(tmp_path) == [TWO, ONE]
    assert {path.name for path in (tmp_path / "state").iterdir()} == {NAME, LOCK}
    assert (tmp_path / "state" / NAME).stat().st_mode & 0o777 == 0o600


def test_the_disk_is_told_once_a_second(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[float] = []
    one = ledger(tmp_path, clock)
    one.open()
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(clock.now))
    began, kept = clock.now, []
    for _ in range(10):
        kept.append(one.append([ONE]))
        clock.now += 0.25
    assert synced == [began, began + 1, began + 2]
    assert kept == [True, False, False, False, True, False, False, False, True, False]
    one.close()
    assert len(synced) == 4


def test_written_anew(tmp_path: Path, clock: Clock) -> None:
    one = ledger(tmp_path, clock)
    one.open()
    one.append([ONE, LATER, TWO] * 10)
    one.rewrite([LATER, TWO])
    assert (tmp_path / "state" / NAME).read_bytes() == HEAD + render_lines([LATER, TWO])
    assert one.size == len(HEAD + render_lines([LATER, TWO]))
    one.append([ONE])
    one.close()
    assert written(tmp_path) == [TWO, ONE]


def test_a_line_that_was_cut_off_is_no_corruption(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / NAME).write_bytes(HEAD + render_lines([ONE, TWO])[:-3])
    one = ledger(tmp_path, clock)
    found = one.open()
    assert (found.lines, found.aside) == ([ONE], "")
    one.append([LATER])
    one.close()
    assert written(tmp_path) == [LATER]


@pytest.mark.parametrize("kept", [True, False])
def test_a_corrupt_file_is_set_aside(kept: bool, tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "state").mkdir()
    corrupt = HEAD + render_lines([ONE]) + b"#" + render_lines([LATER, TWO]) if kept else b"\x7fELF" * 99
    (tmp_path / "state" / NAME).write_bytes(corrupt)
    one = ledger(tmp_path, clock)
    found = one.open()
    assert found.aside.endswith(f"{ASIDE}20260329T000000.000000Z")
    assert Path(found.aside).read_bytes() == corrupt
    assert found.lines == ([ONE, TWO] if kept else [])
    one.append([LATER])
    one.close()
    assert written(tmp_path) == ([TWO, LATER] if kept else [LATER])


def test_what_is_set_aside_is_bounded(tmp_path: Path, clock: Clock) -> None:
    for _ in range(MOST_ASIDE + 3):
        clock.now += 1
        (tmp_path / "state").mkdir(exist_ok=True)
        (tmp_path / "state" / NAME).write_bytes(b"corrupt")
        one = ledger(tmp_path, clock)
        aside = one.open().aside
        one.close()
    assert len(list((tmp_path / "state").glob(f"{ASIDE}*"))) == MOST_ASIDE
    assert Path(aside).exists()


def test_a_file_too_large_to_be_ours_is_not_read(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "state").mkdir()
    with (tmp_path / "state" / NAME).open("wb") as large:
        large.truncate(LARGEST + 1)
    one = ledger(tmp_path, clock)
    assert one.open().aside
    assert one.size == len(HEAD)
    one.close()


def test_one_has_it_at_a_time(tmp_path: Path, clock: Clock) -> None:
    first, second = ledger(tmp_path, clock), ledger(tmp_path, clock)
    first.open()
    first.append([ONE])
    for _ in range(2):
        with pytest.raises(Held):
            second.open()
    first.append([TWO])
    first.close()
    assert second.open().lines == [ONE, TWO]
    second.close()


def test_what_was_taken_away_is_noticed_and_made_anew(tmp_path: Path, clock: Clock) -> None:
    one = ledger(tmp_path, clock)
    one.open()
    (tmp_path / "state").rename(tmp_path / "gone")
    with pytest.raises(FileNotFoundError):
        one.append([ONE])
    one.rewrite([ONE])
    assert written(tmp_path) == [ONE]
    with pytest.raises(Held):
        ledger(tmp_path, clock).open()
    one.close()


def refuse(number: int, after: int = 0) -> Any:
    """What the disk takes before it takes no more."""
    real, left = os.write, [after]

    def write(file: int, data: Any) -> int:
        if not left[0]:
            raise OSError(number, os.strerror(number))
        some = min(left[0], len(data))
        left[0] -= some
        return real(file, bytes(data[:some]))

    return write


@pytest.mark.parametrize("after", [0, 1, 20])
def test_a_full_disk(after: int, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was on it stays, whatever was being written."""
    one = ledger(tmp_path, clock)
    one.open()
    one.append([ONE])
    with monkeypatch.context() as full:
        full.setattr(os, "write", refuse(errno.ENOSPC, after))
        with pytest.raises(OSError, match="No space left"):
            one.append([LATER])
        with pytest.raises(OSError, match="No space left"):
            one.rewrite([LATER])
    assert written(tmp_path) == [ONE]
    one.rewrite([LATER])
    assert written(tmp_path) == [LATER]
    assert {path.name for path in (tmp_path / "state").iterdir()} == {NAME, LOCK}
    one.close()


def test_what_can_only_be_read_is_read(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ledger(tmp_path, clock)
    first.open()
    first.append([ONE])
    first.close()
    real = os.open

    def read_only(path: Any, flags: int, *mode: int) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(path, flags, *mode)

    with monkeypatch.context() as mounted:
        mounted.setattr(os, "open", read_only)
        second = ledger(tmp_path, clock)
        found = second.open()
        assert (found.lines, found.fault is not None) == ([ONE], True)
        with pytest.raises(OSError, match="Read-only"):
            second.rewrite([ONE])
    second.rewrite([LATER])
    second.close()
    assert written(tmp_path) == [LATER]


def test_a_place_that_is_none(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(FileExistsError):
        ledger(tmp_path, clock).open()


def test_what_a_corrupt_file_held_is_told_although_the_disk_is_full(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / NAME).write_bytes(HEAD + render_lines([ONE]) + b"#" + render_lines([TWO]))

    def full(self: LedgerFile, lines: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    one = ledger(tmp_path, clock)
    with monkeypatch.context() as disk:
        disk.setattr(LedgerFile, "rewrite", full)
        found = one.open()
    assert found.lines == [ONE]
    assert found.aside
    assert isinstance(found.fault, OSError)
    one.close()
