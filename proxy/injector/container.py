"""The sidecar's container for one pod: the template's, with what annotations, the platform and the user's own lay over it.

It knows what a native sidecar and an ordinary container differ in. Where the container stands in the pod is placing.py's.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from proxy.injector.annotations import Settings
from proxy.injector.overlay import filled, joined, laid

Container = dict[str, Any]

NAME = "outrider"
PORT = "llm-metrics"
#: The name of the port where nobody is to scrape it.
UNSCRAPED = "outrider-ops"
#: The image's own. It is set only in a pod of root: clusters that give each namespace a range refuse any other.
USER = 65532
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
#: What a user's own container may not say.
OURS = ("name", "image", "restartPolicy")
#: What the API server fills in before a webhook sees the pod, so that it tells nothing of what the user chose:
#: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container. `auto` has no tag: pulled Always.
FILLED_IN = {
    "imagePullPolicy": "Always",
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
#: Where the API server mounts the account's token into every container, this one too: our empty folder stands there.
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
#: From this version on the kubelet itself can sleep before it stops a container: KEP-3960, beta.
SLEEPS = (1, 30)
MEMORY = {"resourceFieldRef": {"containerName": NAME, "resource": "limits.memory"}}
RESOURCES = (
    ("cpu_request", "requests", "cpu"),
    ("cpu_limit", "limits", "cpu"),
    ("memory_request", "requests", "memory"),
    ("memory_limit", "limits", "memory"),
)


class Facts(NamedTuple):
    """What the pod and the cluster are. `server`: the API server's version, or None. `grace`: seconds. `root`: whether the pod
    says that its containers run as root."""

    native: bool
    server: tuple[int, int] | None
    grace: int
    workload: str
    root: bool = False


def build(template: Mapping[str, Any], settings: Settings, facts: Facts, own: Mapping[str, Any]) -> Container:
    """The container. `own` is what the user's own container of this name says, whose members win."""
    base: Container = deepcopy(template["container"])
    if not facts.native:
        base = _classic(base, template["classic"], facts)
        # The hook counts towards the grace period, and SIGTERM comes after it.
        facts = facts._replace(grace=max(0, facts.grace - _slept(base)))
    base["env"] = _env(base["env"], settings, facts)
    if settings.image is not None:
        base["image"] = settings.image
    base = laid(laid(base, template["overlay"]), {"resources": _resources(settings)})
    base = _with_ports(base, settings)
    said = {name: value for name, value in filled(own).items() if name not in OURS}
    return _with_memory_limit(_with_user(laid(base, said), facts.root))


def chosen(own: Mapping[str, Any]) -> Container:
    """Of the user's own container what the user said, as far as can be told: a request that equals its limit may be filled in."""
    found = {name: value for name, value in own.items() if FILLED_IN.get(name, ()) != value}
    if found.get("volumeMounts"):
        found["volumeMounts"] = [each for each in found["volumeMounts"] if each.get("mountPath") != TOKEN]
    resources = found.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    if requests:
        said = {name: value for name, value in requests.items() if limits.get(name) != value}
        found["resources"] = {**resources, "requests": said}
    return found


def _classic(base: Container, classic: Mapping[str, Any], facts: Facts) -> Container:
    found = laid({name: base[name] for name in base if name != "lifecycle"}, classic["container"])
    lifecycle = dict(found.get("lifecycle") or {})
    if classic["preStopSeconds"] < 1 or facts.server is None or facts.server < SLEEPS:
        lifecycle.pop("preStop", None)
    found.pop("lifecycle", None)
    return {**found, "lifecycle": lifecycle} if lifecycle else found


def _slept(container: Container) -> int:
    """Seconds for which its preStop hook sleeps."""
    hook = (container.get("lifecycle") or {}).get("preStop") or {}
    return int((hook.get("sleep") or {}).get("seconds", 0))


def _env(env: list[Any], settings: Settings, facts: Facts) -> list[Any]:
    """Variables that the template has keep their place; the others follow."""
    values: dict[str, str] = {"POD_WORKLOAD": facts.workload}
    if not facts.native:
        values |= {"OUTRIDER_DRAIN": "classic", "OUTRIDER_GRACE": str(facts.grace)}
    for name, value in zip(ASKED, (settings.log_level, settings.port, settings.ops_port), strict=True):
        if value is not None:
            values[name] = str(value)
    ours = [{"name": name, "value": value} for name, value in values.items()]
    return joined(joined(env, ours, "name"), list(settings.extra_env or ()), "name")


ASKED = ("OUTRIDER_LOG_LEVEL", "OUTRIDER_PORT", "OUTRIDER_OPS_PORT")


def _resources(settings: Settings) -> dict[str, Any]:
    found: dict[str, dict[str, str]] = {}
    for field, section, name in RESOURCES:
        value = getattr(settings, field)
        if value is not None:
            found.setdefault(section, {})[name] = value
    return found


def _with_ports(container: Container, settings: Settings) -> Container:
    name = UNSCRAPED if settings.metrics is False else PORT
    ports = [_port(port, name, settings.ops_port) if port["name"] == PORT else port for port in container["ports"]]
    probes = {probe: _renamed(container[probe], name) for probe in PROBES if probe in container}
    return {**container, "ports": ports, **probes}


def _port(port: Mapping[str, Any], name: str, number: int | None) -> dict[str, Any]:
    return {**port, "name": name, "containerPort": port.get("containerPort") if number is None else number}


def _renamed(probe: Mapping[str, Any], name: str) -> dict[str, Any]:
    asked = probe.get("httpGet") or {}
    return {**probe, "httpGet": {**asked, "port": name}} if asked.get("port") == PORT else dict(probe)


def _with_user(container: Container, root: bool) -> Container:
    """The pod's user would be the sidecar's too, which must not be root, and the kubelet would never start it."""
    context = container.get("securityContext") or {}
    if not root or context.get("runAsNonRoot") is not True or "runAsUser" in context:
        return container
    return {**container, "securityContext": {**context, "runAsUser": USER}}


def _with_memory_limit(container: Container) -> Container:
    """Without a limit the reference would be the whole node's memory."""
    name = "OUTRIDER_MEMORY_LIMIT"
    limited = "memory" in ((container.get("resources") or {}).get("limits") or {})
    env = container.get("env") or []
    if not limited:
        env = [item for item in env if not (item["name"] == name and item.get("valueFrom") == MEMORY)]
    elif not any(item["name"] == name for item in env):
        env = [*env, {"name": name, "valueFrom": deepcopy(MEMORY)}]
    return {**container, "env": env}
