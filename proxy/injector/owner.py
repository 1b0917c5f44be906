"""What a pod's workload is called: a name that stays the same over the pods that replace one another.

It knows owner references, the label by which a Deployment marks the pods of its ReplicaSets, and what a CronJob calls its Jobs:
https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/,
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label,
https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HASH = "pod-template-hash"
#: The scheduled time in minutes since 1970: the controller takes eleven characters for it and its dash (kubernetes/kubernetes,
#: pkg/controller/cronjob/cronjob_controllerv2.go, getJobName). A pod does not say what owns its Job.
SCHEDULED = re.compile(r"-[0-9]{8,10}\Z")


def workload(metadata: Mapping[str, Any]) -> str:
    """The owner's name, of a Deployment's ReplicaSet without its hash, of a CronJob's Job without its time; else generateName
    without its dash; else the name."""
    owner = owner_of(metadata)
    if owner is None:
        return (metadata.get("generateName") or "").removesuffix("-") or metadata.get("name") or ""
    mark = (metadata.get("labels") or {}).get(HASH)
    name: str = owner["name"]
    if owner.get("kind") == "Job":
        return SCHEDULED.sub("", name)
    return name.removesuffix(f"-{mark}") if owner.get("kind") == "ReplicaSet" and mark else name


def owner_of(metadata: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The owner that controls the pod, else the first."""
    owners = metadata.get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), owners[0] if owners else None)
