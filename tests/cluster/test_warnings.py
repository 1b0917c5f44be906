"""What is said at `kubectl apply`: the Warning headers of objects that would start pods without what their author expects."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.injector.annotations import ANNOTATIONS
from tests.cluster.apiserver import ApiServer
from tests.cluster.client import Answer, Json
from tests.cluster.injectors import Injectors
from tests.cluster.pods import DOMAIN
from tests.cluster.test_annotations import TABLE

GOOD = {f"{DOMAIN}/inject": "true"}


def template(labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, **spec: Any) -> Json:
    metadata = {"labels": {"app": "web"} | (labels or {}), "annotations": annotations or {}}
    return {"metadata": metadata, "spec": {"containers": [{"name": "app", "image": "a"}]} | spec}


def workload(kind: str, inner: Json, labels: Json | None = None, annotations: Json | None = None) -> Json:
    metadata = {"name": "web", "labels": labels or {}, "annotations": annotations or {}}
    selector = {"matchLabels": {"app": "web"}}
    once = inner | {"spec": inner["spec"] | {"restartPolicy": "Never"}}
    specs: dict[str, Json] = {
        "Deployment": {"selector": selector, "template": inner},
        "StatefulSet": {"selector": selector, "template": inner, "serviceName": "web"},
        "DaemonSet": {"selector": selector, "template": inner},
        "Job": {"template": once},
        "CronJob": {"schedule": "@daily", "jobTemplate": {"spec": {"template": once}}},
    }
    return {"metadata": metadata, "spec": specs[kind]}


def tried(api: ApiServer, kind: str, thing: Json, namespace: str) -> Answer:
    return api.admin.create(kind, thing, namespace, dryRun="All")


KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")


@pytest.fixture(scope="module")
def cluster(webhook: Injectors) -> ApiServer:
    """With the policy in force: it warns of what it must warn of."""
    api = webhook.release.api
    wrong = workload("Deployment", template(GOOD | {f"{DOMAIN}/x": "y"}))
    namespace = api.namespace()
    api.eventually(lambda: tried(api, "Deployment", wrong, namespace), lambda answer: bool(answer.warnings))
    return api


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_said_where_nothing_is_wrong(cluster: ApiServer, kind: str) -> None:
    good = workload(kind, template(GOOD, {f"{DOMAIN}/port": "12000"}))
    for each in (good, workload(kind, template())):
        answer = tried(cluster, kind, each, cluster.namespace())
        assert (answer.status, answer.warnings) == (201, [])


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_on_the_wrong_object(cluster: ApiServer, kind: str) -> None:
    answer = tried(cluster, kind, workload(kind, template(), GOOD), cluster.namespace())
    assert answer.accepted
    (warning,) = answer.warnings
    assert f"the label {DOMAIN}/inject is on the {kind} and not on its pod template" in warning


def test_an_annotation_on_the_wrong_object(cluster: ApiServer) -> None:
    answer = tried(
        cluster,
        "Deployment",
        workload("Deployment", template(GOOD), None, {f"{DOMAIN}/port": "12000"}),
        cluster.namespace(),
    )
    (warning,) = answer.warnings
    assert f"{DOMAIN}/port is on the Deployment and not on its pod template" in warning


#: labels and annotations of a pod template, without the domain -> words of the one warning
SLIPS: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "a label that is not true": ({"inject": "yes"}, {}, f"the label {DOMAIN}/inject is 'yes'; allowed: true, false"),
    "the namespace's label": (
        {"inject": "true", "injection": "enabled"},
        {},
        f"the label {DOMAIN}/injection is not known on a pod",
    ),
    "a misspelt annotation": (
        {"inject": "true"},
        {"prot": "1"},
        f"the annotation {DOMAIN}/prot is not known; allowed: ",
    ),
    "a label as an annotation": ({}, {"inject": "true"}, f"the annotation {DOMAIN}/inject is not known"),
    "a bad value": ({"inject": "true"}, {"port": "http"}, f"annotation {DOMAIN}/port is 'http'; allowed: a port"),
    "a bad quantity": (
        {"inject": "true"},
        {"cpu-limit": "fast"},
        f"annotation {DOMAIN}/cpu-limit is 'fast'; allowed: a quantity",
    ),
    "nothing asks": ({}, {"port": "12000"}, "nothing asks for the sidecar"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_slips(cluster: ApiServer, slip: str) -> None:
    labels, annotations, words = SLIPS[slip]
    inner = template(
        {f"{DOMAIN}/{name}": value for name, value in labels.items()},
        {f"{DOMAIN}/{name}": value for name, value in annotations.items()},
    )
    answer = tried(cluster, "Deployment", workload("Deployment", inner), cluster.namespace())
    assert answer.accepted
    (warning,) = answer.warnings
    assert words in warning


@pytest.mark.parametrize("name", TABLE)
def test_a_bad_value_of_each_annotation(cluster: ApiServer, name: str) -> None:
    """In the injector's words. Which providers there are, the injector tells when the pod comes."""
    bad = TABLE[name][3] if name != "providers" else "Open AI"
    inner = template(GOOD, {f"{DOMAIN}/{name}": bad})
    (warning,) = tried(cluster, "Deployment", workload("Deployment", inner), cluster.namespace()).warnings
    assert f"annotation {DOMAIN}/{name} " in warning
    assert f"; allowed: {ANNOTATIONS[name].allowed}" in warning
    good = tried(
        cluster, "Deployment", workload("Deployment", template(GOOD, {f"{DOMAIN}/{name}": TABLE[name][0]})), "default"
    )
    assert good.warnings == []


def test_a_value_that_may_hold_a_key_is_not_repeated(cluster: ApiServer) -> None:
    inner = template(GOOD, {f"{DOMAIN}/extra-env": "KEY=sk-canary"})
    (warning,) = tried(cluster, "Deployment", workload("Deployment", inner), cluster.namespace()).warnings
    assert f"{DOMAIN}/extra-env" in warning
    assert "canary" not in warning


def test_the_nodes_network(cluster: ApiServer) -> None:
    (warning,) = tried(
        cluster, "Deployment", workload("Deployment", template(GOOD, hostNetwork=True)), cluster.namespace()
    ).warnings
    assert "hostNetwork gets no sidecar" in warning


def test_a_system_namespace(cluster: ApiServer) -> None:
    (warning,) = tried(cluster, "Deployment", workload("Deployment", template(GOOD)), "kube-system").warnings
    assert "kube-system get no sidecar" in warning


def test_a_namespace_that_asks_makes_the_pods_label_unnecessary(cluster: ApiServer) -> None:
    namespace = cluster.namespace(labels={f"{DOMAIN}/injection": "enabled"})
    inner = template(None, {f"{DOMAIN}/port": "12000"})
    assert tried(cluster, "Deployment", workload("Deployment", inner), namespace).warnings == []


NAMESPACES = {
    "a word that is not known": ({"injection": "true"}, {}, "is 'true'; allowed: enabled, disabled"),
    "the pods' label": ({"inject": "true"}, {}, "a namespace asks with"),
    "a misspelt default": ({"injection": "enabled"}, {"provider": "openai"}, f"{DOMAIN}/provider is not known"),
    "a bad default": ({"injection": "enabled"}, {"port": "x"}, f"annotation {DOMAIN}/port is 'x'"),
}


@pytest.mark.parametrize("slip", NAMESPACES)
def test_namespaces(cluster: ApiServer, slip: str) -> None:
    labels, annotations, words = NAMESPACES[slip]
    metadata = {
        "name": "of-a-slip",
        "labels": {f"{DOMAIN}/{name}": value for name, value in labels.items()},
        "annotations": {f"{DOMAIN}/{name}": value for name, value in annotations.items()},
    }
    answer = cluster.admin.create("Namespace", {"metadata": metadata}, dryRun="All")
    assert answer.accepted
    (warning,) = answer.warnings
    assert words in warning
