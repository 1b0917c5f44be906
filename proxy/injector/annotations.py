"""The annotations of a pod: a table of what there is, how each is written, and what is said of one that is written wrongly.

Annotations of the pod's namespace are defaults for those the pod does not have. A key of ours that nobody knows is a fault on a
pod, where it is a slip that would otherwise change nothing in silence. What an annotation does is not known here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from proxy.injector.quantity import ALLOWED as QUANTITY
from proxy.injector.quantity import quantity
from proxy.injector.template import MODES, NATIVE

#: RFC 1123, as https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ has it.
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(rf"(?=.{{1,253}}$){LABEL.pattern}(\.{LABEL.pattern})*")
#: https://github.com/distribution/reference, without its limits on the length of each part.
IMAGE = re.compile(
    r"(?=.{1,500}$)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
LEVELS = ("debug", "info", "warning", "error")
LONGEST_SHOWN = 60
MOST_ITEMS = 50
#: Of slips of one kind; the API server hands on as many as somebody writes.
MOST_TOLD = 10


class Settings(NamedTuple):
    """What annotations say, None where they say nothing. Quantities, names and images as they are written."""

    config: str | None = None
    keys_secret: str | None = None
    providers: tuple[str, ...] | None = None
    port: int | None = None
    ops_port: int | None = None
    env: str | None = None
    env_containers: tuple[str, ...] | None = None
    env_skip_containers: tuple[str, ...] | None = None
    native: str | None = None
    image: str | None = None
    cpu_request: str | None = None
    cpu_limit: str | None = None
    memory_request: str | None = None
    memory_limit: str | None = None
    log_level: str | None = None
    extra_env: tuple[Mapping[str, Any], ...] | None = None
    termination_grace_period_seconds: int | None = None
    metrics: bool | None = None
    allow_classic_job: bool | None = None
    allow_host_network: bool | None = None


class Annotation(NamedTuple):
    """`read` raises ValueError for a bad text. `allowed` and `about` are for people. `quoted`: may a bad value be shown?"""

    read: Callable[[str], Any]
    allowed: str
    about: str
    quoted: bool = True


def matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError
        return text

    return read


def one_of(*words: str) -> Callable[[str], str]:
    return matching(re.compile("|".join(map(re.escape, words))))


def whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return read


def names(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(","))
    if len(found) > MOST_ITEMS or not all(map(LABEL.fullmatch, found)):
        raise ValueError
    return tuple(dict.fromkeys(found))


def truth(text: str) -> bool:
    return one_of("true", "false")(text) == "true"


def variables(text: str) -> tuple[Mapping[str, Any], ...]:
    """A JSON list of EnvVar: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#envvar-v1-core."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError from None
    if not isinstance(found, list) or len(found) > MOST_ITEMS or not all(map(is_variable, found)):
        raise ValueError
    if len({item["name"] for item in found}) < len(found):
        raise ValueError
    return tuple(found)


def is_variable(item: Any) -> bool:
    """A name, and at most one of a text and a source."""
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not VARIABLE.fullmatch(item["name"]):
        return False
    if not item.keys() <= {"name", "value", "valueFrom"} or {"value", "valueFrom"} <= item.keys():
        return False
    return isinstance(item.get("value", ""), str) and isinstance(item.get("valueFrom", {}), dict)


OBJECT = "the name of an object: lower case letters, digits, - and ., at most 253 characters"
PORT = "a port, 1024 to 65535"
CONTAINERS = "names of containers, separated by commas"
TRUTH = "true, false"
VARIABLES = 'a JSON list of variables, each {"name": "A", "value": "b"} or {"name": "A", "valueFrom": {...}}'

#: Without the domain, in the order in which the document lists them. The field of Settings has `_` for `-`.
ANNOTATIONS: Mapping[str, Annotation] = {
    "config": Annotation(matching(SUBDOMAIN), OBJECT, "the ConfigMap with the sidecar's configuration"),
    "keys-secret": Annotation(matching(SUBDOMAIN), OBJECT, "the Secret with the providers' keys"),
    "providers": Annotation(names, "names of providers, separated by commas", "whose variables the pod gets"),
    "port": Annotation(whole(1024, 65535), PORT, "the port that the application calls, on loopback"),
    "ops-port": Annotation(whole(1024, 65535), PORT, "the port of probes and metrics"),
    "env": Annotation(one_of(*MODES), ", ".join(MODES), "whether variables that a container has are left alone"),
    "env-containers": Annotation(names, CONTAINERS, "the containers that get variables; without it all do"),
    "env-skip-containers": Annotation(names, CONTAINERS, "containers that get none"),
    "native": Annotation(one_of(*NATIVE), ", ".join(NATIVE), "a native sidecar, or an ordinary container"),
    "image": Annotation(matching(IMAGE), "an image, such as registry/name:tag", "the sidecar's image"),
    "cpu-request": Annotation(quantity, QUANTITY, "what the sidecar asks of a node"),
    "cpu-limit": Annotation(quantity, QUANTITY, "the most that it gets"),
    "memory-request": Annotation(quantity, QUANTITY, "what the sidecar asks of a node"),
    "memory-limit": Annotation(quantity, QUANTITY, "the most that it gets"),
    "log-level": Annotation(one_of(*LEVELS), ", ".join(LEVELS), "how much the sidecar logs"),
    "extra-env": Annotation(variables, VARIABLES, "variables of the sidecar itself", quoted=False),
    "termination-grace-period-seconds": Annotation(
        whole(1, 604800), "seconds, 1 to 604800", "raises the pod's grace period; it never lowers it"
    ),
    "metrics": Annotation(truth, TRUTH, "false takes the port's name away, by which Prometheus finds it"),
    "allow-classic-job": Annotation(truth, TRUTH, "an ordinary container in a pod that ends"),
    "allow-host-network": Annotation(truth, TRUTH, "a sidecar on the network of the node"),
}
#: Written by us; what comes in is no setting.
WRITTEN = ("status",)
#: Labels that people write as annotations.
LABELS = {
    "inject": "inject is a label of the pod, not an annotation",
    "injection": "injection is a label of the namespace",
}


class Found(NamedTuple):
    """`faults` refuse the pod, `warnings` do not."""

    settings: Settings
    faults: list[str]
    warnings: list[str]


def read(domain: str, of_pod: Mapping[str, Any], of_namespace: Mapping[str, Any]) -> Found:
    """What the annotations `domain/...` of a pod say, and for what they do not say those of its namespace."""
    own, defaults = _ours(domain, of_pod), _ours(domain, of_namespace)
    slips = [name for name in own if not _known(name)]
    faults = [_unknown(domain, name) for name in slips[:MOST_TOLD]]
    if len(slips) > MOST_TOLD:
        faults.append(f"{len(slips) - MOST_TOLD} more annotations of {domain} are not known")
    of_others = [name for name in defaults if not _known(name) and name not in LABELS]
    warnings = [f"namespace: {domain}/{name} is not known" for name in of_others[:MOST_TOLD]]
    found: dict[str, Any] = {}
    for name, annotation in ANNOTATIONS.items():
        whose, text = ("", own[name]) if name in own else ("of the namespace ", defaults.get(name))
        if text is None:
            continue
        try:
            found[name.replace("-", "_")] = annotation.read(text.strip())
        except ValueError:
            faults.append(f"annotation {whose}{domain}/{name} {shown(annotation, text)}; allowed: {annotation.allowed}")
    return Found(Settings(**found), faults, warnings)


def _ours(domain: str, annotations: Mapping[str, Any]) -> dict[str, str]:
    prefix = f"{domain}/"
    found = {key: text for key, text in annotations.items() if key.startswith(prefix)}
    return {key.removeprefix(prefix): text if isinstance(text, str) else "" for key, text in found.items()}


def _known(name: str) -> bool:
    return name in ANNOTATIONS or name in WRITTEN


def _unknown(domain: str, name: str) -> str:
    near = get_close_matches(name, list(ANNOTATIONS), n=1)
    hint = f" ({LABELS[name]})" if name in LABELS else f" (did you mean {near[0]}?)" if near else ""
    return f"annotation {domain}/{name[:LONGEST_SHOWN]} is not known{hint}; allowed: {', '.join(ANNOTATIONS)}"


def shown(annotation: Annotation, text: str) -> str:
    """`is 'abc'`, cut; a text that may hold a key is not shown."""
    if not annotation.quoted:
        return "is not what it must be"
    return f"is {text!r}" if len(text) <= LONGEST_SHOWN else f"is {text[:LONGEST_SHOWN]!r}..."
