"""An image in an OCI layout, as it lies in a folder: its configuration, its size, and its files.

https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md. It knows gzipped and plain layers, and whiteouts.
"""

from __future__ import annotations

import json
import tarfile
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from typing import Any

WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
INDEX = "application/vnd.oci.image.index.v1+json"


class Layout:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _blob(self, digest: str) -> Path:
        return self._folder / "blobs" / digest.replace(":", "/")

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The only image in it; of an index of several platforms the first."""
        found: dict[str, Any] = json.loads((self._folder / "index.json").read_text("utf-8"))
        while "manifests" in found:
            found = json.loads(self._blob(found["manifests"][0]["digest"]).read_text("utf-8"))
        return found

    @cached_property
    def config(self) -> dict[str, Any]:
        """How it runs: User, Entrypoint, Cmd, Env and so on."""
        document = json.loads(self._blob(self.manifest["config"]["digest"]).read_text("utf-8"))
        return dict(document["config"])

    @property
    def environment(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.config["Env"])

    @property
    def compressed(self) -> int:
        """Bytes of its layers, as they are pulled."""
        return sum(layer["size"] for layer in self.manifest["layers"])

    def unpack(self, root: Path) -> None:
        """All layers into `root`, with owners and modes; only root can."""
        for layer in self.manifest["layers"]:
            with tarfile.open(self._blob(layer["digest"])) as archive:
                for member in archive:
                    _unpack(archive, member, root)


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    path = root / member.name
    if path.name == OPAQUE:
        for old in path.parent.iterdir():
            _remove(old)
    elif path.name.startswith(WHITEOUT):
        _remove(path.with_name(path.name.removeprefix(WHITEOUT)))
    else:
        archive.extract(member, root, numeric_owner=True, filter="fully_trusted")


def _remove(path: Path) -> None:
    rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
