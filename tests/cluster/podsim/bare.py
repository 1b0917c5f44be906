"""Pods where there can be no namespaces: their containers are plain processes of this machine, on free ports of its loopback.

What a container says of paths and ports is written anew. It shows the order of things, and nothing of what containers see of
each other.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.podsim.images import APPS
from tests.cluster.podsim.network import DUAL, PodNetwork
from tests.cluster.podsim.objects import Json
from tests.cluster.podsim.sandbox import Wanted
from tests.upstream.redis import free_port

LOOPBACK = "127.0.0.1"
#: As a pod's spec has them, the data port and the other one.
PORTS = ("11411", "11412")
VARIABLES = ("OUTRIDER_PORT", "OUTRIDER_OPS_PORT")


class BareNode:
    """As NodeNetwork, with nothing made and nothing to remove."""

    def __enter__(self) -> BareNode:
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing was made."""

    def address(self, family: int = 4) -> str:
        return LOOPBACK

    def pod(self, families: tuple[int, ...] = DUAL) -> PodNetwork:
        return PodNetwork("", (LOOPBACK,), (free_port(), free_port()))

    def release(self, pod: PodNetwork) -> None:
        """Nothing was taken."""

    @contextmanager
    def entered(self) -> Iterator[None]:
        yield

    def adapted(self, spec: Json, pod: PodNetwork) -> Json:
        """The spec with the pod's own ports wherever the usual ones stand."""
        text = json.dumps(spec)
        for usual, own in zip(PORTS, pod.ports, strict=True):
            text = text.replace(usual, str(own))
        found: Json = json.loads(text)
        told = [{"name": name, "value": str(port)} for name, port in zip(VARIABLES, pod.ports, strict=True)]
        for container in (*found.get("initContainers", ()), *found["containers"]):
            container["env"] = [*told, *container.get("env", [])]
        return found

    def placed(self, wanted: Wanted) -> Wanted:
        """With the folders of volumes where the container's paths stood. As whoever we are, wherever we are."""
        paths = {mount.target: str(mount.source) for mount in wanted.mounts if mount.target != sys.prefix}
        paths["/app/"] = f"{APPS}/"
        return wanted._replace(
            command=[_moved(word, paths) for word in wanted.command],
            environment={name: _moved(value, paths) for name, value in wanted.environment.items()},
            network=None,
        )


def _moved(text: str, paths: dict[str, str]) -> str:
    for target, source in paths.items():
        if text == target or (target.endswith("/") and text.startswith(target)):
            return text.replace(target, source, 1)
    return text
