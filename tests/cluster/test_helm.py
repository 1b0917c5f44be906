"""A release from install to uninstall, by helm 3 and by helm 4, with its injectors at work all the time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.cluster.apiserver import ApiServer
from tests.cluster.client import PLURALS, Json
from tests.cluster.injectors import Injectors, deployed, injectors
from tests.cluster.load import creating
from tests.cluster.pods import container, pod, sidecar
from tests.cluster.releases import HelmFailed, Release, Values

HELMS = ("helm3", "helm4")
#: Kinds of the chart that the test has no CustomResourceDefinition for until it makes them.
OPERATOR = ("PodMonitor", "PrometheusRule", "CustomResourceDefinition")


class Installed(NamedTuple):
    release: Release
    domain: str
    values: Values
    running: Injectors


def fresh(api: ApiServer, helm: str, why: str) -> tuple[Release, str]:
    """A release in a namespace of its own, and a domain that no other has."""
    name = f"{why}-{helm}"
    api.make_namespace(name)
    return Release(api, name, f"outrider-{name}", helm), f"{name}.example"


@pytest.fixture(params=HELMS)
def installed(api: ApiServer, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installed]:
    helm: str = request.param
    release, domain = fresh(api, helm, f"life{time.monotonic_ns()}")
    values = {"injection.domain": domain, "injector.replicas": 1}
    release.install(values)
    with injectors(release, tmp_path) as running:
        yield Installed(release, domain, values, running)


def injected(made: Json) -> bool:
    return sidecar(made) is not None


def configured(release: Release) -> list[Json]:
    found: list[Json] = release.api.admin.get("MutatingWebhookConfiguration", release.injector).wanted()["webhooks"]
    return found


def of_release(release: Release) -> list[str]:
    """Everything in the API server that says it is of this release."""
    selector = f"app.kubernetes.io/instance={release.name}"
    kinds = [kind for kind in PLURALS if kind not in OPERATOR]
    return [
        f"{kind} {each['metadata']['name']}"
        for kind in kinds
        for each in release.api.admin.list(kind, labelSelector=selector)
    ]


def limit(installed: Installed, name: str) -> str:
    made = installed.release.api.admin.create(
        "Pod", pod(name, domain=installed.domain), "default", dryRun="All"
    ).wanted()
    found: str = container(made, "outrider")["resources"]["limits"]["memory"]
    return found


def test_upgrade_and_rollback_under_load_refuse_no_pod(installed: Installed) -> None:
    """Helm says nothing of the bundle that the injector wrote, so it stays."""
    release, api = installed.release, installed.release.api
    before = [each["clientConfig"]["caBundle"] for each in configured(release)]
    with creating(api.admin, api.namespace(), lambda name: pod(name, domain=installed.domain), injected) as told:
        release.upgrade(
            installed.values | {"sidecar.resources": {"requests": {"cpu": "25m"}, "limits": {"memory": "320Mi"}}}
        )
        installed.running.remount()
        api.eventually(lambda: limit(installed, "after"), lambda found: found == "320Mi")
        release.rollback(1)
        installed.running.remount()
        api.eventually(lambda: limit(installed, "back"), lambda found: found == "256Mi")
    assert told.failures == []
    assert len(told.seconds) > 10
    assert [each["clientConfig"]["caBundle"] for each in configured(release)] == before


def test_injectors_are_replaced_under_load_and_no_pod_is_refused(installed: Installed) -> None:
    """A rollout, twice: the new one is ready, the Service forgets the old one, and then that one is told to end."""
    api, running = installed.release.api, installed.running
    with creating(api.admin, api.namespace(), lambda name: pod(name, domain=installed.domain), injected) as told:
        for _ in range(2):
            old = next(each for each in running.replicas if each.process.poll() is None)
            running.start()
            running.endpoints.retire(old.port)
            assert old.end() == 0
    assert told.failures == []
    assert len(told.seconds) > 20


def test_uninstall_leaves_the_secret_and_nothing_else(installed: Installed) -> None:
    release, api = installed.release, installed.release.api
    assert len(of_release(release)) > 10
    release.uninstall()
    assert of_release(release) == [f"Secret {release.injector}-tls"]
    bare = api.eventually(
        lambda: api.admin.create("Pod", pod(domain=installed.domain), "default", dryRun="All"),
        lambda answer: answer.accepted,
    )
    assert sidecar(bare.body) is None


def test_installed_again_it_takes_up_the_certificates_it_had(installed: Installed, tmp_path: Path) -> None:
    release, api = installed.release, installed.release.api
    before = [each["clientConfig"]["caBundle"] for each in configured(release)]
    assert installed.running.replicas[0].end() == 0
    installed.running.endpoints.close()
    release.uninstall()
    release.install(installed.values)
    with injectors(release, tmp_path / "again"):
        assert [each["clientConfig"]["caBundle"] for each in configured(release)] == before
        assert sidecar(api.admin.create("Pod", pod(domain=installed.domain), api.namespace()).wanted()) is not None


def test_from_the_webhook_to_the_policy(installed: Installed) -> None:
    """The injector is gone with the upgrade, and pods are injected as before."""
    release, api = installed.release, installed.release.api
    release.upgrade(installed.values | {"injection.mode": "policy"})
    assert api.admin.get("MutatingWebhookConfiguration", release.injector).status == 404
    installed.running.close()
    made = api.eventually(
        lambda: api.admin.create("Pod", pod(domain=installed.domain), "default", dryRun="All"),
        lambda answer: answer.accepted and sidecar(answer.body) is not None,
    )
    assert '"mode":"policy"' in made.body["metadata"]["annotations"][f"{installed.domain}/status"]
    release.uninstall()
    assert not any("Policy" in each for each in of_release(release))


@pytest.mark.parametrize("helm", HELMS)
def test_a_second_release_for_the_same_labels_is_refused(api: ApiServer, helm: str) -> None:
    first, domain = fresh(api, helm, "first")
    second, _ = fresh(api, helm, "second")
    first.install({"injection.domain": domain})
    with pytest.raises(HelmFailed, match=f"injects for {domain} already"):
        second.install({"injection.domain": domain})
    first.uninstall()


@pytest.mark.parametrize("mode", ["webhook", "policy", "none"])
def test_every_object_is_as_the_api_server_has_it(api: ApiServer, mode: str, tmp_path: Path) -> None:
    """A field that the API server does not know would be dropped in silence: strict validation refuses it."""
    release, domain = fresh(api, "helm4", f"strict-{mode}")
    values: Values = {"injection.mode": mode, "injection.domain": domain, "networkPolicy.injector.enabled": True}
    values |= {"gateway.enabled": True, "gateway.tokens.secretName": "callers"}
    path = tmp_path / "rendered.yaml"
    path.write_text(release.template(values))
    done = api.kubectl(
        "create", "--dry-run=server", "--validate=strict", "--namespace", release.namespace, "--filename", str(path)
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def operator(api: ApiServer) -> None:
    """The kinds of the Prometheus operator, as it ships them."""
    for path in sorted((api.programs / "crds").glob("*.yaml")):
        done = api.kubectl("create", "--filename", str(path))
        assert done.returncode == 0, done.stderr
    api.eventually(
        lambda: [api.admin.request("GET", f"{PLURALS[kind][0]}/{PLURALS[kind][1]}").status for kind in OPERATOR[:2]],
        lambda statuses: statuses == [200, 200],
    )


def test_what_the_prometheus_operator_reads_is_as_its_kinds_have_it(api: ApiServer, operator: None) -> None:
    release, domain = fresh(api, "helm3", "monitored")
    enabled = {f"monitoring.{name}.enabled": True for name in ("podMonitor", "prometheusRule", "dashboard")}
    release.install({"injection.domain": domain} | enabled)
    (ours, injectors_own) = sorted(
        api.admin.list("PodMonitor", release.namespace), key=lambda each: len(each["metadata"]["name"])
    )
    assert ours["spec"]["selector"]["matchLabels"] == {f"{domain}/injected": "true"}
    assert ours["spec"]["podMetricsEndpoints"][0]["port"] == "llm-metrics"
    assert injectors_own["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"
    assert api.admin.list("PrometheusRule", release.namespace)
    release.uninstall()


def test_the_charts_own_pods_are_admitted_where_pod_security_is_restricted(installed: Installed) -> None:
    """The injector, with its priority and its account, and the pod of `helm test`, which asks for the sidecar."""
    release, api = installed.release, installed.release.api
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    api.admin.patch("Namespace", release.namespace, label).wanted()
    template = deployed(release)
    own = {"metadata": template["metadata"] | {"name": "injector"}, "spec": template["spec"]}
    made = api.eventually(
        lambda: api.admin.create("Pod", own, release.namespace, dryRun="All"), lambda answer: answer.accepted
    )
    assert sidecar(made.body) is None
    assert made.body["spec"]["priority"] > 0
    hooks = yaml.safe_load_all(release.run("get", "hooks", release.name))
    asked = next(each for each in hooks if each and each["kind"] == "Pod")
    assert sidecar(api.admin.create("Pod", asked, release.namespace, dryRun="All").wanted()) is not None


def test_with_the_library_alone_nothing_in_the_cluster_is_ours(api: ApiServer) -> None:
    release, domain = fresh(api, "helm3", "none")
    release.install({"injection.mode": "none", "injection.domain": domain})
    assert not any("Webhook" in each or "Mutating" in each or "Deployment" in each for each in of_release(release))
    release.uninstall()
