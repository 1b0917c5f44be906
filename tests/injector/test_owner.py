"""What a workload is called."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.injector.owner import owner_of, workload

SET = {"kind": "ReplicaSet", "name": "web-5c7", "controller": True}


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({}, ""),
        ({"name": "p"}, "p"),
        ({"name": "web-x1", "generateName": "web-"}, "web"),
        ({"generateName": "web"}, "web"),
        ({"ownerReferences": [], "name": "p"}, "p"),
        ({"ownerReferences": None, "name": "p"}, "p"),
        ({"ownerReferences": [SET], "labels": {"pod-template-hash": "5c7"}}, "web"),
        ({"ownerReferences": [SET], "labels": {"pod-template-hash": "other"}}, "web-5c7"),
        ({"ownerReferences": [SET], "labels": None}, "web-5c7"),
        ({"ownerReferences": [SET], "labels": {"pod-template-hash": ""}}, "web-5c7"),
        ({"ownerReferences": [{"kind": "Job", "name": "j-5c7"}], "labels": {"pod-template-hash": "5c7"}}, "j-5c7"),
        ({"ownerReferences": [{"kind": "Job", "name": "j-29340000"}]}, "j"),
        ({"ownerReferences": [{"kind": "Job", "name": "j-1-2934000000"}]}, "j-1"),
        ({"ownerReferences": [{"kind": "Job", "name": "j-2934000"}]}, "j-2934000"),
        ({"ownerReferences": [{"kind": "Job", "name": "j-29340000000"}]}, "j-29340000000"),
        ({"ownerReferences": [{"kind": "Job", "name": "j29340000"}]}, "j29340000"),
        ({"ownerReferences": [{"kind": "StatefulSet", "name": "j-29340000"}]}, "j-29340000"),
        ({"ownerReferences": [{"name": "first"}, {"name": "second", "controller": True}]}, "second"),
        ({"ownerReferences": [{"name": "first"}, {"name": "second"}]}, "first"),
    ],
)
def test_names(metadata: dict[str, Any], name: str) -> None:
    assert workload(metadata) == name


def test_no_owner() -> None:
    assert owner_of({}) is None
