"""One container laid over another, as a strategic merge does it: mappings member by member, lists of named items by names.

An item that is named again is replaced whole: a variable that had a value and gets a source must not have both. Null removes.
What may be laid over what is not decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: List -> the member that tells its items apart.
KEYS = {"env": "name", "ports": "name", "volumeMounts": "mountPath", "volumeDevices": "devicePath"}


def laid(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`under` with `over` on top; neither is changed."""
    result = {name: value for name, value in under.items() if over.get(name, value) is not None}
    for name, value in over.items():
        if value is not None:
            result[name] = _member(name, under.get(name), value)
    return result


def _member(name: str, under: Any, over: Any) -> Any:
    if isinstance(over, Mapping):
        return laid(under if isinstance(under, Mapping) else {}, over)
    if name in KEYS and isinstance(under, list) and isinstance(over, list):
        return joined(under, over, KEYS[name])
    return over


def filled(value: Any) -> Any:
    """The same without members that are null: in a pod they are as good as absent."""
    if isinstance(value, list):
        return list(map(filled, value))
    if not isinstance(value, Mapping):
        return value
    return {name: filled(member) for name, member in value.items() if member is not None}


def joined(under: list[Any], over: list[Any], key: str) -> list[Any]:
    """Items of `over` stand in the place of those that they replace, the others at the end."""
    new = {item[key]: item for item in over if item.get(key) is not None}
    kept = [new.pop(item.get(key), item) for item in under]
    return [*kept, *(item for item in over if item.get(key) is None or item[key] in new)]
