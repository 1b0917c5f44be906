"""A program that serves as a process of its own, and what it says while it does.

It knows no server: which line of the log says what is theirs to know.
"""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

PATIENCE = 60.0
#: How many of its last lines are shown where it did not say what was waited for.
SHOWN = 100


class Process:
    """A running program and its log, which is everything it prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.log: list[str] = []

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, pattern: str, patience: float = PATIENCE) -> re.Match[str]:
        """The first of the log's lines not yet looked at in which `pattern` is found.

        AssertionError when there is none within `patience` seconds, whatever else the program says meanwhile, or when it ends.
        """
        until = time.monotonic() + patience
        while (left := until - time.monotonic()) > 0:
            line = self._next(left)
            if line is None:
                break
            self.log.append(line)
            if (found := re.search(pattern, line)) is not None:
                return found
        raise AssertionError(f"no line has {pattern!r}:\n{''.join(self.log[-SHOWN:])}")

    def _next(self, patience: float) -> str | None:
        """The next line; None when none comes, or ever will."""
        try:
            return self._lines.get(timeout=patience)
        except queue.Empty:
            return None

    def forget(self) -> None:
        """Look no more at what the log has said until now."""
        while not self._lines.empty():
            line = self._lines.get()
            if line is None:
                raise AssertionError(f"the program has ended:\n{''.join(self.log[-SHOWN:])}")
            self.log.append(line)

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Process]:
    """Run `command` until the block ends. What it starts itself is of its process group, and ends with it."""
    with subprocess.Popen(
        command,
        env={"PATH": os.environ["PATH"], **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            program = Process(process)
            yield program
            program.end()
        finally:
            end_group(process.pid)


def end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return  # all of it has ended by itself
