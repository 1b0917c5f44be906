"""The ConfigMaps and Secrets of a namespace, and the volumes that kubelet makes of them.

A volume of one is written as kubelet's atomic writer does (pkg/volume/util/atomic_writer.go): a folder named by the time
behind the link `..data`, which is swapped; each file is a link through it. One that is optional and missing is empty.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = "..data"
DEFAULT_MODE = 0o644
#: What stands in for the token of the pod's service account: it must be seen by nobody but the application.
TOKEN = "service-account-token-canary"

Json = dict[str, Any]
Payload = dict[str, bytes]


class Missing(Exception):
    """A volume needs an object that is not there and not optional: kubelet tries again until it is."""


class Objects:
    """What the API server would hold: (kind, name) -> its data."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Payload] = {}

    def put(self, kind: str, name: str, data: Mapping[str, str]) -> None:
        self._held[kind, name] = {key: value.encode() for key, value in data.items()}

    def delete(self, kind: str, name: str) -> None:
        del self._held[kind, name]

    def get(self, kind: str, name: str, optional: bool) -> Payload:
        """Its data; none where it is missing and optional. Missing where it has to be there."""
        if (kind, name) in self._held:
            return self._held[kind, name]
        if optional:
            return {}
        raise Missing(f'{kind.lower()} "{name}" not found')


def fill(folder: Path, volume: Json, objects: Objects, facts: Mapping[str, str]) -> None:
    """Make or renew `folder` as the volume of a pod's spec. facts: the pod's fields, for downwardAPI."""
    if "emptyDir" in volume:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        return
    payload, mode = _payload(volume, objects, facts)
    write(folder, payload, mode)


def _payload(volume: Json, objects: Objects, facts: Mapping[str, str]) -> tuple[Payload, int]:
    if "configMap" in volume:
        source = volume["configMap"]
        return _chosen("ConfigMap", source["name"], source, objects), source.get("defaultMode", DEFAULT_MODE)
    if "secret" in volume:
        source = volume["secret"]
        return _chosen("Secret", source["secretName"], source, objects), source.get("defaultMode", DEFAULT_MODE)
    if "projected" in volume:
        source = volume["projected"]
        parts = [_projected(each, objects, facts) for each in source["sources"]]
        merged = {path: data for part in parts for path, data in part.items()}
        return merged, source.get("defaultMode", DEFAULT_MODE)
    raise NotImplementedError(f"volume {volume['name']}: {sorted(set(volume) - {'name'})} is not simulated")


def _chosen(kind: str, name: str, source: Json, objects: Objects) -> Payload:
    payload = objects.get(kind, name, source.get("optional", False))
    if "items" not in source:
        return payload
    return {item["path"]: payload[item["key"]] for item in source["items"] if item["key"] in payload}


def _projected(source: Json, objects: Objects, facts: Mapping[str, str]) -> Payload:
    if "serviceAccountToken" in source:
        return {source["serviceAccountToken"]["path"]: TOKEN.encode()}
    if "downwardAPI" in source:
        items = source["downwardAPI"]["items"]
        return {item["path"]: facts[item["fieldRef"]["fieldPath"]].encode() for item in items}
    [(kind, inner)] = source.items()
    return _chosen({"configMap": "ConfigMap", "secret": "Secret"}[kind], inner["name"], inner, objects)


def write(folder: Path, payload: Payload, mode: int) -> None:
    """Swap what `folder` shows for `payload`; nothing happens where it shows that already."""
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / DATA
    old = Path(os.path.realpath(link)) if link.is_symlink() else None
    if old is not None and _shown(old) == payload:
        return
    fresh = Path(tempfile.mkdtemp(prefix=time.strftime("..%Y_%m_%d_%H_%M_%S."), dir=folder))
    fresh.chmod(0o755)
    for path, data in payload.items():
        file = fresh / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(mode)
    turn = folder / "..data_tmp"
    turn.symlink_to(fresh.name)
    turn.replace(link)
    _links(folder, {path.partition("/")[0] for path in payload})
    if old is not None:
        shutil.rmtree(old)


def _shown(folder: Path) -> Payload:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _links(folder: Path, names: set[str]) -> None:
    """Each visible name leads through `..data`; those that are no more go."""
    for name in names:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"{DATA}/{name}")
    for path in folder.iterdir():
        if not path.name.startswith("..") and path.name not in names:
            path.unlink()
