"""The environment of a container."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.podsim.objects import Objects
from tests.cluster.podsim.variables import PATH, environment, expand

FACTS = {"metadata.name": "web-0", "status.podIPs": "10.0.0.1,fd00::1"}


def found(container: dict[str, Any], objects: Objects | None = None) -> dict[str, str]:
    seen = environment(container, FACTS, objects or Objects())
    assert seen.pop("PATH") == PATH
    return seen


def test_a_later_variable_may_refer_to_an_earlier_one_and_not_the_other_way_round() -> None:
    env = [{"name": "A", "value": "$(B)/v1"}, {"name": "B", "value": "x"}, {"name": "C", "value": "$(B)/v1 $$(B) $(D)"}]
    assert found({"env": env}) == {"A": "$(B)/v1", "B": "x", "C": "x/v1 $(B) $(D)"}


def test_fields_of_the_pod() -> None:
    env = [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": name}}} for name in FACTS]
    assert found({"env": env}) == FACTS


@pytest.mark.parametrize(
    ("resources", "divisor", "wanted"),
    [
        ({"limits": {"memory": "256Mi"}}, None, str(256 * 2**20)),
        ({"limits": {"memory": "256Mi"}}, "1Mi", "256"),
        ({"limits": {"memory": "1G"}}, "0", "1000000000"),
        ({}, None, "0"),
    ],
)
def test_limits_of_the_container(resources: dict[str, Any], divisor: str | None, wanted: str) -> None:
    reference = {"resource": "limits.memory", "containerName": "x", "divisor": divisor}
    env = [{"name": "M", "valueFrom": {"resourceFieldRef": reference}}]
    assert found({"env": env, "resources": resources}) == {"M": wanted}


def test_keys_of_objects_and_whole_ones() -> None:
    objects = Objects()
    objects.put("Secret", "s", {"k": "$(A)"})
    objects.put("ConfigMap", "c", {"a": "1", "b": "2"})
    optional = {"secretKeyRef": {"name": "gone", "key": "k", "optional": True}}
    env = [
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "GONE", "valueFrom": optional},
        {"name": "X_b", "value": "3"},
    ]
    spec = {"envFrom": [{"prefix": "X_", "configMapRef": {"name": "c"}}], "env": env}
    assert found(spec, objects) == {"X_a": "1", "X_b": "3", "B": "$(A)"}


def test_references_are_expanded_once() -> None:
    assert expand("$(A) $(B) $$(A) $", {"A": "$(B)", "B": "b"}) == "$(B) b $(A) $"
