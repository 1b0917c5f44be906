"""The injector is down, slow, or lies: pods that asked are refused, in words that say why, and nothing else notices."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.injector.certificates import Pair
from tests.cluster.apiserver import ApiServer
from tests.cluster.client import Json
from tests.cluster.injectors import Injectors, injectors
from tests.cluster.pods import pod, sidecar
from tests.cluster.releases import Release
from tests.cluster.toys import Behaviour, answered, patched, toy

FAILING, LENIENT = "failing.example", "lenient.example"


@pytest.fixture(scope="module")
def failing(api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Injectors]:
    """A release of its own, for its injectors are made to fail; they are given a second to answer."""
    api.make_namespace("failing")
    release = Release(api, "failing", "outrider-failing")
    release.install({"injection.domain": FAILING, "injector.timeoutSeconds": 1})
    with injectors(release, tmp_path_factory.mktemp("failing")) as running:
        yield running


@pytest.fixture
def none_running(failing: Injectors) -> Iterator[Injectors]:
    replica = failing.replicas[0]
    failing.endpoints.remove(replica.port)
    try:
        yield failing
    finally:
        failing.endpoints.add(replica.port)


def test_while_it_is_down_only_pods_that_asked_are_refused(none_running: Injectors) -> None:
    api = none_running.release.api
    namespace = api.namespace(labels={f"{FAILING}/injection": "enabled"})
    asked = api.admin.create("Pod", pod("asked", domain=FAILING), namespace)
    assert asked.status == 500
    assert "failed calling webhook" in asked.message
    assert api.admin.create("Pod", pod("silent", inject=None), namespace).status == 500
    assert (
        sidecar(api.admin.create("Pod", pod("opted-out", inject="false", domain=FAILING), namespace).wanted()) is None
    )
    assert sidecar(api.admin.create("Pod", pod("other", inject=None), api.namespace()).wanted()) is None
    assert api.admin.create("Pod", pod("system", domain=FAILING), "kube-system", dryRun="All").accepted


def test_when_it_is_back_they_are_accepted_at_once(failing: Injectors) -> None:
    api = failing.release.api
    assert sidecar(api.admin.create("Pod", pod(domain=FAILING), api.namespace()).wanted()) is not None


def test_a_slow_one_is_not_waited_for_longer_than_the_chart_says(failing: Injectors) -> None:
    api = failing.release.api
    failing.endpoints.remove(failing.replicas[0].port)
    failing.endpoints.pause = 3.0
    failing.endpoints.add(failing.replicas[0].port)
    try:
        refused = api.admin.create("Pod", pod(domain=FAILING), api.namespace())
    finally:
        failing.endpoints.pause = 0.0
    assert refused.status == 500
    assert "deadline exceeded" in refused.message or "Timeout" in refused.message


LIES: dict[str, Behaviour] = {
    "an error": lambda request: (500, b"no"),
    "no JSON": lambda request: (200, b"<html>"),
    "another's answer": lambda request: answered(request, uid="another"),
    "a patch that does not fit": lambda request: patched(request, [{"op": "remove", "path": "/spec/nothing"}]),
    "a patch that makes no pod": lambda request: patched(
        request, [{"op": "replace", "path": "/spec/containers", "value": []}]
    ),
    "no patch type": lambda request: answered(request, patch=base64.b64encode(b"[]").decode()),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_makes_no_pod(none_running: Injectors, tmp_path: Path, lie: str) -> None:
    """Told with the injector's own certificate, so that the API server listens."""
    api, release = none_running.release.api, none_running.release
    namespace = api.namespace()
    with toy(
        LIES[lie], tmp_path, leaf_of(api.admin.get("Secret", f"{release.injector}-tls", release.namespace).wanted())
    ) as liar:
        none_running.endpoints.add(liar.port)
        try:
            refused = api.admin.create("Pod", pod(domain=FAILING), namespace)
        finally:
            none_running.endpoints.remove(liar.port)
        assert liar.asked
    assert refused.status in (400, 422, 500), refused
    assert api.admin.list("Pod", namespace) == []


def test_a_stranger_is_not_believed(none_running: Injectors, tmp_path: Path) -> None:
    """It sits at the Service's address with a certificate of its own."""
    api = none_running.release.api
    with toy(answered, tmp_path) as stranger:
        none_running.endpoints.add(stranger.port)
        try:
            refused = api.admin.create("Pod", pod(domain=FAILING), api.namespace())
        finally:
            none_running.endpoints.remove(stranger.port)
    assert refused.status == 500
    assert "certificate" in refused.message
    assert stranger.asked == []


def test_with_ignore_pods_start_without_the_sidecar(api: ApiServer) -> None:
    api.make_namespace("lenient")
    release = Release(api, "lenient", "outrider-lenient")
    release.install({"injection.domain": LENIENT, "injector.failurePolicy": {"pod": "Ignore", "namespace": "Ignore"}})
    assert sidecar(api.admin.create("Pod", pod(domain=LENIENT), api.namespace()).wanted()) is None
    release.uninstall()


def leaf_of(secret: Json) -> Pair:
    return Pair(base64.b64decode(secret["data"]["tls.crt"]), base64.b64decode(secret["data"]["tls.key"]))
