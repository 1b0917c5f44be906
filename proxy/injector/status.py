"""The annotation `status`: what was injected, for people, and for us when the same pod comes again.

It is written as compact JSON with sorted keys, so that the same pod has the same text. What is read from it is only believed
where the label says that the pod was injected, and never decides whether it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from proxy.injector.shape import is_container


class Before(NamedTuple):
    """What an earlier injection did. `env`: container -> the variables it was given. `own`: the user's own container then."""

    injected: bool = False
    env: Mapping[str, list[str]] = {}
    volumes: frozenset[str] = frozenset()
    own: Mapping[str, Any] = {}
    port: int | None = None


def written(said: Mapping[str, Any]) -> str:
    return json.dumps(said, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def before(labels: Mapping[str, Any], annotations: Mapping[str, Any], domain: str) -> Before:
    """What stands in the annotation; members that are not what we write count as absent, for anybody may have written them."""
    if labels.get(f"{domain}/injected") != "true":
        return Before()
    said = _parsed(annotations.get(f"{domain}/status"))
    env = {name: _texts(names) for name, names in _mapping(said.get("env")).items()}
    own = said["overlay"] if is_container(said.get("overlay")) else {}
    port = said.get("port")
    return Before(True, env, frozenset(_texts(said.get("volumes"))), own, port if type(port) is int else None)


def _parsed(text: Any) -> dict[str, Any]:
    try:
        return _mapping(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
