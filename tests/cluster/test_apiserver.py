"""The API server itself: what the other tests rely on is there."""

from __future__ import annotations

from tests.cluster.apiserver import ApiServer

POD = {"metadata": {"name": "app"}, "spec": {"containers": [{"name": "app", "image": "app"}]}}


def test_the_version_is_told(api: ApiServer) -> None:
    version = api.admin.request("GET", "version").wanted()
    assert (version["major"], version["minor"]) == ("1", "36")


def test_a_pod_gets_the_token_of_its_account(api: ApiServer) -> None:
    pod = api.admin.create("Pod", POD, api.namespace()).wanted()
    mounts = pod["spec"]["containers"][0]["volumeMounts"]
    assert [mount["mountPath"] for mount in mounts] == ["/var/run/secrets/kubernetes.io/serviceaccount"]


def test_an_account_may_do_what_its_roles_say_and_no_more(api: ApiServer) -> None:
    refused = api.client("default", api.namespace()).get("Secret", "any", "kube-system")
    assert (refused.status, refused.body["reason"]) == (403, "Forbidden")


def test_pod_security_is_enforced(api: ApiServer) -> None:
    namespace = api.namespace("strict", {"pod-security.kubernetes.io/enforce": "restricted"})
    refused = api.admin.create("Pod", POD, namespace)
    assert refused.status == 403
    assert "violates PodSecurity" in refused.message
