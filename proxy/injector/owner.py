"""What a pod's workload is called: a name that stays the same over the pods that replace one another.

It knows owner references and the label by which a Deployment marks the pods of each of its ReplicaSets:
https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/,
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HASH = "pod-template-hash"


def workload(metadata: Mapping[str, Any]) -> str:
    """The owner's name, of a Deployment's ReplicaSet without its hash; else generateName without its dash; else the name."""
    owner = owner_of(metadata)
    if owner is None:
        return (metadata.get("generateName") or "").removesuffix("-") or metadata.get("name") or ""
    mark = (metadata.get("labels") or {}).get(HASH)
    name: str = owner["name"]
    return name.removesuffix(f"-{mark}") if owner.get("kind") == "ReplicaSet" and mark else name


def owner_of(metadata: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The owner that controls the pod, else the first."""
    owners = metadata.get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), owners[0] if owners else None)
