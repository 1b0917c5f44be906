"""A container of a pod's spec as it is to run here: command, environment, user, mounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.cluster.podsim.images import image
from tests.cluster.podsim.objects import Json, Objects
from tests.cluster.podsim.sandbox import Mount, Wanted
from tests.cluster.podsim.variables import environment, expanded


def facts_of(manifest: Json, uid: str, addresses: Sequence[str], node: str) -> dict[str, str]:
    """Field path -> what the downward API says (https://kubernetes.io/docs/concepts/workloads/pods/downward-api/)."""
    metadata = manifest["metadata"]
    labels = {f"metadata.labels['{key}']": value for key, value in metadata.get("labels", {}).items()}
    notes = {f"metadata.annotations['{key}']": value for key, value in metadata.get("annotations", {}).items()}
    return (
        labels
        | notes
        | {
            "metadata.name": metadata["name"],
            "metadata.namespace": metadata.get("namespace", "default"),
            "metadata.uid": uid,
            "spec.nodeName": node,
            "spec.serviceAccountName": manifest["spec"].get("serviceAccountName", "default"),
            "status.podIP": addresses[0],
            "status.podIPs": ",".join(addresses),
            "status.hostIP": addresses[0],
        }
    )


def prepared(
    spec: Json,
    pod: Json,
    root: Path,
    network: Path | None,
    mounts: list[Mount],
    facts: Mapping[str, str],
    objects: Objects,
) -> Wanted:
    """`command` replaces the image's entrypoint, `args` follow it; variables in both are expanded."""
    chosen = image(spec["image"])
    variables = environment(spec, facts, objects)
    entry = expanded(spec["command"], variables) if "command" in spec else chosen.entrypoint
    security = {**pod.get("securityContext", {}), **spec.get("securityContext", {})}
    uid = int(security.get("runAsUser", chosen.uid))
    if security.get("runAsNonRoot") and uid == 0:
        raise ValueError(f"{spec['name']}: container has runAsNonRoot and image will run as root")
    return Wanted(
        command=[*entry, *expanded(spec.get("args", []), variables)],
        environment=variables,
        root=root,
        network=network,
        mounts=[*(Mount(source, target) for target, source in chosen.holds.items()), *mounts],
        uid=uid,
        read_only=bool(security.get("readOnlyRootFilesystem")),
        no_new_privileges=security.get("allowPrivilegeEscalation") is False,
        workdir=spec.get("workingDir", "/"),
    )
