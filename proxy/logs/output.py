"""A file that lines are added to: opened anew when somebody has moved it, and again and again while it cannot be had.

For rotation nobody has to be told: by renaming (the next line makes a new file) or by truncating in place. What is written is not
known here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Protocol

#: Owner and group: lines may hold what callers are called.
MODE = 0o640
#: Seconds between looks at whether the file is still there, and between tries to open one that is not.
LOOK = 1.0


class Output(Protocol):
    """Where bytes go. `write` says how many went, None where it would have to wait. OSError, ValueError where it is gone."""

    def write(self, data: memoryview, /) -> int | None: ...
    def fileno(self) -> int: ...
    def isatty(self) -> bool: ...


class File:
    """An Output. `time` is monotonic, in seconds. Nothing is opened before the first line."""

    def __init__(self, path: str, time: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self._time = time
        self._descriptor = -1
        self._looked = float("-inf")
        self._fault: OSError | None = None

    def write(self, data: memoryview, /) -> int | None:
        descriptor = self._current()
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            return None
        except OSError as error:
            self._fail(error)
            raise

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return False

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _current(self) -> int:
        now = self._time()
        if now - self._looked >= LOOK:
            self._looked = now
            self._fault = None
            if self._descriptor >= 0 and self._is_moved():
                self.close()
        if self._fault is not None:
            raise self._fault
        if self._descriptor < 0:
            self._open()
        return self._descriptor

    def _is_moved(self) -> bool:
        try:
            there = os.stat(self.path)
        except OSError:
            return True
        return not os.path.samestat(there, os.fstat(self._descriptor))

    def _open(self) -> None:
        """A pipe without a reader is a fault, and is not waited for."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            self._descriptor = os.open(self.path, flags, MODE)
        except OSError as error:
            self._fail(error)
            raise

    def _fail(self, error: OSError) -> None:
        self.close()
        self._fault = error.with_traceback(None)
