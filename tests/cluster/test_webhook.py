"""The webhook as the chart installs it: who gets a sidecar, what it looks like, who is left alone, who is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.injectors import Injectors
from tests.cluster.pods import ACCOUNT, DOMAIN, container, pod, sidecar, variables

#: the namespace's label, the pod's -> whether it is injected
TRUTH = [
    ("enabled", None, True),
    ("enabled", "false", False),
    ("enabled", "true", True),
    (None, "true", True),
    (None, None, False),
    (None, "false", False),
    ("disabled", None, False),
    ("disabled", "true", True),
    ("enabled", "yes", False),
    (None, "yes", False),
]
CONTAINER = {"name": "app", "image": "app:1"}
#: what a pod may have or lack -> its spec
SHAPES: dict[str, dict[str, Any]] = {
    "bare": {},
    "volumes": {"volumes": [{"name": "data", "emptyDir": {}}]},
    "a volume of our name": {"volumes": [{"name": "outrider-config", "emptyDir": {}}]},
    "env": {"containers": [CONTAINER | {"env": [{"name": "A", "value": "$(OPENAI_BASE_URL)"}]}]},
    "init": {"initContainers": [{"name": "setup", "image": "a"}, {"name": "more", "image": "a"}]},
    "a native sidecar": {"initContainers": [{"name": "other", "image": "a", "restartPolicy": "Always"}]},
    "a job": {"restartPolicy": "Never"},
    "two containers": {"containers": [CONTAINER, {"name": "other", "image": "b"}]},
    "ports": {"containers": [CONTAINER | {"ports": [{"containerPort": 8080, "name": "http"}]}]},
    "a service mesh": {"initContainers": [{"name": "istio-init", "image": "a"}, {"name": "setup", "image": "a"}]},
}


@pytest.mark.parametrize(("asked", "label", "injected"), TRUTH)
def test_labels_decide(webhook: Injectors, asked: str | None, label: str | None, injected: bool) -> None:
    api = webhook.release.api
    namespace = api.namespace(labels={f"{DOMAIN}/injection": asked} if asked else {})
    made = api.admin.create("Pod", pod(inject=label), namespace).wanted()
    assert (sidecar(made) is not None) is injected
    assert ("OPENAI_BASE_URL" in variables(made)) is injected


@pytest.mark.parametrize("shape", SHAPES)
def test_pods_of_every_shape_get_the_sidecar(webhook: Injectors, shape: str) -> None:
    api = webhook.release.api
    made = api.admin.create("Pod", pod(**SHAPES[shape]), api.namespace()).wanted()
    names = [each["name"] for each in made["spec"]["initContainers"]]
    assert names.index("outrider") == (1 if shape == "a service mesh" else 0)
    assert container(made, "outrider")["restartPolicy"] == "Always"
    assert variables(made)["OPENAI_BASE_URL"] == "http://127.0.0.1:11411/v1"
    assert made["metadata"]["labels"][f"{DOMAIN}/injected"] == "true"
    volumes = [each["name"] for each in made["spec"]["volumes"]]
    assert {"outrider-config", "outrider-keys", "outrider-noapi"} <= set(volumes)
    assert len(volumes) == len(set(volumes))


def test_the_sidecars_variables_are_before_the_pods_own(webhook: Injectors) -> None:
    """`$(NAME)` looks backwards only."""
    api = webhook.release.api
    made = api.admin.create("Pod", pod(**SHAPES["env"]), api.namespace()).wanted()
    assert list(variables(made))[-1] == "A"


def test_the_applications_token_is_kept_from_the_sidecar(webhook: Injectors) -> None:
    api = webhook.release.api
    made = api.admin.create("Pod", pod(initContainers=[{"name": "setup", "image": "a"}]), api.namespace()).wanted()
    volumes = {each["name"]: each for each in made["spec"]["volumes"]}
    mounted = {
        each["name"]: volumes[mount["name"]]
        for each in [*made["spec"]["initContainers"], *made["spec"]["containers"]]
        for mount in each["volumeMounts"]
        if mount["mountPath"] == ACCOUNT
    }
    assert mounted.keys() == {"outrider", "setup", "app"}
    assert "emptyDir" in mounted["outrider"]
    assert "projected" in mounted["app"]
    assert "projected" in mounted["setup"]


def test_system_namespaces_are_never_asked_about(webhook: Injectors) -> None:
    made = webhook.release.api.admin.create("Pod", pod(), "kube-system", dryRun="All").wanted()
    assert sidecar(made) is None


LEFT_ALONE: dict[str, dict[str, Any]] = {
    "the node's network": {"hostNetwork": True},
    "Windows": {"os": {"name": "windows"}},
    "Windows by its node": {"nodeSelector": {"kubernetes.io/os": "windows"}},
}


@pytest.mark.parametrize("why", LEFT_ALONE)
def test_pods_that_cannot_be_served_safely_are_left_alone(webhook: Injectors, why: str) -> None:
    api = webhook.release.api
    made = api.admin.create("Pod", pod(**LEFT_ALONE[why]), api.namespace()).wanted()
    assert sidecar(made) is None
    assert f"{DOMAIN}/injected" not in made["metadata"]["labels"]


def test_an_update_never_injects(webhook: Injectors) -> None:
    api = webhook.release.api
    namespace = api.namespace()
    api.admin.create("Pod", pod(inject=None), namespace).wanted()
    changed = api.admin.patch("Pod", "app", {"metadata": {"labels": {f"{DOMAIN}/inject": "true"}}}, namespace).wanted()
    assert sidecar(changed) is None


def test_a_dry_run_answers_the_same_and_leaves_nothing(webhook: Injectors) -> None:
    api = webhook.release.api
    namespace = api.namespace()
    tried = api.admin.create("Pod", pod(), namespace, dryRun="All").wanted()
    assert sidecar(tried) is not None
    assert api.admin.get("Pod", "app", namespace).status == 404
    assert sidecar(api.admin.create("Pod", pod(), namespace).wanted()) == sidecar(tried)


def test_warnings_reach_who_created_the_pod(webhook: Injectors) -> None:
    api = webhook.release.api
    answer = api.admin.create("Pod", pod(shareProcessNamespace=True), api.namespace())
    assert answer.accepted
    assert any("shareProcessNamespace" in warning for warning in answer.warnings)


def test_the_namespaces_annotations_are_defaults(webhook: Injectors) -> None:
    api = webhook.release.api
    namespace = api.namespace(annotations={f"{DOMAIN}/providers": "groq", f"{DOMAIN}/port": "12000"})
    made = api.admin.create("Pod", pod(annotations={"port": "13000"}), namespace).wanted()
    assert variables(made) == {"GROQ_BASE_URL": "http://127.0.0.1:13000", "GROQ_API_KEY": "sidecar-managed"}


def test_who_owns_a_pod_is_told_its_events(webhook: Injectors) -> None:
    api = webhook.release.api
    namespace = api.namespace()
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d9c", "uid": "7b1", "controller": True}
    asked = pod()
    asked["metadata"]["ownerReferences"] = [owner]
    api.admin.create("Pod", asked, namespace).wanted()
    refused = pod("other", annotations={"port": "no"})
    refused["metadata"]["ownerReferences"] = [owner]
    assert api.admin.create("Pod", refused, namespace).status == 422
    found = webhook.release.api.eventually(lambda: events(webhook, namespace), lambda told: len(told) > 1)
    assert {(each["reason"], each["involvedObject"]["name"]) for each in found} == {
        ("Injected", "web-5d9c"),
        ("InjectionRefused", "web-5d9c"),
    }


def events(webhook: Injectors, namespace: str) -> list[dict[str, Any]]:
    return webhook.release.api.admin.list("Event", namespace)
