"""Which pods are left alone, which are refused, and what is worth a warning: one rule, one function, with its reason in words.

A rule reads the pod and what was made of its annotations, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from proxy.injector.annotations import Settings
from proxy.injector.container import NAME
from proxy.injector.overlay import laid
from proxy.injector.quantity import exceeds, falls_below
from proxy.injector.shape import shallow
from proxy.injector.variables import hidden_no_proxy

LONGEST_WARNING = 120
#: Native sidecars can be had from 1.28 on, behind a gate, and are on from 1.29 on (KEP-753). Unasked they are used from 1.32 on:
#: kubelets may be three versions older than the API server: https://kubernetes.io/releases/version-skew-policy/.
POSSIBLE, AUTOMATIC = (1, 28), (1, 32)
WINDOWS = ("kubernetes.io/os", "beta.kubernetes.io/os")
MIRROR = "kubernetes.io/config.mirror"
#: The image of a user's own container of our name that says: lay this over yours.
AUTO = "auto"
LISTS = ("initContainers", "containers")
KEYS = "outrider-keys"
#: Variables of the sidecar that other places must agree with -> the annotation that sets all of them.
PORTS = {"OUTRIDER_PORT": "port", "OUTRIDER_OPS_PORT": "ops-port"}
DEEPEST = 20
#: Far above what a node runs; each costs time, in which other pods wait.
MOST_CONTAINERS = 1000


class Case(NamedTuple):
    """A pod as the rules see it. `native`: how the sidecar would be injected. `injected`: whether it was before."""

    pod: Mapping[str, Any]
    template: Mapping[str, Any]
    settings: Settings
    namespace: str
    server: tuple[int, int] | None
    injected: bool

    @property
    def spec(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.pod["spec"]
        return found

    @property
    def metadata(self) -> Mapping[str, Any]:
        return self.pod.get("metadata") or {}

    @property
    def native_asked(self) -> str:
        return self.settings.native or str(self.template["native"])

    @property
    def native(self) -> bool:
        """An API server whose version is not known is taken for a new one."""
        return self.native_asked == "always" or (
            self.native_asked == "auto" and (self.server is None or self.server >= AUTOMATIC)
        )

    @property
    def port(self) -> int:
        return self.settings.port or int(self.template["port"])

    @property
    def ops_port(self) -> int:
        return self.settings.ops_port or int(self.template["opsPort"])

    @property
    def is_root(self) -> bool:
        context = self.spec.get("securityContext")
        return isinstance(context, Mapping) and context.get("runAsUser") == 0 and context["runAsUser"] is not False

    @property
    def others(self) -> list[Mapping[str, Any]]:
        """All containers but ours, those of init first."""
        return [each for group in LISTS for each in self.spec.get(group) or [] if each["name"] != NAME]

    @property
    def own(self) -> list[Mapping[str, Any]]:
        return [each for group in LISTS for each in self.spec.get(group) or [] if each["name"] == NAME]


# ---- left alone


def skipped(case: Case) -> str | None:
    """Why the pod is left alone, whatever its annotations say; None where it is not."""
    asked = (case.metadata.get("labels") or {}).get(f"{case.template['domain']}/inject", "true")
    nodes = case.spec.get("nodeSelector") or {}
    reasons = {
        f"the label {case.template['domain']}/inject is {str(asked)[:20]!r}": asked != "true",
        f"the namespace {case.namespace} is excluded": case.namespace in case.template["excludedNamespaces"],
        "it is a mirror of a static pod": MIRROR in (case.metadata.get("annotations") or {}),
        "it is for Windows": (case.spec.get("os") or {}).get("name") == "windows"
        or any(nodes.get(key) == "windows" for key in WINDOWS),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def skipped_on_host(case: Case) -> str | None:
    """A pod on the node's network would hand its keys to whatever runs on the node."""
    if not case.spec.get("hostNetwork") or case.settings.allow_host_network:
        return None
    return f"it has hostNetwork; the annotation {case.template['domain']}/allow-host-network allows it"


# ---- refused


def refused(case: Case) -> Iterator[str]:
    """Every fault, in words."""
    for rule in (_providers, _keys, _image, _ports, _extra, _claims, _resources, _own, _size, _kind_of_sidecar):
        yield from rule(case)


def _providers(case: Case) -> Iterator[str]:
    known = case.template["env"]["variables"]
    for name in case.settings.providers or ():
        if name not in known:
            domain = case.template["domain"]
            yield f"annotation {domain}/providers names {name!r}; allowed: {', '.join(sorted(known))}"


def _keys(case: Case) -> Iterator[str]:
    volumes = {each["name"]: each for each in case.template["volumes"]}
    if case.settings.keys_secret is not None and "secret" not in volumes.get(KEYS, {}):
        yield f"annotation {case.template['domain']}/keys-secret has no place here: the keys come from no Secret (keys.source)"


def _image(case: Case) -> Iterator[str]:
    if case.settings.image is not None and not case.template["allowImageOverride"]:
        yield f"annotation {case.template['domain']}/image is not allowed here (injection.allowImageOverride is false)"


def _ports(case: Case) -> Iterator[str]:
    if case.port == case.ops_port:
        domain = case.template["domain"]
        yield f"annotations {domain}/port and {domain}/ops-port are both {case.port}; allowed: two different ports"


def _extra(case: Case) -> Iterator[str]:
    """The sidecar would listen where no variable of the application leads, and no probe."""
    for item in case.settings.extra_env or ():
        if item["name"] in PORTS:
            domain, name = case.template["domain"], item["name"]
            yield f"annotation {domain}/extra-env sets {name}; the annotation {domain}/{PORTS[name]} does that"


def _claims(case: Case) -> Iterator[str]:
    """Containers of a pod share its network namespace: one that listens there would keep the sidecar from it."""
    ours = {case.port: "port", case.ops_port: "ops-port"}
    for each in case.others:
        for port in each.get("ports") or []:
            number = port.get("containerPort")
            if number in ours:
                yield (
                    f"container {each['name']!r} has containerPort {number}, which is that of container {NAME!r}; "
                    f"the annotation {case.template['domain']}/{ours[number]} gives it another"
                )


def _resources(case: Case) -> Iterator[str]:
    """Only what annotations ask; the API server would refuse it in words that name none of them."""
    resources = laid(case.template["container"], case.template["overlay"]).get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for name in ("cpu", "memory"):
        request, limit = getattr(case.settings, f"{name}_request"), getattr(case.settings, f"{name}_limit")
        at, usual = f"{case.template['domain']}/{name}", requests.get(name)
        if request is not None and exceeds(request, limit or limits.get(name)):
            yield f"annotation {at}-request is {request!r}, above the limit of {limit or limits.get(name)}; {at}-limit raises it"
        elif request is None and limit is not None and falls_below(limit, usual):
            yield f"annotation {at}-limit is {limit!r}, below the request of {usual}; {at}-request lowers it"


def _own(case: Case) -> Iterator[str]:
    if len(case.own) > 1:
        yield f"the pod has two containers named {NAME!r}"
    for each in case.own:
        if each.get("image") != AUTO and not case.injected:
            yield f"the pod has a container {NAME!r} of its own; allowed: another name, or image: {AUTO} to lay it over ours"
        if not shallow(each, DEEPEST):
            yield f"the container named {NAME!r} is nested deeper than {DEEPEST} levels"
    if not any(each["name"] != NAME for each in case.spec["containers"]):
        yield f"the pod has no container beside {NAME!r}"


def _size(case: Case) -> Iterator[str]:
    if len(case.others) > MOST_CONTAINERS:
        yield f"the pod has {len(case.others)} containers; allowed: at most {MOST_CONTAINERS}"


def _kind_of_sidecar(case: Case) -> Iterator[str]:
    domain, policy = case.template["domain"], case.spec.get("restartPolicy") or "Always"
    if case.native and case.server is not None and case.server < POSSIBLE:
        version = ".".join(map(str, case.server))
        yield f"native sidecars need Kubernetes 1.28, and the API server is {version}; {domain}/native: never does without"
    if not case.native and policy != "Always" and not case.settings.allow_classic_job:
        yield (
            f"restartPolicy is {policy[:20]}: the pod would never end, as its sidecar is an ordinary container; "
            f"allowed: native sidecars (Kubernetes 1.29), or {domain}/allow-classic-job: true"
        )


# ---- warned of


def warnings(case: Case) -> Iterator[str]:
    """What is injected all the same; each fits an admission response."""
    if case.spec.get("shareProcessNamespace"):
        yield "shareProcessNamespace: a process of the same user can read the sidecar's files, keys too"
    if case.spec.get("hostNetwork"):
        yield "hostNetwork: whatever runs on the node can call the sidecar, which has the keys"
    yield from _warn_of_variables(case)
    if not case.native and any(each["name"] != NAME for each in case.spec.get("initContainers") or []):
        yield "init containers run before an ordinary sidecar: they get no variables"


def _warn_of_variables(case: Case) -> Iterator[str]:
    if (case.settings.env or case.template["env"]["mode"]) == "off":
        return
    yield from _warn_of_names(case)
    hidden = [each["name"] for each in case.others if each.get("envFrom")]
    if hidden:
        yield f"envFrom of {', '.join(hidden)}: ours win over its variables; a proxy there needs NO_PROXY=127.0.0.1"
    for each in case.others:
        if hidden_no_proxy(each.get("env") or []):
            yield f"container {each['name']}: NO_PROXY has a source; it must name 127.0.0.1"


def _warn_of_names(case: Case) -> Iterator[str]:
    """Of those that the pod itself gives: a default of the namespace is for many pods."""
    names, notes = {each["name"] for each in case.others}, case.metadata.get("annotations") or {}
    asked = {"env-containers": case.settings.env_containers, "env-skip-containers": case.settings.env_skip_containers}
    for annotation, listed in asked.items():
        key = f"{case.template['domain']}/{annotation}"
        for name in listed or () if key in notes else ():
            if name not in names:
                yield f"{key}: the pod has no container {name}"


def cut(warning: str) -> str:
    """At most 120: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response."""
    return warning if len(warning) <= LONGEST_WARNING else f"{warning[: LONGEST_WARNING - 3]}..."
