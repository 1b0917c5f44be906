"""The ledger's directory: one file, and a lock that its sidecar holds. Everything here blocks, and is called from its own thread.

A file that is corrupt is set aside under a name with the time, and what its good lines say is kept. Where another process holds
the lock nothing is read or written. What is too large to be ours is set aside unread. Whoever calls tries again after an OSError.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from proxy.ledger.lines import HEAD, Line, parse_lines, render_lines

NAME, LOCK, NEXT = "budgets.ledger", "budgets.lock", "budgets.ledger.next"
ASIDE = "budgets.ledger.corrupt-"
#: So many corrupt files are kept, the latest ones.
MOST_ASIDE = 5
LARGEST = 64 << 20
#: Seconds between two times at which the disk is told to keep what it has.
SYNC = 1.0


class Held(Exception):
    """Another process has it."""


class Found(NamedTuple):
    """What was there: the entries, and the corrupt file's new name, "" where it was not. `bad`: lines that were not believed.

    fault: why nothing can be written, where it could be read alone.
    """

    lines: list[Line]
    aside: str = ""
    bad: int = 0
    fault: OSError | None = None


class LedgerFile:
    """`open`, then `append` and now and then `rewrite`, `close` at the end. `wall` and `time` in seconds."""

    def __init__(self, folder: str, wall: Callable[[], float], time: Callable[[], float]) -> None:
        self.size = 0
        self._folder = Path(folder)
        self._wall = wall
        self._time = time
        self._lock = self._file = -1
        self._synced_at = 0.0
        self._unsynced = False

    def open(self) -> Found:
        """Raises Held, and OSError. After one of them it may be called again, as long as it has not succeeded."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._hold()
            found = self._read()
        except OSError as fault:
            return self._look(fault)
        if found.aside:
            try:
                self.rewrite(found.lines)
            except OSError as fault:
                return found._replace(fault=fault)
        return found

    def append(self, lines: Iterable[Line]) -> bool:
        """Whether the disk was told to keep all of it; it is told once a second at most."""
        self._check_place()
        data = render_lines(lines)
        if data:
            write(self._file, data)
            self.size += len(data)
            self._unsynced = True
        if self._unsynced and self._time() - self._synced_at >= SYNC:
            self.sync()
        return not self._unsynced

    def rewrite(self, lines: Iterable[Line]) -> None:
        """All of it anew: the old file is there until the new one is complete."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hold()
        fresh = self._folder / NEXT
        data = HEAD + render_lines(lines)
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            write(file, data)
            os.fsync(file)
            os.replace(fresh, self._folder / NAME)
        except OSError:
            os.close(file)
            with suppress(OSError):
                fresh.unlink()
            raise
        self._let_go()
        self._file, self.size = file, len(data)
        self._sync_folder()
        self._synced_at, self._unsynced = self._time(), False

    def sync(self) -> None:
        os.fsync(self._file)
        self._synced_at, self._unsynced = self._time(), False

    def close(self) -> None:
        """The lock goes last: whoever waits for it reads what is complete."""
        try:
            if self._file >= 0 and self._unsynced:
                self.sync()
        finally:
            self._let_go()
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1

    def _hold(self) -> None:
        """Have the lock that lies there now: who took the directory away took the old one along."""
        path = self._folder / LOCK
        if self._lock >= 0 and not is_same(self._lock, path):
            os.close(self._lock)
            self._lock = -1
        if self._lock >= 0:
            return
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise Held from None
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def _read(self) -> Found:
        """What is there, and from now on what is written goes behind it."""
        path = self._folder / NAME
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._let_go()
        self._file = file
        size = os.fstat(file).st_size
        if size > LARGEST:
            return Found([], self._set_aside(path), 1)
        with open(file, "rb", closefd=False) as reader:
            data = reader.read()
        read = parse_lines(data)
        if read.bad:
            return Found(read.lines, self._set_aside(path), read.bad)
        os.ftruncate(file, read.whole)
        self.size = read.whole
        if not read.whole:
            write(file, HEAD)
            self.size = len(HEAD)
        return Found(read.lines)

    def _look(self, fault: OSError) -> Found:
        """What was spent counts also where nothing can be written."""
        path = self._folder / NAME
        try:
            data = path.read_bytes() if path.stat().st_size <= LARGEST else b""
        except OSError:
            raise fault from None
        read = parse_lines(data)
        return Found(read.lines, "", read.bad, fault)

    def _set_aside(self, path: Path) -> str:
        now = datetime.fromtimestamp(self._wall(), UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = self._folder / f"{ASIDE}{now}"
        os.replace(path, aside)
        for older in sorted(self._folder.glob(f"{ASIDE}*"))[:-MOST_ASIDE]:
            older.unlink()
        return str(aside)

    def _check_place(self) -> None:
        if self._file < 0 or not is_same(self._file, self._folder / NAME):
            raise FileNotFoundError(f"{self._folder / NAME} was taken away")

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _let_go(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def is_same(file: int, path: Path) -> bool:
    """Whether what is open is still what lies there."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False


def write(file: int, data: bytes) -> None:
    """All of it: a disk that is nearly full takes a part."""
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
