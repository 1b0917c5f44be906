"""The JSON patch that makes one document into another (RFC 6902), with paths as RFC 6901 writes them.

Lists are replaced whole where they differ: those of a pod are short, and no index can be wrong. It knows nothing of pods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Operation = dict[str, Any]


def difference(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[Operation]:
    """The operations, none where both are the same. Both are mappings, as any Kubernetes object is."""
    return list(_members(before, after, path))


def _members(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Operation]:
    for name in before.keys() - after.keys():
        yield {"op": "remove", "path": f"{path}/{escaped(name)}"}
    for name, value in after.items():
        at = f"{path}/{escaped(name)}"
        if name not in before:
            yield {"op": "add", "path": at, "value": value}
        elif isinstance(before[name], Mapping) and isinstance(value, Mapping):
            yield from () if before[name] is value else _members(before[name], value, at)
        elif not same(before[name], value):
            yield {"op": "replace", "path": at, "value": value}


def same(one: Any, other: Any) -> bool:
    """Equal as JSON has it: true is not 1, and 1 is not 1.0."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def escaped(name: str) -> str:
    """RFC 6901, section 3."""
    return name.replace("~", "~0").replace("/", "~1")
