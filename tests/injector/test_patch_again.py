"""The same pod again: after another webhook, from a backup, from a manifest that has changed since."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from proxy.injector.patch import patch
from proxy.injector.template import packaged
from tests.injector.golden import status_of

TEMPLATE = packaged()


def test_an_annotation_that_has_changed_since_is_followed() -> None:
    """The same manifest, injected again with another port: what was ours is written anew."""
    pod: dict[str, Any] = {
        "metadata": {"annotations": {}},
        "spec": {"containers": [{"name": "app", "env": [{"name": "A", "value": "1"}]}]},
    }
    once = patch(pod, TEMPLATE).pod
    once["metadata"]["annotations"] |= {"outrider.dev/port": "9000", "outrider.dev/providers": "anthropic"}
    names = [(item["name"], item["value"]) for item in patch(once, TEMPLATE).pod["spec"]["containers"][0]["env"]]
    assert names == [
        ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9000"),
        ("ANTHROPIC_API_KEY", "sidecar-managed"),
        ("A", "1"),
    ]


def test_a_variable_that_somebody_changed_after_us_is_theirs() -> None:
    pod: dict[str, Any] = {"spec": {"containers": [{"name": "app"}]}}
    once = deepcopy(patch(pod, TEMPLATE).pod)
    env = once["spec"]["containers"][0]["env"]
    next(item for item in env if item["name"] == "OPENAI_BASE_URL")["value"] = "https://theirs.example/v1"
    again = patch(once, TEMPLATE).pod["spec"]["containers"][0]["env"]
    assert {"name": "OPENAI_BASE_URL", "value": "https://theirs.example/v1"} in again
    assert "OPENAI_API_BASE" not in {item["name"] for item in again}


def test_what_an_earlier_template_had_goes() -> None:
    """A volume that is wanted no more, and a container that becomes an ordinary one."""
    more = {**TEMPLATE, "volumes": [*TEMPLATE["volumes"], {"name": "outrider-ca", "configMap": {"name": "ca"}}]}
    once = patch({"spec": {"containers": [{"name": "app"}]}}, more).pod
    assert [each["name"] for each in once["spec"]["volumes"]][-1] == "outrider-ca"
    again = patch(once, {**TEMPLATE, "native": "never"}).pod
    assert [each["name"] for each in again["spec"]["volumes"]] == ["outrider-config", "outrider-keys", "outrider-noapi"]
    assert [each["name"] for each in again["spec"]["containers"]] == ["outrider", "app"]
    assert again["spec"]["initContainers"] == []


def test_what_was_laid_over_stays_when_the_pod_comes_again() -> None:
    own = {
        "name": "outrider",
        "image": "auto",
        "resources": {"limits": {"memory": "1Gi"}},
        "env": [{"name": "A", "value": "sk-canary"}, {"name": "POD_IPS", "value": "x"}],
    }
    once = patch({"spec": {"containers": [{"name": "app"}, own]}}, TEMPLATE).pod
    again = patch(once, {**TEMPLATE, "chart": "outrider-9.9.9"}).pod
    assert again["spec"] == once["spec"]
    assert {"name": "A", "value": "sk-canary"} in again["spec"]["initContainers"][0]["env"]


def test_the_status_holds_no_value_of_a_variable() -> None:
    """Collectors of logs write a pod's annotations beside each of its lines."""
    source = {"secretKeyRef": {"name": "s", "key": "k"}}
    own = {
        "name": "outrider",
        "image": "auto",
        "env": [{"name": "A", "value": "sk-canary"}, {"name": "B", "valueFrom": source}],
    }
    pod = patch({"spec": {"containers": [{"name": "app"}, own]}}, TEMPLATE).pod
    assert "canary" not in json.dumps(pod["metadata"])
    assert status_of(pod)["overlay"] == {"env": [{"name": "A"}, {"name": "B"}]}


def test_what_others_changed_in_our_container_stays() -> None:
    """A LimitRange fills in limits after us, and a mirror of images or a proxy's webhook changes what it finds."""
    once = patch({"spec": {"containers": [{"name": "app"}]}}, TEMPLATE).pod
    changed = deepcopy(once)
    ours = changed["spec"]["initContainers"][0]
    ours["resources"]["limits"]["cpu"] = "1"
    ours["image"] = "mirror.example/outrider:1"
    ours["env"].append({"name": "THEIRS", "value": "1"})
    answer = patch(changed, TEMPLATE)
    assert answer.operations == []
    assert answer.pod["spec"]["initContainers"] == [ours]


def test_a_container_made_from_something_else_is_made_anew() -> None:
    once = patch({"spec": {"containers": [{"name": "app"}]}}, TEMPLATE).pod
    changed = deepcopy(once)
    changed["spec"]["initContainers"][0]["resources"]["limits"]["cpu"] = "1"
    changed["metadata"]["annotations"]["outrider.dev/memory-limit"] = "512Mi"
    [ours] = patch(changed, TEMPLATE).pod["spec"]["initContainers"]
    assert ours["resources"]["limits"] == {"memory": "512Mi"}


def test_a_container_of_the_users_is_not_taken_for_ours_by_a_copied_status() -> None:
    once = patch({"spec": {"containers": [{"name": "app"}]}}, TEMPLATE).pod
    copied = deepcopy(once)
    copied["spec"]["initContainers"] = [{"name": "outrider", "image": "auto"}]
    assert patch(copied, TEMPLATE).pod["spec"] == once["spec"]


def test_a_damaged_overlay_in_the_status_counts_as_none() -> None:
    labels, status = (
        {"outrider.dev/injected": "true"},
        {"overlay": {"env": [{"value": 1}]}, "env": [], "volumes": {}, "port": "x"},
    )
    notes = {"outrider.dev/status": json.dumps(status)}
    pod = {"metadata": {"labels": labels, "annotations": notes}, "spec": {"containers": [{"name": "app"}]}}
    assert [each["name"] for each in patch(pod, TEMPLATE).pod["spec"]["initContainers"]] == ["outrider"]


def test_two_containers_of_one_name_get_the_same_when_the_pod_comes_again() -> None:
    """The API server refuses them, but only when everybody has looked at them."""
    own = {"name": "app", "env": [{"name": "GEMINI_API_KEY", "value": "k"}]}
    once = patch({"spec": {"initContainers": [{"name": "app"}], "containers": [own]}}, TEMPLATE).pod
    assert patch(once, TEMPLATE).operations == []
