"""The chart's gateway on a real API server: every object is taken, its pod is restricted and gets no token, and nothing stays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.apiserver import ApiServer
from tests.cluster.releases import HelmFailed, Release

RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
NAME = "outrider-gateway"
VALUES: dict[str, Any] = {
    "injection.mode": "none",
    "warnPolicy.enabled": False,
    "gateway.enabled": True,
    "gateway.tokens.secretName": "callers",
    "gateway.tls.secretName": "gateway-tls",
    "gateway.tls.clientCA.secretName": "callers-ca",
    "gateway.redis": {"address": "redis://redis.llm:6379/0", "passwordSecret": "redis-auth"},
    "gateway.autoscaling.enabled": True,
    "gateway.networkPolicy.enabled": True,
    "gateway.config": {"limits": [{"header": "x-outrider-caller", "requests": 60, "shared": True}]},
}
#: What it is made of, as paths of the API beneath the namespace.
MADE = (
    "apis/apps/v1/{}/deployments",
    "apis/autoscaling/v2/{}/horizontalpodautoscalers",
    "apis/networking.k8s.io/v1/{}/networkpolicies",
    "apis/policy/v1/{}/poddisruptionbudgets",
    "api/v1/{}/configmaps",
    "api/v1/{}/services",
    "api/v1/{}/serviceaccounts",
)


def look(api: ApiServer, path: str, namespace: str) -> int:
    return api.admin.request("GET", f"{path.format(f'namespaces/{namespace}')}/{NAME}").status


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
def test_it_is_installed_changed_and_gone(helm: str, api: ApiServer) -> None:
    namespace = api.namespace("gateway", RESTRICTED)
    release = Release(api, namespace, helm=helm)
    release.install(VALUES)
    assert [look(api, path, namespace) for path in MADE] == [200] * len(MADE)
    before = api.admin.get("Deployment", NAME, namespace).wanted()
    release.upgrade(VALUES | {"gateway.config": {"unsupported": "drop"}})
    after = api.admin.get("Deployment", NAME, namespace).wanted()
    assert before["spec"]["template"] == after["spec"]["template"], "what is read anew starts nothing anew"
    release.upgrade(VALUES | {"gateway.tokens.secretName": ""})
    assert api.admin.get("Deployment", NAME, namespace).wanted()["spec"]["template"] != after["spec"]["template"]
    release.uninstall()
    assert [look(api, path, namespace) for path in MADE] == [404] * len(MADE)


def test_its_pod_is_restricted_and_has_no_token(api: ApiServer) -> None:
    namespace = api.namespace("gateway", RESTRICTED)
    release = Release(api, namespace)
    release.install(VALUES)
    template = api.admin.get("Deployment", NAME, namespace).wanted()["spec"]["template"]
    metadata = {"name": "one", "labels": template["metadata"]["labels"]}
    answer = api.admin.create("Pod", {"metadata": metadata, "spec": template["spec"]}, namespace)
    made = answer.wanted()
    assert answer.warnings == []
    mounts = [mount["mountPath"] for mount in made["spec"]["containers"][0]["volumeMounts"]]
    assert "/var/run/secrets/kubernetes.io/serviceaccount" not in mounts
    assert not [volume for volume in made["spec"]["volumes"] if "projected" in volume]
    release.uninstall()


def test_one_that_is_open_to_all_is_refused(api: ApiServer) -> None:
    namespace = api.namespace("gateway")
    with pytest.raises(HelmFailed, match=r"set gateway\.tokens\.secretName or gateway\.tls\.clientCA\.secretName"):
        Release(api, namespace).install({"injection.mode": "none", "gateway.enabled": True})
