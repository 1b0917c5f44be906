"""A file for lines: moved, removed, truncated, full, unwritable; and there again when it can be."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.logs.output import LOOK, File


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path, clock: Clock) -> Iterator[File]:
    file = File(str(tmp_path / "log"), clock)
    yield file
    file.close()


def write(file: File, data: bytes) -> int | None:
    return file.write(memoryview(data))


def test_lines_are_added_to_what_is_there(file: File, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"before\n")
    assert write(file, b"one\n") == 4
    assert write(file, b"two\n") == 4
    assert (tmp_path / "log").read_bytes() == b"before\none\ntwo\n"


def test_nothing_is_opened_before_the_first_line_and_others_may_not_read_it(file: File, tmp_path: Path) -> None:
    assert not (tmp_path / "log").exists()
    write(file, b"one\n")
    assert not stat.S_IMODE((tmp_path / "log").stat().st_mode) & 0o027
    assert not file.isatty()


@pytest.mark.parametrize("removed", [True, False])
def test_a_file_that_was_moved_is_made_anew(file: File, clock: Clock, tmp_path: Path, removed: bool) -> None:
    write(file, b"one\n")
    old = tmp_path / "log.1"
    (tmp_path / "log").rename(old)
    write(file, b"two\n")
    assert old.read_bytes() == b"one\ntwo\n"
    if removed:
        old.unlink()
    clock.now += LOOK
    write(file, b"three\n")
    assert (tmp_path / "log").read_bytes() == b"three\n"


def test_a_file_that_somebody_else_has_made_in_its_place_is_the_one(file: File, clock: Clock, tmp_path: Path) -> None:
    write(file, b"one\n")
    (tmp_path / "log").rename(tmp_path / "log.1")
    (tmp_path / "log").touch()
    clock.now += LOOK
    write(file, b"two\n")
    clock.now += LOOK
    write(file, b"three\n")
    assert (tmp_path / "log.1").read_bytes() == b"one\n"
    assert (tmp_path / "log").read_bytes() == b"two\nthree\n"


def test_a_file_that_was_truncated_goes_on_from_its_beginning(file: File, tmp_path: Path) -> None:
    write(file, b"one\n")
    os.truncate(tmp_path / "log", 0)
    write(file, b"two\n")
    assert (tmp_path / "log").read_bytes() == b"two\n"


def test_no_descriptor_is_left_behind(file: File, clock: Clock, tmp_path: Path) -> None:
    write(file, b"one\n")
    before = len(os.listdir("/proc/self/fd"))
    for number in range(20):
        (tmp_path / "log").rename(tmp_path / f"log.{number}")
        clock.now += LOOK
        write(file, b"more\n")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_folder_that_is_not_there_is_tried_again_once_in_a_while(tmp_path: Path, clock: Clock) -> None:
    file = File(str(tmp_path / "gone" / "log"), clock)
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            write(file, b"one\n")
    (tmp_path / "gone").mkdir()
    with pytest.raises(FileNotFoundError):
        write(file, b"one\n")
    clock.now += LOOK
    assert write(file, b"two\n") == 4
    file.close()


@pytest.mark.parametrize("kind", ["folder", "pipe without a reader"])
def test_what_takes_no_lines_is_a_fault_and_not_waited_for(kind: str, tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "log"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(OSError, match=r"directory|device or address"):
        write(File(str(path), clock), b"one\n")


def test_a_full_disk_is_a_fault(clock: Clock) -> None:
    file = File("/dev/full", clock)
    for _ in range(2):
        with pytest.raises(OSError, match="space") as caught:
            write(file, b"one\n")
        assert caught.value.errno == errno.ENOSPC
    file.close()


def test_a_pipe_that_is_full_would_have_to_be_waited_for(tmp_path: Path, clock: Clock) -> None:
    os.mkfifo(tmp_path / "log")
    reader = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK)
    file = File(str(tmp_path / "log"), clock)
    while write(file, b"#" * 4096) is not None:
        assert clock.now == 100.0
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        write(file, b"one\n")
    file.close()
