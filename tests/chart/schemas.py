"""The schemas of Kubernetes as kubeconform takes them: one file a kind, with the definitions that it needs and no others.

The package has all definitions of a version in one file of a megabyte and a half, and refers to it by an address in the net.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

FLAVOUR = "-local-strict"
SHARED = "_definitions.json"
AT = "/api/_definitions.json#/$defs/"


def versions(source: Path) -> list[str]:
    """The minor versions that there are schemas of, oldest first: 1.25 and so on."""
    found = (path.name.removeprefix("v").removesuffix(FLAVOUR) for path in source.glob(f"v*{FLAVOUR}"))
    return sorted((name.removesuffix(".0") for name in found), key=lambda name: int(name.partition(".")[2]))


def file_name(document: dict[str, Any]) -> str:
    """As kubeconform names it: the kind, the group's first word if it has one, the version."""
    group, _, version = document["apiVersion"].rpartition("/")
    return "-".join(filter(None, (document["kind"].lower(), group.partition(".")[0], version))) + ".json"


def write(source: Path, version: str, names: Iterable[str], target: Path) -> None:
    """The schemas called `names` of one version, for those that it has."""
    folder = source / f"v{version}.0{FLAVOUR}"
    for name in names:
        if (folder / name).exists():
            (target / name).write_text(
                json.dumps(complete(folder, json.loads((folder / name).read_text("utf-8")))), "utf-8"
            )


@cache
def shared(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / SHARED).read_text("utf-8"))["$defs"]
    return found


def complete(folder: Path, schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with every definition that it needs, of itself or through another."""
    known, needed = shared(folder), {}
    waiting = set(references(schema))
    while waiting:
        name = waiting.pop()
        needed[name] = known[name]
        waiting |= {each for each in references(known[name]) if each not in needed}
    whole = {key: value for key, value in schema.items() if key != "$id"} | {"$defs": needed}
    near: dict[str, Any] = json.loads(json.dumps(whole).replace(AT, "#/$defs/"))
    return near


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)
