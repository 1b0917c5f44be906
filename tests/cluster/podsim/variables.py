"""The environment of a container, as kubelet makes it of a pod's spec.

https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/: `$(NAME)` is what an
earlier variable says, `$$` a dollar sign, and an unknown name stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.cluster.podsim.objects import Json, Objects

PATH = "/usr/local/bin:/usr/bin:/bin"
REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_.-][A-Za-z0-9_.-]*)\))")
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def environment(container: Json, facts: Mapping[str, str], objects: Objects) -> dict[str, str]:
    """facts: field path of the downward API -> what it says of this pod."""
    found: dict[str, str] = {"PATH": PATH}
    for source in container.get("envFrom", ()):
        found |= _every(source, objects)
    for entry in container.get("env", ()):
        value = _value(entry, container, facts, objects)
        if value is not None:
            found[entry["name"]] = expand(value, found) if "valueFrom" not in entry else value
    return found


def expand(text: str, found: Mapping[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        return "$" if match[1] == "$" else found.get(match[2], match[0])

    return REFERENCE.sub(one, text)


def expanded(words: list[str], found: Mapping[str, str]) -> list[str]:
    return [expand(word, found) for word in words]


def _every(source: Json, objects: Objects) -> Iterator[tuple[str, str]]:
    [(kind, inner)] = ((kind, inner) for kind, inner in source.items() if kind != "prefix")
    payload = objects.get(
        {"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind], inner["name"], inner.get("optional", False)
    )
    return ((source.get("prefix", "") + key, value.decode()) for key, value in payload.items())


def _value(entry: Json, container: Json, facts: Mapping[str, str], objects: Objects) -> str | None:
    if "valueFrom" not in entry:
        return str(entry.get("value", ""))
    [(kind, source)] = entry["valueFrom"].items()
    if kind == "fieldRef":
        return facts[source["fieldPath"]]
    if kind == "resourceFieldRef":
        return _resource(container, source)
    which = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}[kind]
    value = objects.get(which, source["name"], source.get("optional", False)).get(source["key"])
    return None if value is None else value.decode()


def _resource(container: Json, source: Json) -> str:
    """In units of the divisor, rounded up; without a limit the node's, which is said to be 0 here."""
    rule, _, name = source["resource"].partition(".")
    amount = quantity(container.get("resources", {}).get(rule, {}).get(name, 0))
    divisor = quantity(source.get("divisor") or 1) or 1
    return str(-(-amount // divisor))


def quantity(text: Any) -> int:
    """Bytes, or whole cores; `m` is a thousandth, rounded up (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/)."""
    match = re.fullmatch(r"(\d+)([A-Za-z]*)", str(text))
    assert match, f"not a quantity this simulator reads: {text!r}"
    if match[2] == "m":
        return -(-int(match[1]) // 1000)
    return int(match[1]) * UNITS[match[2]]
