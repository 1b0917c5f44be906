"""Pods in manifests: where they are found, which ask, and what is told of each."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from proxy.injector.template import packaged
from proxy.injector.workloads import PODS, Asked, Told, asks, injected, kind_of
from tests.injector.golden import at, status_of
from tests.injector.pods import JSON

TEMPLATE = packaged()


def pod(label: str | None = "true", **metadata: Any) -> dict[str, Any]:
    labels = {} if label is None else {"outrider.dev/inject": label}
    return {"metadata": {"labels": labels, **metadata}, "spec": {"containers": [{"name": "app"}]}}


def wrapped(group: str, kind: str, inner: Any) -> dict[str, Any]:
    version = f"{group}/v1" if group else "v1"
    for name in reversed(PODS[group, kind]):
        inner = {name: inner}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, **inner}


def run(document: Any, asked: Asked = Asked()) -> tuple[Any, list[Told]]:  # noqa: B008
    told: list[Told] = []
    before = deepcopy(document)
    after = injected(document, TEMPLATE, asked, told.append)
    assert document == before
    return after, told


@pytest.mark.parametrize(("group", "kind"), PODS)
def test_each_kind(group: str, kind: str) -> None:
    inner = {**pod(), "metadata": {"name": "web", **pod()["metadata"]}} if not PODS[group, kind] else pod()
    after, [told] = run(wrapped(group, kind, inner))
    found = after
    for name in PODS[group, kind]:
        found = found[name]
    assert at(found, "spec.initContainers.*.name") == ["outrider"]
    assert at(found, "spec.initContainers.outrider.env.POD_WORKLOAD.value") == "web"
    assert status_of(found)["mode"] == "command"
    assert told.where == ", ".join(filter(None, [f"{kind} web", ".".join(PODS[group, kind])]))


@pytest.mark.parametrize(
    "document",
    [
        None,
        1,
        [],
        {},
        {"kind": "Deployment", "spec": {"template": pod()}},
        wrapped("", "Pod", pod("false")),
        {**wrapped("batch", "Job", pod()), "apiVersion": "batch.volcano.sh/v1alpha1"},
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}},
        {"apiVersion": "v1", "kind": "List", "items": [{"kind": "ConfigMap"}]},
        {"apiVersion": "v1", "kind": "List", "items": None},
    ],
)
def test_what_is_left_alone_is_the_same_object(document: Any) -> None:
    assert run(document)[0] is document


def test_lists_of_lists_up_to_a_depth() -> None:
    document: Any = wrapped("apps", "Deployment", pod())
    for _ in range(3):
        document = {"apiVersion": "v1", "kind": "List", "items": [{"kind": "x"}, document]}
    after, told = run(document)
    assert after != document
    assert after["items"][0] is document["items"][0]
    assert len(told) == 1
    for _ in range(9):
        document = {"apiVersion": "v1", "kind": "List", "items": [document]}
    assert run(document) == (document, [])


@pytest.mark.parametrize(
    ("label", "every", "asked"),
    [
        ("true", False, True),
        (None, False, False),
        ("false", False, False),
        ("yes", False, True),
        (None, True, True),
        ("false", True, False),
    ],
)
def test_who_asks(label: str | None, every: bool, asked: bool) -> None:
    assert asks(pod(label), "outrider.dev", every) is asked


def test_a_label_that_says_neither_is_told() -> None:
    _, [told] = run(wrapped("apps", "Deployment", pod("yes")))
    assert told.answer is not None
    assert told.answer.skipped == "the label outrider.dev/inject is 'yes'"


def test_the_namespace_is_the_objects_or_the_one_that_is_given() -> None:
    document = wrapped("apps", "Deployment", pod())
    after, _ = run(document, Asked(namespace="kube-system"))
    assert after is document
    document["metadata"]["namespace"] = "shop"
    assert run(document, Asked(namespace="kube-system"))[0] is not document


def test_what_stands_on_the_object_and_not_on_its_pod_is_told() -> None:
    document = wrapped("apps", "Deployment", pod(None))
    document["metadata"] |= {
        "labels": {"outrider.dev/inject": "true", "app": "x"},
        "annotations": {"outrider.dev/port": "1"},
    }
    _, [told] = run(document)
    assert told.answer is None
    assert told.notes == (
        "metadata.labels has outrider.dev/inject, which does nothing there: it belongs in spec.template.metadata.labels",
        "metadata.annotations has outrider.dev/port, which does nothing there: it belongs in spec.template.metadata.annotations",
    )


def test_the_version_decides() -> None:
    after, _ = run(wrapped("apps", "Deployment", pod()), Asked(server=(1, 30)))
    assert at(after, "spec.template.spec.containers.*.name") == ["outrider", "app"]


@pytest.mark.parametrize(("kind", "name"), [("Job", "report"), ("CronJob", "report-29340000")])
def test_a_job_is_called_what_its_pods_say(kind: str, name: str) -> None:
    """A CronJob's Job, saved: the webhook would call its pods by the CronJob."""
    template = {"template": pod()} if kind == "Job" else {"jobTemplate": {"spec": {"template": pod()}}}
    saved = {"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": "report-29340000"}, "spec": template}
    after, _ = run(saved)
    found = after["spec"] if kind == "Job" else after["spec"]["jobTemplate"]["spec"]
    assert at(found, "template.spec.initContainers.outrider.env.POD_WORKLOAD.value") == name


def test_kinds() -> None:
    assert kind_of({"apiVersion": "apps/v1", "kind": "Deployment"}) == ("apps", "Deployment")
    assert kind_of({"apiVersion": "v1", "kind": "Pod"}) == ("", "Pod")
    assert kind_of({"apiVersion": 1, "kind": []}) == ("", "[]")


@given(JSON)
def test_any_json_instead_of_a_pod(value: Any) -> None:
    document = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": value, "spec": {"template": value}}
    assert run(document, Asked(every=True))[0] is document or isinstance(value, dict)
