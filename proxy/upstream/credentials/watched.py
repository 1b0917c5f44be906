"""Files that hold keys, looked at every two seconds: a mounted Secret is replaced while we run, and nobody restarts us for that.

The files are read off the loop. A file that is gone, unreadable or no key any more changes nothing: the old key goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

EVERY = 2.0
LARGEST = 64 << 10
log = logging.getLogger(__name__)

#: What tells that a file is another one: inode, size, time of change in ns. The link `..data` of a mounted Secret is followed.
Stamp = tuple[int, int, int]


class Watched:
    """`changed(path, text)` is called on the loop with what a file holds now, and says whether that is of use.

    `look` looks once; `start` makes a task that does so for ever, `close` ends it. Without files neither does anything. The first
    look tells of every file, for it may have changed since somebody read it.
    """

    def __init__(self, paths: list[Path], changed: Callable[[Path, str], bool], every: float = EVERY) -> None:
        self._paths = list(dict.fromkeys(paths))
        self._changed = changed
        self._every = every
        self._stamps: Mapping[Path, Stamp] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._paths and self._task is None:
            self._task = asyncio.ensure_future(self._keep_looking())

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def look(self) -> None:
        stamps = await asyncio.to_thread(stamps_of, self._paths)
        new = [path for path, stamp in stamps.items() if self._stamps.get(path) != stamp]
        self._stamps = stamps
        for path in new:
            text = await asyncio.to_thread(text_of, path)
            if text is not None and not self._changed(path, text):
                log.warning("a key file has changed and holds no key; the old one is kept", extra={"file": str(path)})

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            await self.look()


def stamps_of(paths: list[Path]) -> dict[Path, Stamp]:
    found = {}
    for path in paths:
        try:
            seen = path.stat()
        except OSError:
            continue
        found[path] = (seen.st_ino, seen.st_size, seen.st_mtime_ns)
    return found


def text_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1).decode("latin-1")
    except OSError:
        return None
