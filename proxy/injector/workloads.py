"""Pods in manifests: which objects have one, where in them, and what such an object is once its pod is injected.

Plain data in, plain data out; how it is written is manifests.py's, what is done to a pod is patch.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from proxy.injector.owner import workload
from proxy.injector.patch import Answer, Around, patch

#: (API group, kind) -> where its pod stands.
PODS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): (),
    ("", "ReplicationController"): ("spec", "template"),
    ("", "PodTemplate"): ("template",),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("argoproj.io", "Rollout"): ("spec", "template"),
}
DEEPEST_LIST = 5


class Asked(NamedTuple):
    """`every`: pods without the label, too. `namespace`: of objects that name none. `server`: the API server's version."""

    every: bool = False
    namespace: str = "default"
    server: tuple[int, int] | None = None


class Told(NamedTuple):
    """What became of one pod. `where`: `Deployment web, spec.template`. `answer`: None for a pod that did not ask."""

    where: str
    answer: Answer | None
    notes: tuple[str, ...] = ()


Tell = Callable[[Told], None]


def injected(document: Any, template: Mapping[str, Any], asked: Asked, tell: Tell, depth: int = 0) -> Any:
    """The document with its pods injected; the same object where nothing is to be done. `tell` hears of every pod."""
    if not isinstance(document, dict):
        return document
    if kind_of(document) == ("", "List") and isinstance(document.get("items"), list) and depth < DEEPEST_LIST:
        items = [injected(item, template, asked, tell, depth + 1) for item in document["items"]]
        changed = any(new is not old for new, old in zip(items, document["items"], strict=True))
        return {**document, "items": items} if changed else document
    path = PODS.get(kind_of(document))
    return document if path is None else _object(document, path, template, asked, tell)


def kind_of(document: Mapping[str, Any]) -> tuple[str, str]:
    """Its API group and its kind, as texts whatever stands there."""
    group, slash, _ = str(document.get("apiVersion")).rpartition("/")
    return group if slash else "", str(document.get("kind"))


def _object(
    document: dict[str, Any], path: tuple[str, ...], template: Mapping[str, Any], asked: Asked, tell: Tell
) -> dict[str, Any]:
    metadata = _mapping(document.get("metadata"))
    where = " ".join(filter(None, [str(document["kind"]), _name(metadata)]))
    place = ", ".join(filter(None, [where, ".".join(path)]))
    pod = _at(document, path)
    notes = tuple(_misplaced(document, template["domain"], path))
    if not asks(pod, template["domain"], asked.every):
        tell(Told(place, None, notes))
        return document
    namespace = metadata.get("namespace") or asked.namespace
    owner = {"kind": document["kind"], "name": _name(metadata)}
    around = Around(
        str(namespace), {}, asked.server, "command", workload({"ownerReferences": [owner]}) if path else None
    )
    answer = patch(pod, template, around)
    tell(Told(place, answer, notes))
    return _with(document, path, answer.pod) if answer.operations else document


def asks(pod: Any, domain: str, every: bool) -> bool:
    """By its label. One that says anything but `true` is handed on, so that it is told why it is left alone."""
    labels = _mapping(_mapping(_mapping(pod).get("metadata")).get("labels"))
    label = labels.get(f"{domain}/inject")
    return (every and label is None) or (label is not None and label != "false")


def _misplaced(document: Mapping[str, Any], domain: str, path: tuple[str, ...]) -> Iterator[str]:
    """Labels and annotations of ours on the object itself, where nobody reads them."""
    metadata = _mapping(document.get("metadata")) if path else {}
    for member in ("labels", "annotations"):
        for key in _mapping(metadata.get(member)):
            if str(key).startswith(f"{domain}/"):
                yield f"metadata.{member} has {key}, which does nothing there: it belongs in {'.'.join(path)}.metadata.{member}"


def _name(metadata: Mapping[str, Any]) -> str:
    return str(metadata.get("name") or metadata.get("generateName") or "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _at(document: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = document
    for name in path:
        found = _mapping(found).get(name)
    return found


def _with(document: Mapping[str, Any], path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    return {**document, path[0]: _with(document[path[0]], path[1:], value)}
