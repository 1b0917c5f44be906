"""Where the configuration comes from while the sidecar runs: a file or a mounted directory, and a directory of keys.

It reads, and says whether there is something else to read. It does not know who asks, nor how often. No inotify: what a mounted
object goes through is a link that is replaced, and a look at a handful of files costs microseconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from proxy.config import Config, ConfigError, InPod, load, locate
from proxy.config.file import NAMES, mount
from proxy.config.keys import signing_keys
from proxy.config.mounts import files_in, key_directory, text_of

#: What tells whether a file is another one; None of one that is not there.
Stamp = tuple[int, int, int] | bytes | None


class Source:
    """`load` the configuration; `changed` once there is another one, or part of one, to load. Both belong off the event loop.

    A key that changes where it is does not count: whoever signs with it looks at its file.
    """

    def __init__(self, path: str | None, environ: Mapping[str, str], keys: str | None = None) -> None:
        self._path, self._environ, self._keys = path, environ, keys
        self._seen: Mapping[Path, Stamp] = {}
        self._signing: frozenset[Path] = frozenset()
        self._waits_for: tuple[Path, ...] = ()
        self._last: Config | None = None

    def load(self) -> Config:
        """Raises ConfigError for what has a fault, and when a directory that held something is empty: what it held goes on."""
        self._seen = self._look()
        config = load(self._path, self._environ, self._keys)
        refuse_vanished(self._last, config)
        self._last = config
        self._signing = frozenset(key.file for key in signing_keys(config) if key.file is not None)
        self._waits_for = tuple(map(Path, config.waits_for)) if isinstance(config, InPod) else ()
        return config

    @property
    def lasts(self) -> bool:
        """Whether there can ever be another one: neither a file nor a directory is named otherwise."""
        named = locate(self._path, self._environ) or mount(self._path, self._environ)
        return named is not None or key_directory(self._keys, self._environ) is not None

    def changed(self) -> bool:
        """Since `load` was last called, whatever came of it."""
        seen = self._look()
        moved = (path for path in seen.keys() | self._seen.keys() if seen.get(path) != self._seen.get(path))
        return any(path not in self._signing or (path in seen) != (path in self._seen) for path in moved)

    def _look(self) -> dict[Path, Stamp]:
        paths = [*self._waits_for]
        named = mount(self._path, self._environ)
        try:
            file = locate(self._path, self._environ)
            paths += [file] if file is not None else []
            paths += [named[1] / name for name in NAMES] if named is not None else []
        except ConfigError:
            paths += [] if named is None else listed(named[1])
        seen: dict[Path, Stamp] = {path: stamp for path in paths if (stamp := stamp_of(path)) is not None}
        keys = key_directory(self._keys, self._environ)
        return seen if keys is None else seen | {path: digest_of(path) for path in listed(keys[1])}


def refuse_vanished(last: Config | None, config: Config) -> None:
    """Whoever deletes an object to make it anew means no outage, and whoever means one has other ways."""
    if not isinstance(last, InPod) or not isinstance(config, InPod):
        return
    for before, now, label in ((last.no_file, config.no_file, "--config"), (last.no_keys, config.no_keys, "--keys")):
        if now and not before:
            raise ConfigError(label, f"empty now ({now})", "what it held, which goes on until there is something else")


def listed(directory: Path) -> Iterable[Path]:
    try:
        return list(files_in(directory))
    except OSError:
        return ()


def stamp_of(path: Path) -> Stamp:
    """Links are followed, as that of a mounted object is."""
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


def digest_of(path: Path) -> Stamp:
    """All files of a mounted object are other ones when one of them changes, so what they say counts."""
    try:
        return sha256(text_of(path).encode()).digest()
    except OSError:
        return b""
