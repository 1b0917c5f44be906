"""Every annotation, good and bad, through the API server: what a good one changes, and how a bad one is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from proxy.injector.annotations import ANNOTATIONS
from tests.cluster.client import Json
from tests.cluster.injectors import Injectors
from tests.cluster.pods import DOMAIN, comparable, container, pod, variables

Seen = Callable[[Json], object]


def volume(made: Json, name: str) -> Json:
    found: Json = next(each for each in made["spec"]["volumes"] if each["name"] == name)
    return found


def resources(kind: str, of: str) -> Seen:
    return lambda made: container(made, "outrider")["resources"][kind][of]


def own(name: str) -> Seen:
    return lambda made: variables(made, "outrider").get(name)


def ports(made: Json) -> object:
    return [(each["name"], each["containerPort"]) for each in container(made, "outrider")["ports"]]


#: annotation -> a good value, what to look at, what is seen; and a bad value
TABLE: dict[str, tuple[str, Seen, object, str]] = {
    "config": ("mine", lambda made: volume(made, "outrider-config")["configMap"]["name"], "mine", "Not_A_Name"),
    "keys-secret": ("mine", lambda made: volume(made, "outrider-keys")["secret"]["secretName"], "mine", "-mine"),
    "providers": ("ollama", lambda made: sorted(variables(made)), ["OLLAMA_BASE_URL", "OLLAMA_HOST"], "openia"),
    "port": ("12000", own("OUTRIDER_PORT"), "12000", "80"),
    "ops-port": ("12001", ports, [("llm-metrics", 12001)], "seventy"),
    "env": ("off", variables, {}, "sometimes"),
    "env-containers": ("app", lambda made: "OPENAI_BASE_URL" in variables(made), True, "App,"),
    "env-skip-containers": ("app", variables, {}, "a b"),
    "native": ("always", lambda made: made["spec"]["initContainers"][0]["name"], "outrider", "maybe"),
    "cpu-request": ("100m", resources("requests", "cpu"), "100m", "-1"),
    "cpu-limit": ("2", resources("limits", "cpu"), "2", "0"),
    "memory-request": ("128Mi", resources("requests", "memory"), "128Mi", "128 Mi"),
    "memory-limit": ("512Mi", resources("limits", "memory"), "512Mi", "much"),
    "log-level": ("debug", own("OUTRIDER_LOG_LEVEL"), "debug", "verbose"),
    "extra-env": ('[{"name": "A", "value": "b"}]', own("A"), "b", "A=b"),
    "termination-grace-period-seconds": ("90", lambda made: made["spec"]["terminationGracePeriodSeconds"], 90, "soon"),
    "metrics": ("false", ports, [("outrider-ops", 11412)], "no"),
    "allow-classic-job": ("true", lambda made: made["spec"]["initContainers"][0]["name"], "outrider", "1"),
    "allow-host-network": ("true", lambda made: made["spec"]["initContainers"][0]["name"], "outrider", "1"),
}


def test_every_annotation_is_in_the_table() -> None:
    """`image` is not: the chart's default allows no such thing, which has its own test."""
    assert TABLE.keys() | {"image"} == ANNOTATIONS.keys()


@pytest.mark.parametrize("name", TABLE)
def test_a_good_one_does_what_it_says(webhook: Injectors, name: str) -> None:
    value, seen, expected, _ = TABLE[name]
    api = webhook.release.api
    made = api.admin.create("Pod", pod(annotations={name: value}), api.namespace()).wanted()
    assert seen(made) == expected


@pytest.mark.parametrize("name", TABLE)
def test_a_bad_one_is_refused_with_its_name_its_value_and_what_is_allowed(webhook: Injectors, name: str) -> None:
    bad = TABLE[name][3]
    api = webhook.release.api
    namespace = api.namespace()
    refused = api.admin.create("Pod", pod(annotations={name: bad}), namespace)
    assert refused.status == 422, refused
    assert f"{DOMAIN}/{name}" in refused.message
    assert "allowed:" in refused.message
    assert (bad in refused.message) is ANNOTATIONS[name].quoted
    assert api.admin.get("Pod", "app", namespace).status == 404


REFUSED: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "an unknown one": ({"prot": "1"}, {}, "did you mean port?"),
    "an image": ({"image": "other:1"}, {}, "injection.allowImageOverride is false"),
    "two equal ports": ({"port": "11412"}, {}, "two different ports"),
    "a port that is taken": (
        {},
        {"containers": [{"name": "app", "image": "a", "ports": [{"containerPort": 11411}]}]},
        "'app' has containerPort 11411",
    ),
    "a container of our name": (
        {},
        {"containers": [{"name": "app", "image": "a"}, {"name": "outrider", "image": "a"}]},
        "container 'outrider' of its own",
    ),
    "a classic job": ({"native": "never"}, {"restartPolicy": "Never"}, "allow-classic-job"),
    "a request above the limit": ({"memory-request": "1Gi"}, {}, "above the limit of 256Mi"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_is_refused(webhook: Injectors, why: str) -> None:
    annotations, spec, words = REFUSED[why]
    api = webhook.release.api
    refused = api.admin.create("Pod", pod(annotations=annotations, **spec), api.namespace())
    assert refused.status == 422, refused
    assert words in refused.message


def test_an_ordinary_container_where_it_is_asked_for(webhook: Injectors) -> None:
    api = webhook.release.api
    made = api.admin.create("Pod", pod(annotations={"native": "never"}), api.namespace()).wanted()
    first = made["spec"]["containers"][0]
    assert first["name"] == "outrider"
    assert first["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}
    assert "restartPolicy" not in first
    assert made["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] == "app"


def test_the_users_own_part_of_the_container_is_laid_over_it(webhook: Injectors) -> None:
    api = webhook.release.api
    partial = {"name": "outrider", "image": "auto", "env": [{"name": "MINE", "value": "1"}], "imagePullPolicy": "Never"}
    made = api.admin.create("Pod", pod(initContainers=[partial]), api.namespace()).wanted()
    found = container(made, "outrider")
    assert (found["imagePullPolicy"], found["image"] != "auto") == ("Never", True)
    assert variables(made, "outrider")["MINE"] == "1"


def test_what_the_api_server_adds_to_the_users_part_is_not_taken_for_the_users(webhook: Injectors) -> None:
    """The token above all: it is mounted into every container before a webhook sees the pod."""
    api = webhook.release.api
    made = api.admin.create(
        "Pod", pod(initContainers=[{"name": "outrider", "image": "auto"}]), api.namespace()
    ).wanted()
    plain = api.admin.create("Pod", pod(), api.namespace()).wanted()
    assert comparable(made) == comparable(plain)
