"""What Kubernetes mounts: a directory for the configuration, and one in which each file is a key or a variable.

An optional object that does not exist is mounted as an empty directory. It knows files by their names, and not what they are for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from proxy.config.decode import ConfigError, shown

VARIABLE = "OUTRIDER_KEYS"
LARGEST = 64 << 10
#: Looks at a directory that is replaced while it is read: kubelet swaps the link `..data`, which its files go through.
LOOKS = 3
#: Files with such names stand for environment variables; those of the sidecar itself come from the pod's specification alone.
LIKE_A_VARIABLE = re.compile(r"(?!OUTRIDER_|POD_)[A-Z][A-Z0-9_]*")
PLACES = "a directory that can be read, in which each file is one key"


class KeyFiles(NamedTuple):
    """A directory of keys, and what its files hold, by name, without the white space around it."""

    directory: Path
    texts: Mapping[str, str]

    @property
    def variables(self) -> dict[str, str]:
        return {name: text for name, text in self.texts.items() if text and LIKE_A_VARIABLE.fullmatch(name)}

    def holds(self, path: Path) -> bool:
        """Whether a file there would be one of its."""
        return path.parent == self.directory


def key_directory(path: str | None, environ: Mapping[str, str]) -> tuple[str, Path] | None:
    """Who names it, and which it is: `--keys`, else the variable."""
    label, named = ("--keys", path) if path else (VARIABLE, environ.get(VARIABLE))
    return (label, Path(named)) if named else None


def read_keys(path: str | None, environ: Mapping[str, str]) -> KeyFiles | None:
    """None where no directory is named. Raises ConfigError for one that cannot be read, never with what it holds."""
    named = key_directory(path, environ)
    if named is None:
        return None
    label, directory = named
    try:
        return KeyFiles(directory, _read(directory))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        where = getattr(error, "filename", None) or str(directory)
        raise ConfigError(label, f"{shown(str(where))} ({reason})", PLACES) from None


def _read(directory: Path) -> dict[str, str]:
    for look in range(LOOKS):
        before = os.path.realpath(directory / "..data")
        try:
            texts = {path.name: text_of(path) for path in files_in(directory)}
        except FileNotFoundError:
            if look + 1 == LOOKS:
                raise
            continue
        if os.path.realpath(directory / "..data") == before:
            break
    return texts


def files_in(directory: Path) -> Iterator[Path]:
    """In the order of their names; none that begins with a dot, as kubelet's own do."""
    for path in sorted(directory.iterdir()):
        if not path.name.startswith(".") and not path.is_dir():
            yield path


def text_of(path: Path) -> str:
    """At most one byte more than a key may have, so that a longer one is seen to be too long."""
    with path.open("rb") as file:
        return file.read(LARGEST + 2).decode("latin-1").strip()
