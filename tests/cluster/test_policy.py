"""The policy, where it differs from a server: the truth table of labels, its refusals, what comes later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.injector.annotations import ANNOTATIONS
from tests.cluster.pods import ACCOUNT, POLICY_DOMAIN, comparable, container, pod, sidecar, variables
from tests.cluster.releases import Release
from tests.cluster.test_annotations import REFUSED, TABLE
from tests.cluster.test_parity import BEYOND_THE_POLICY
from tests.cluster.test_reinvocation import LATER, adds_a_container, registered
from tests.cluster.test_webhook import TRUTH
from tests.cluster.toys import toy


def beyond(name: str) -> bool:
    return any(each.endswith(f"/{name}") for each in BEYOND_THE_POLICY)


@pytest.mark.parametrize(("asked", "label", "injected"), TRUTH)
def test_labels_decide(policy: Release, asked: str | None, label: str | None, injected: bool) -> None:
    api = policy.api
    namespace = api.namespace(labels={f"{POLICY_DOMAIN}/injection": asked} if asked else {})
    made = api.admin.create("Pod", pod(inject=label, domain=POLICY_DOMAIN), namespace).wanted()
    assert (sidecar(made) is not None) is injected
    assert ("OPENAI_BASE_URL" in variables(made)) is injected


@pytest.mark.parametrize("name", [name for name in TABLE if not beyond(name)])
def test_a_bad_annotation_is_refused_in_the_injectors_words(policy: Release, name: str) -> None:
    api = policy.api
    refused = api.admin.create("Pod", pod(domain=POLICY_DOMAIN, annotations={name: TABLE[name][3]}), api.namespace())
    assert refused.status == 422, refused
    assert f"annotation {POLICY_DOMAIN}/{name}" in refused.message
    if name != "providers":
        assert f"is '{TABLE[name][3]}'; allowed: {ANNOTATIONS[name].allowed}" in refused.message


@pytest.mark.parametrize("name", [name for name in TABLE if beyond(name)])
def test_what_it_cannot_do_it_refuses(policy: Release, name: str) -> None:
    api = policy.api
    refused = api.admin.create("Pod", pod(domain=POLICY_DOMAIN, annotations={name: TABLE[name][0]}), api.namespace())
    assert refused.status == 422
    assert f"{POLICY_DOMAIN}/{name}: the policy cannot do this; injection.mode webhook can" in refused.message


@pytest.mark.parametrize("why", ["two equal ports", "a request above the limit", "an image"])
def test_what_cannot_be_is_refused(policy: Release, why: str) -> None:
    annotations, spec, words = REFUSED[why]
    api = policy.api
    refused = api.admin.create("Pod", pod(domain=POLICY_DOMAIN, annotations=annotations, **spec), api.namespace())
    assert refused.status == 422, refused
    assert (words if why != "an image" else "the policy cannot do this") in refused.message


@pytest.mark.parametrize("name", [name for name in TABLE if not beyond(name)])
def test_a_good_one_does_what_it_says(policy: Release, name: str) -> None:
    value, seen, expected, _ = TABLE[name]
    api = policy.api
    made = api.admin.create("Pod", pod(domain=POLICY_DOMAIN, annotations={name: value}), api.namespace()).wanted()
    assert seen(made) == expected


def test_a_container_that_comes_later_gets_its_variables(policy: Release, tmp_path: Path) -> None:
    """Policies come before webhooks, and once more after one that changed the pod."""
    api = policy.api
    namespace = api.namespace()
    with toy(adds_a_container, tmp_path) as served, registered(api, LATER, served, namespace):
        made = api.admin.create("Pod", pod(domain=POLICY_DOMAIN), namespace).wanted()
    assert [each["name"] for each in made["spec"]["containers"]] == ["app", "added"]
    assert variables(made, "added") == variables(made, "app")
    assert [each["name"] for each in made["spec"]["initContainers"]] == ["outrider"]


def test_a_pod_that_was_injected_comes_back_as_it_is(policy: Release) -> None:
    api = policy.api
    made = api.admin.create("Pod", pod(domain=POLICY_DOMAIN), api.namespace()).wanted()
    again = {
        "metadata": {key: made["metadata"][key] for key in ("name", "labels", "annotations")},
        "spec": made["spec"],
    }
    back = api.admin.create("Pod", again, api.namespace()).wanted()
    assert comparable(back) == comparable(made)


def test_the_token_is_kept_from_the_sidecar(policy: Release) -> None:
    api = policy.api
    made = api.admin.create("Pod", pod(domain=POLICY_DOMAIN), api.namespace()).wanted()
    mounts = {each["mountPath"]: each["name"] for each in container(made, "outrider")["volumeMounts"]}
    assert mounts[ACCOUNT] == "outrider-noapi"


def test_pod_security_restricted_accepts_the_sidecar(policy: Release) -> None:
    api = policy.api
    namespace = api.namespace(labels={"pod-security.kubernetes.io/enforce": "restricted"})
    refused = api.admin.create("Pod", pod(domain=POLICY_DOMAIN), namespace)
    assert refused.status == 403
    assert 'container "app"' in refused.message
    assert '"outrider"' not in refused.message


def test_without_the_injecting_half_nothing_starts_bare(policy: Release) -> None:
    """Somebody deletes the binding: the other policy sees pods that asked and got nothing."""
    api, name = policy.api, "outrider-policy-inject-pod"
    kept = api.admin.get("MutatingAdmissionPolicyBinding", name).wanted()
    api.admin.delete("MutatingAdmissionPolicyBinding", name).wanted()
    namespace = api.namespace()
    try:
        refused = api.eventually(
            lambda: api.admin.create("Pod", pod(domain=POLICY_DOMAIN), namespace, dryRun="All"),
            lambda answer: not answer.accepted,
        )
        assert "has none: is the MutatingAdmissionPolicy there?" in refused.message
    finally:
        del kept["metadata"]["resourceVersion"], kept["metadata"]["uid"]
        api.admin.create("MutatingAdmissionPolicyBinding", kept).wanted()
        api.eventually(
            lambda: api.admin.create("Pod", pod(domain=POLICY_DOMAIN), namespace, dryRun="All"),
            lambda answer: answer.accepted,
        )


@pytest.mark.parametrize(("containers", "each"), [(10, 100), (40, 40)])
def test_pods_that_are_large_stay_below_what_an_expression_may_cost(
    policy: Release, containers: int, each: int
) -> None:
    api = policy.api
    env = [{"name": f"A{number}", "value": "b"} for number in range(each)]
    listed: list[dict[str, Any]] = [{"name": f"app{number}", "image": "a", "env": env} for number in range(containers)]
    made = api.admin.create("Pod", pod(domain=POLICY_DOMAIN, containers=listed), api.namespace()).wanted()
    assert all("OPENAI_BASE_URL" in variables(made, one["name"]) for one in listed)
