"""The injector itself: a pod comes in as plain JSON, and out come the operations that put the sidecar into it, or why not.

Pure: no clock, no environment, no network, and the input is never changed. What the pod should be is made from what it is, ours
taken out and put in anew, and the two are compared; so twice gives the same, and members that nobody here knows stay. The shape
of the template is template.py's, the rules are rules.py's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from proxy.injector import placing, rules, shape, status, variables
from proxy.injector.annotations import read as read_annotations
from proxy.injector.container import NAME, Container, Facts, build, chosen
from proxy.injector.difference import Operation, difference
from proxy.injector.owner import workload
from proxy.injector.rules import Case

#: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#lifecycle
DEFAULT_GRACE = 30
#: Told with every refusal.
DOCUMENT = "docs/injection.md"
#: What a person reads, and a log and an event hold.
MOST_FAULTS, MOST_WARNINGS = 10, 20
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


class Around(NamedTuple):
    """What the pod itself does not say.

    namespace: its name. annotations: the namespace's, defaults for the pod's. server: the API server's version, such as (1, 33),
    or None where it is not known. mode: who injects: webhook, command, library or policy. workload: its name, where the pod does
    not show it, as in the template of a Deployment.
    """

    namespace: str = "default"
    annotations: Mapping[str, Any] = {}
    server: tuple[int, int] | None = None
    mode: str = "webhook"
    workload: str | None = None


class Refusal(NamedTuple):
    """As in metav1.Status: `code` is 400 for what is no pod, 422 for what a pod asks and cannot have."""

    code: int
    reason: str
    message: str


class Answer(NamedTuple):
    """What is to be done with a pod.

    operations: a JSON patch (RFC 6902), empty where nothing is to do. pod: what the pod is after it, the input where nothing
    is done. skipped: why it is left alone. warnings: at most 120 characters each. audit: for the audit log, few short texts.
    """

    pod: Any
    operations: Sequence[Operation] = ()
    warnings: tuple[str, ...] = ()
    refusal: Refusal | None = None
    skipped: str | None = None
    audit: Mapping[str, str] = {}

    @property
    def allowed(self) -> bool:
        return self.refusal is None


def patch(pod: Any, template: Mapping[str, Any], around: Around = Around()) -> Answer:  # noqa: B008
    """What is to be done with `pod`, any JSON, by a template that `template.checked` has seen. Raises nothing."""
    fault = shape.fault_of(pod)
    if fault is not None:
        return _refused(pod, Refusal(400, "BadRequest", f"outrider cannot read this pod: {fault}"))
    metadata = pod.get("metadata") or {}
    labels, notes = metadata.get("labels") or {}, metadata.get("annotations") or {}
    before = status.before(labels, notes, template["domain"])
    found = read_annotations(template["domain"], notes, around.annotations)
    case = Case(pod, template, found.settings, around.namespace, around.server, before.injected)
    skipped = rules.skipped(case)
    if skipped is not None:
        return _skipped(pod, skipped)
    # A pod whose annotations cannot be read has not asked for the node's network either.
    on_host = None if found.faults else rules.skipped_on_host(case)
    if on_host is not None:
        return _skipped(pod, on_host)
    faults = [*found.faults, *rules.refused(case)]
    if faults:
        return _refused(pod, Refusal(422, "Invalid", f"outrider: {_joined(faults)} (see {DOCUMENT})"))
    after = _injected(case, around, before)
    told = tuple(map(rules.cut, islice(chain(found.warnings, rules.warnings(case)), MOST_WARNINGS)))
    return Answer(after, difference(pod, after), told, audit={"result": "injected"})


def _joined(faults: Sequence[str]) -> str:
    more = [f"and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
    return "; ".join([*faults[:MOST_FAULTS], *more])


def _refused(pod: Any, refusal: Refusal) -> Answer:
    return Answer(pod, refusal=refusal, audit={"result": "refused", "reason": refusal.message[:250]})


def _skipped(pod: Any, reason: str) -> Answer:
    return Answer(pod, skipped=reason, audit={"result": "skipped", "reason": reason})


def _injected(case: Case, around: Around, before: status.Before) -> dict[str, Any]:
    """The pod as it should be."""
    grace, own = _grace(case), _own(case, before)
    name = around.workload if around.workload is not None else workload(case.metadata)
    facts = Facts(case.native, case.server, grace, name, case.is_root)
    made = build(case.template, case.settings, facts, own)
    ours, mark = _kept(case, made, before), status.mark(made)
    what, which = _wanted(case), _selected(case, before)
    placed = placing.containers(case.spec, ours, case.native, what, which, before)
    spec, mine = _with_volumes(case, placed.spec, before)
    if grace != case.spec.get("terminationGracePeriodSeconds") and case.settings.termination_grace_period_seconds:
        spec["terminationGracePeriodSeconds"] = grace
    said = {
        "version": case.template["chart"],
        "mode": around.mode,
        "native": case.native,
        "port": case.port,
        "opsPort": case.ops_port,
        "providers": sorted(_providers(case)),
        "env": placed.env,
        "leftOut": placed.left_out,
        "volumes": mine,
        "overlay": status.told(own),
        "container": mark,
    }
    text = status.written({name: value for name, value in said.items() if value not in ({}, [])})
    return {**case.pod, "metadata": _metadata(case, text), "spec": spec}


def _own(case: Case, before: status.Before) -> Container:
    """What the user's own container says, or said when it was laid over ours."""
    asked = next((each for each in case.own if each.get("image") == rules.AUTO), None)
    return chosen(status.restored(before.own, next(iter(case.own), {})) if asked is None else asked)


def _kept(case: Case, made: Container, before: status.Before) -> Container:
    """What stands in the pod, while it was made from the same: what others changed in it since is theirs.

    A LimitRange's defaults come after us, for one, and whatever a webhook does to every container.
    """
    present = next(iter(case.own), None)
    if not before.injected or present is None or present.get("image") == rules.AUTO:
        return made
    return dict(present if status.mark(made) == before.container else placing.settled(made, present))


def _grace(case: Case) -> int:
    """Seconds; an annotation only raises what the pod has."""
    present = case.spec.get("terminationGracePeriodSeconds")
    return max(DEFAULT_GRACE if present is None else present, case.settings.termination_grace_period_seconds or 0)


def _providers(case: Case) -> Sequence[str]:
    chosen = case.settings.providers
    return chosen if chosen is not None else list(case.template["env"]["providers"])


def _wanted(case: Case) -> variables.Wanted:
    env = case.template["env"]
    return variables.wanted(env, _providers(case), case.settings.env or env["mode"], case.port)


def _selected(case: Case, before: status.Before) -> placing.Selected:
    env, asked = case.template["env"], case.settings
    only = env["containers"] if asked.env_containers is None else asked.env_containers
    skip = env["skipContainers"] if asked.env_skip_containers is None else asked.env_skip_containers
    ports = {case.port, before.port or case.port}
    return placing.Selected(frozenset(only), frozenset(skip), env["initContainers"], variables.known(env, ports))


def _with_volumes(case: Case, spec: dict[str, Any], before: status.Before) -> tuple[dict[str, Any], list[str]]:
    """`spec` with our volumes and pull secrets, and the names of the volumes."""
    wanted = placing.named(case.template["volumes"], case.settings.config, case.settings.keys_secret)
    found, mine = placing.volumes(spec.get("volumes"), wanted, before)
    spec = {**spec, "volumes": found}
    if case.template["imagePullSecrets"]:
        secrets = placing.with_secrets(spec.get("imagePullSecrets"), case.template["imagePullSecrets"])
        spec["imagePullSecrets"] = secrets
    return spec, sorted(mine)


def _metadata(case: Case, text: str) -> dict[str, Any]:
    domain = case.template["domain"]
    labels = {**(case.metadata.get("labels") or {}), f"{domain}/injected": "true"}
    notes = {**(case.metadata.get("annotations") or {}), f"{domain}/status": text}
    if not case.native:
        # kubectl logs and exec would otherwise take the first container, which is ours.
        first = next(each["name"] for each in case.spec["containers"] if each["name"] != NAME)
        notes.setdefault(DEFAULT_CONTAINER, first)
    return {**case.metadata, "labels": labels, "annotations": notes}
