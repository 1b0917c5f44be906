"""What can be read as a pod, and where something cannot."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.injector.shape import fault_of, is_container, shallow

APP = {"name": "app"}


def spec(**members: Any) -> dict[str, Any]:
    return {"spec": {"containers": [APP], **members}}


@pytest.mark.parametrize(
    ("pod", "fault"),
    [
        (None, "the pod must be a mapping, not null"),
        ([], "the pod must be a mapping, not a list"),
        ("x", "the pod must be a mapping, not a string"),
        (1.5, "the pod must be a mapping, not a number"),
        ({}, "spec is missing"),
        ({"spec": None}, "spec is missing"),
        ({"spec": []}, "spec must be a mapping, not a list"),
        ({"spec": {}}, "spec.containers is missing"),
        ({"spec": {"containers": {}}}, "spec.containers must be a list, not a mapping"),
        ({"spec": {"containers": [None]}}, "spec.containers[0] must be a mapping, not null"),
        ({"spec": {"containers": [APP, {}]}}, "spec.containers[1].name is missing"),
        ({"spec": {"containers": [{"name": True}]}}, "spec.containers[0].name must be a string, not true or false"),
        ({"spec": {"containers": [{**APP, "env": {}}]}}, "spec.containers[0].env must be a list, not a mapping"),
        ({"spec": {"containers": [{**APP, "env": [{"value": "x"}]}]}}, "spec.containers[0].env[0].name is missing"),
        (
            {"spec": {"containers": [{**APP, "env": [{"name": "A", "value": 1}]}]}},
            "spec.containers[0].env[0].value must be a string, not a whole number",
        ),
        (
            {"spec": {"containers": [{**APP, "ports": [{"containerPort": "80"}]}]}},
            "spec.containers[0].ports[0].containerPort must be a whole number, not a string",
        ),
        (
            {"spec": {"containers": [{**APP, "ports": [{"containerPort": True}]}]}},
            "spec.containers[0].ports[0].containerPort must be a whole number, not true or false",
        ),
        (spec(initContainers="x"), "spec.initContainers must be a list, not a string"),
        (spec(volumes=[{}]), "spec.volumes[0].name is missing"),
        (spec(hostNetwork="true"), "spec.hostNetwork must be true or false, not a string"),
        (spec(nodeSelector={"a": 1}), "spec.nodeSelector['a'] must be a string, not a whole number"),
        (
            spec(terminationGracePeriodSeconds=1.5),
            "spec.terminationGracePeriodSeconds must be a whole number, not a number",
        ),
        ({**spec(), "metadata": 1}, "metadata must be a mapping, not a whole number"),
        (
            {**spec(), "metadata": {"annotations": {"a": True}}},
            "metadata.annotations['a'] must be a string, not true or false",
        ),
        (
            {**spec(), "metadata": {"labels": {1: "a"}}},
            "metadata.labels must have strings as its keys, not a whole number",
        ),
        ({**spec(), "metadata": {"ownerReferences": [{}]}}, "metadata.ownerReferences[0].name is missing"),
    ],
)
def test_faults(pod: Any, fault: str) -> None:
    assert fault_of(pod) == fault


@pytest.mark.parametrize(
    "pod",
    [
        spec(),
        {**spec(), "metadata": None, "status": None},
        {**spec(), "status": {"phase": 1}},
        spec(volumes=None, tolerations=1, more={}),
        {"spec": {"containers": []}},
    ],
)
def test_what_can_be_read(pod: Any) -> None:
    assert fault_of(pod) is None


def test_a_part_of_a_container() -> None:
    assert is_container({"env": [{"name": "A"}], "novelty": 1})
    assert not is_container({"env": [{}]})
    assert not is_container([])


def test_shallow() -> None:
    assert shallow({"a": [1]}, 3)
    assert not shallow({"a": [1]}, 2)
