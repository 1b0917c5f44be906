"""Pods for the API server: plain ones, and what to look at in those that come back."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.cluster.client import Json

DOMAIN = "outrider.dev"
#: Of the release whose mode is policy: two injectors for one domain would do each other's work.
POLICY_DOMAIN = "policy.example"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def pod(name: str = "app", inject: str | None = "true", domain: str = DOMAIN, **members: Any) -> Json:
    """One container, and the label that asks, or none. `members` are of the spec; `annotations` without the domain."""
    annotations = {f"{domain}/{key}": value for key, value in members.pop("annotations", {}).items()}
    labels = {} if inject is None else {f"{domain}/inject": inject}
    spec = {"containers": [{"name": "app", "image": "app:1"}], **deepcopy(members)}
    return {"metadata": {"name": name, "labels": labels, "annotations": annotations}, "spec": spec}


def sidecar(made: Json) -> Json | None:
    """Our container among init containers or the others."""
    spec = made["spec"]
    return next(
        (each for each in [*spec.get("initContainers", []), *spec["containers"]] if each["name"] == "outrider"), None
    )


def container(made: Json, name: str = "app") -> Json:
    spec = made["spec"]
    found: Json = next(each for each in [*spec.get("initContainers", []), *spec["containers"]] if each["name"] == name)
    return found


def variables(made: Json, name: str = "app") -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container(made, name).get("env", [])}


def comparable(made: Json) -> Json:
    """The spec of a pod without what differs by chance: the name of the volume with the account's token."""
    spec: Json = deepcopy(made["spec"])
    token = next(
        (each["name"] for each in spec.get("volumes", []) if each["name"].startswith("kube-api-access-")), None
    )
    for each in (*spec.get("initContainers", []), *spec["containers"]):
        for mount in each.get("volumeMounts", []):
            mount["name"] = "token" if mount["name"] == token else mount["name"]
    spec["volumes"] = [each for each in spec.get("volumes", []) if each["name"] != token]
    return spec
