"""What a pod must look like, as far as the injector reads it; what it does not read may be anything and is not looked at.

It knows types and what is required, and nothing of what members mean. Null is the same as absent, as the API server has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: A mapping of texts to texts, such as labels.
TEXTS = "texts"
NAMED = {"name!": str}
CONTAINER = {
    "name!": str,
    "image": str,
    "env": [{"name!": str, "value": str, "valueFrom": dict}],
    "envFrom": list,
    "ports": [{"name": str, "containerPort": int}],
    "volumeMounts": [{"mountPath": str}],
    "volumeDevices": [{"devicePath": str}],
    "resources": {"limits": dict, "requests": dict},
    "lifecycle": dict,
}
PROBE = {"httpGet": dict}
#: Of the template's; a pod's own probes are nothing to us.
MADE_OF = {
    **CONTAINER,
    "env": [{"name!": str, "value": str, "valueFrom": dict}],
    "ports!": [{"name!": str, "containerPort": int}],
    "startupProbe": PROBE,
    "readinessProbe": PROBE,
    "livenessProbe": PROBE,
}
#: Member -> its type; `!` marks what is required, a list holds the shape of its items.
POD: Mapping[str, Any] = {
    "metadata": {
        "name": str,
        "generateName": str,
        "namespace": str,
        "labels": TEXTS,
        "annotations": TEXTS,
        "ownerReferences": [{"kind": str, "name!": str, "controller": bool}],
    },
    "spec!": {
        "containers!": [CONTAINER],
        "initContainers": [CONTAINER],
        "volumes": [NAMED],
        "imagePullSecrets": [NAMED],
        "nodeSelector": TEXTS,
        "os": {"name": str},
        "restartPolicy": str,
        "terminationGracePeriodSeconds": int,
        "hostNetwork": bool,
        "shareProcessNamespace": bool,
    },
}
WORDS = {str: "a string", int: "a whole number", bool: "true or false", list: "a list", dict: "a mapping"}


def fault_of(pod: Any) -> str | None:
    """The first member that is not what it must be, in words with its path; None for a pod that can be read."""
    return next(_faults(pod, POD, ""), None)


def container_fault(value: Any, path: str) -> str | None:
    """What keeps a container, of which we make ours, from being one; None for nothing."""
    return next(_faults(value, MADE_OF, path), None)


def is_container(value: Any) -> bool:
    """Whether what stands somewhere else can be a container, or a part of one."""
    return next(_faults({"name": "", **value}, CONTAINER, ""), None) is None if isinstance(value, dict) else False


def shallow(value: Any, levels: int) -> bool:
    """Whether it is nested no deeper."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return levels > 0 and all(shallow(each, levels - 1) for each in inner)


def _faults(value: Any, shape: Any, path: str) -> Iterator[str]:
    kind = shape if isinstance(shape, type) else dict if shape == TEXTS else type(shape)
    if not _is(value, kind):
        yield f"{path or 'the pod'} must be {WORDS[kind]}, not {_word(value)}"
    elif shape == TEXTS:
        yield from _texts(value, path)
    elif isinstance(shape, list):
        for number, item in enumerate(value):
            yield from _faults(item, shape[0], f"{path}[{number}]")
    elif isinstance(shape, Mapping):
        yield from _members(value, shape, path)


def _is(value: Any, kind: type) -> bool:
    """True is no number here, as in JSON."""
    return type(value) is kind


def _members(value: Mapping[str, Any], shape: Mapping[str, Any], path: str) -> Iterator[str]:
    for marked, inner in shape.items():
        name = marked.removesuffix("!")
        at = f"{path}.{name}".removeprefix(".")
        if value.get(name) is not None:
            yield from _faults(value[name], inner, at)
        elif name != marked:
            yield f"{at} is missing"


def _texts(value: Mapping[Any, Any], path: str) -> Iterator[str]:
    for key, text in value.items():
        if not isinstance(key, str):
            yield f"{path} must have strings as its keys, not {_word(key)}"
        elif text is not None and not isinstance(text, str):
            yield f"{path}[{key[:80]!r}] must be a string, not {_word(text)}"


def _word(value: Any) -> str:
    return "null" if value is None else WORDS.get(type(value), "a number")
