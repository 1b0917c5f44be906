"""Two webhooks: what another one adds after ours gets its variables as well, and doing it twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.apiserver import ApiServer
from tests.cluster.client import Json
from tests.cluster.injectors import Injectors
from tests.cluster.pods import comparable, pod, variables
from tests.cluster.toys import Toy, answered, configuration, patched, toy

LATER = "zz-later"


@contextmanager
def registered(api: ApiServer, name: str, served: Toy, namespace: str) -> Iterator[None]:
    """In the API server, and known to it."""
    admin = api.admin
    admin.create("MutatingWebhookConfiguration", configuration(name, served, namespace)).wanted()
    try:
        probe = pod("probe", inject=None)
        api.eventually(
            lambda: admin.create("Pod", probe, namespace, dryRun="All"),
            lambda answer: bool(served.asked) and answer.accepted,
        )
        served.asked.clear()
        yield
    finally:
        admin.delete("MutatingWebhookConfiguration", name).wanted()


def adds_a_container(request: Json) -> tuple[int, bytes]:
    containers = request["object"]["spec"]["containers"]
    if any(each["name"] == "added" for each in containers):
        return answered(request)
    return patched(request, [{"op": "add", "path": "/spec/containers/-", "value": {"name": "added", "image": "b"}}])


def puts_a_mesh_first(request: Json) -> tuple[int, bytes]:
    listed = request["object"]["spec"].get("initContainers", [])
    if any(each["name"] == "istio-init" for each in listed):
        return answered(request)
    mesh: dict[str, Any] = {"name": "istio-init", "image": "mesh"}
    return patched(request, [{"op": "add", "path": "/spec/initContainers", "value": [mesh, *listed]}])


def test_a_container_that_comes_later_gets_its_variables(webhook: Injectors, tmp_path: Path) -> None:
    api = webhook.release.api
    namespace = api.namespace()
    with toy(adds_a_container, tmp_path) as served, registered(api, LATER, served, namespace):
        made = api.admin.create("Pod", pod(), namespace).wanted()
        assert len(served.asked) == 2, "ours changed the pod after it, so it is asked once more"
    assert [each["name"] for each in made["spec"]["containers"]] == ["app", "added"]
    assert variables(made, "added") == variables(made, "app")
    assert [each["name"] for each in made["spec"]["initContainers"]] == ["outrider"]


def test_a_mesh_that_comes_later_stands_before_the_sidecar(webhook: Injectors, tmp_path: Path) -> None:
    api = webhook.release.api
    namespace = api.namespace()
    with toy(puts_a_mesh_first, tmp_path) as served, registered(api, LATER, served, namespace):
        made = api.admin.create("Pod", pod(), namespace).wanted()
    assert [each["name"] for each in made["spec"]["initContainers"]] == ["istio-init", "outrider"]


@pytest.mark.parametrize("name", ["aa-earlier", LATER])
def test_another_webhook_that_changes_nothing_changes_nothing(webhook: Injectors, tmp_path: Path, name: str) -> None:
    api = webhook.release.api
    namespace = api.namespace()
    alone = api.admin.create("Pod", pod(), namespace, dryRun="All").wanted()
    with toy(answered, tmp_path) as served, registered(api, name, served, namespace):
        made = api.admin.create("Pod", pod(), namespace).wanted()
    assert comparable(made) == comparable(alone)
    assert made["metadata"]["annotations"] == alone["metadata"]["annotations"]


def test_a_pod_that_was_injected_comes_back_as_it_is(webhook: Injectors) -> None:
    """As from a backup, or from `kubectl get -o yaml`."""
    api = webhook.release.api
    made = api.admin.create("Pod", pod(), api.namespace()).wanted()
    again = {
        "metadata": {key: made["metadata"][key] for key in ("name", "labels", "annotations")},
        "spec": made["spec"],
    }
    back = api.admin.create("Pod", again, api.namespace()).wanted()
    assert comparable(back) == comparable(made)
    assert back["metadata"]["annotations"] == made["metadata"]["annotations"]
