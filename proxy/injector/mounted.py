"""Files of mounted ConfigMaps and Secrets, seen when they change. What is in them is not known here.

The kubelet puts new content in a new directory and then turns the link `..data` to it, so files are polled by what they are,
not by notification, and those of one directory are read through one turn of the link.
https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

LINK = "..data"


class Mounted:
    """Files of one directory. `changed` reads them all where one is another than at the last call."""

    def __init__(self, directory: Path, names: Sequence[str]) -> None:
        self._directory = directory
        self._names = names
        self._seen: list[tuple[int, int, int]] = []

    def changed(self) -> list[bytes] | None:
        """Their contents, in order; None where all is as it was. Raises OSError, and then the next call reads again."""
        before, self._seen = self._seen, []
        turn = self._turn()
        marks = [mark(turn / name) for name in self._names]
        contents = None if marks == before else [(turn / name).read_bytes() for name in self._names]
        self._seen = marks
        return contents

    def _turn(self) -> Path:
        link = self._directory / LINK
        return link.resolve(strict=True) if link.is_symlink() else self._directory


def mark(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size
