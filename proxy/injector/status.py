"""The annotation `status`: what was injected, for people, and for us when the same pod comes again.

It is written as compact JSON with sorted keys, so that the same pod has the same text. What is read from it is only believed
where the label says that the pod was injected, and never decides whether it is. No value of a variable stands in it:
annotations are copied to places, such as each line of a log, where a container's variables are not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from proxy.injector.shape import is_container


class Before(NamedTuple):
    """What an earlier injection did. `env`: container -> the variables it was given. `own`: the user's own container then,
    without the values of its variables. `container`: the mark of our container as it was made."""

    injected: bool = False
    env: Mapping[str, list[str]] = {}
    volumes: frozenset[str] = frozenset()
    own: Mapping[str, Any] = {}
    port: int | None = None
    container: str = ""


def written(said: Mapping[str, Any]) -> str:
    return json.dumps(said, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def mark(container: Mapping[str, Any]) -> str:
    """What tells one container from another, short."""
    text = json.dumps(container, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def told(own: Mapping[str, Any]) -> dict[str, Any]:
    """What may be written of the user's own container: of its variables the names alone."""
    names = [{"name": each["name"]} for each in own.get("env") or []]
    found = {name: value for name, value in own.items() if name not in ("name", "image", "env")}
    return {**found, "env": names} if names else found


def restored(own: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """What was told, with the variables as they stand in the container that was made of it."""
    names = {each["name"] for each in own.get("env") or []}
    found = [each for each in present.get("env") or [] if each["name"] in names]
    return {**{name: value for name, value in own.items() if name != "env"}, **({"env": found} if found else {})}


def before(labels: Mapping[str, Any], annotations: Mapping[str, Any], domain: str) -> Before:
    """What stands in the annotation; members that are not what we write count as absent, for anybody may have written them."""
    if labels.get(f"{domain}/injected") != "true":
        return Before()
    said = _parsed(annotations.get(f"{domain}/status"))
    env = {name: _texts(names) for name, names in _mapping(said.get("env")).items()}
    own = said["overlay"] if is_container(said.get("overlay")) else {}
    port, container = said.get("port"), said.get("container")
    number, text = port if type(port) is int else None, container if isinstance(container, str) else ""
    return Before(True, env, frozenset(_texts(said.get("volumes"))), own, number, text)


def _parsed(text: Any) -> dict[str, Any]:
    try:
        return _mapping(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
