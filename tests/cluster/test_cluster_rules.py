"""What else a cluster does to a pod goes together with the sidecar: Pod Security, limits, quotas; and the injector's rights."""

from __future__ import annotations

import pytest

from tests.cluster.injectors import Injectors
from tests.cluster.pods import DOMAIN, POLICY_DOMAIN, container, pod, sidecar
from tests.cluster.releases import Release

RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def test_pod_security_restricted_accepts_the_sidecar(webhook: Injectors) -> None:
    api = webhook.release.api
    namespace = api.namespace(labels={"pod-security.kubernetes.io/enforce": "restricted"})
    made = api.admin.create(
        "Pod", pod(containers=[{"name": "app", "image": "a", "securityContext": RESTRICTED}]), namespace
    )
    assert sidecar(made.wanted()) is not None
    refused = api.admin.create("Pod", pod("other"), namespace)
    assert refused.status == 403
    assert 'container "app"' in refused.message
    assert '"outrider"' not in refused.message


def test_a_classic_sidecar_is_restricted_as_well(webhook: Injectors) -> None:
    api = webhook.release.api
    namespace = api.namespace(labels={"pod-security.kubernetes.io/enforce": "restricted"})
    asked = pod(
        annotations={"native": "never"}, containers=[{"name": "app", "image": "a", "securityContext": RESTRICTED}]
    )
    assert sidecar(api.admin.create("Pod", asked, namespace).wanted()) is not None


def test_a_limit_range_gives_the_application_its_defaults_and_leaves_ours(webhook: Injectors) -> None:
    api = webhook.release.api
    namespace = api.namespace()
    limits = {
        "type": "Container",
        "default": {"cpu": "1", "memory": "1Gi"},
        "defaultRequest": {"cpu": "50m", "memory": "64Mi"},
    }
    api.admin.create("LimitRange", {"metadata": {"name": "defaults"}, "spec": {"limits": [limits]}}, namespace).wanted()
    made = api.eventually(
        lambda: api.admin.create("Pod", pod(), namespace, dryRun="All").wanted(),
        lambda found: "limits" in container(found)["resources"],
    )
    assert container(made)["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}
    ours = container(made, "outrider")["resources"]
    assert ours["requests"] == {"cpu": "25m", "memory": "96Mi"}
    assert ours["limits"]["memory"] == "256Mi"


@pytest.mark.parametrize("domain", [DOMAIN, POLICY_DOMAIN])
def test_a_limit_range_with_a_maximum_accepts_the_sidecar(webhook: Injectors, policy: Release, domain: str) -> None:
    """Containers without a limit are refused there: ours has none for the processor, and takes the range's default."""
    api = webhook.release.api
    namespace = api.namespace()
    limits = {"type": "Container", "default": {"cpu": "1"}, "max": {"cpu": "2"}}
    api.admin.create("LimitRange", {"metadata": {"name": "most"}, "spec": {"limits": [limits]}}, namespace).wanted()
    made = api.eventually(
        lambda: api.admin.create("Pod", pod(domain=domain), namespace, dryRun="All").wanted(),
        lambda found: "limits" in container(found)["resources"],
    )
    assert container(made)["resources"]["limits"] == {"cpu": "1"}
    ours = container(made, "outrider")["resources"]
    assert ours["limits"] == {"cpu": "1", "memory": "256Mi"}
    assert ours["requests"] == {"cpu": "25m", "memory": "96Mi"}


def test_a_quota_counts_the_sidecar_and_accepts_it(webhook: Injectors) -> None:
    """A quota of memory refuses pods without requests and limits: ours has both."""
    api = webhook.release.api
    namespace = api.namespace()
    hard = {"limits.memory": "400Mi"}
    api.admin.create("ResourceQuota", {"metadata": {"name": "small"}, "spec": {"hard": hard}}, namespace).wanted()
    status = {"status": {"hard": hard, "used": {"limits.memory": "0"}}}
    path = f"api/v1/namespaces/{namespace}/resourcequotas/small/status"
    api.admin.request("PATCH", path, status, kind="application/merge-patch+json").wanted()
    api.eventually(
        lambda: api.admin.create("Pod", pod(), namespace, dryRun="All"), lambda found: "must specify" in found.message
    )
    app = {"name": "app", "image": "a", "resources": {"limits": {"memory": "100Mi"}}}
    assert sidecar(api.admin.create("Pod", pod("first", containers=[app]), namespace).wanted()) is not None
    over = api.admin.create("Pod", pod("second", containers=[app]), namespace)
    assert over.status == 403
    assert "requested: limits.memory=356Mi" in over.message


#: what the injector's account asks for -> whether the chart's roles allow it
RIGHTS = [
    ("get", "", "namespaces", "", "", True),
    ("list", "", "namespaces", "", "", False),
    ("get", "", "secrets", "outrider-system", "outrider-injector-tls", True),
    ("update", "", "secrets", "outrider-system", "outrider-injector-tls", True),
    ("delete", "", "secrets", "outrider-system", "outrider-injector-tls", False),
    ("get", "", "secrets", "outrider-system", "other", False),
    ("list", "", "secrets", "outrider-system", "", False),
    ("get", "", "secrets", "default", "outrider-injector-tls", False),
    ("get", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "", "outrider-injector", True),
    ("patch", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "", "outrider-injector", True),
    ("patch", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "", "other", False),
    ("create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "", "", False),
    ("create", "events.k8s.io", "events", "default", "", True),
    ("get", "", "pods", "default", "", False),
    ("create", "", "pods", "default", "", False),
    ("get", "", "configmaps", "outrider-system", "", False),
]


@pytest.mark.parametrize(("verb", "group", "resource", "namespace", "name", "allowed"), RIGHTS)
def test_the_injector_may_do_what_it_must_and_no_more(
    webhook: Injectors, verb: str, group: str, resource: str, namespace: str, name: str, allowed: bool
) -> None:
    release = webhook.release
    asked = {"verb": verb, "group": group, "resource": resource, "namespace": namespace, "name": name}
    review = {"user": f"system:serviceaccount:{release.namespace}:{release.injector}", "resourceAttributes": asked}
    path = "apis/authorization.k8s.io/v1/subjectaccessreviews"
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": review}
    assert release.api.admin.request("POST", path, body).wanted()["status"]["allowed"] is allowed


def test_the_injector_was_never_refused_a_right(webhook: Injectors) -> None:
    for replica in webhook.replicas:
        assert "forbidden" not in replica.log.lower()
        assert "Traceback" not in replica.log
