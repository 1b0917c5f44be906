"""What the tests of whole pods have in common: a node, a provider beyond the pods, the objects of a namespace, and pods that were
admitted as a cluster would: injected, and with the token of their service account.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from proxy.injector.patch import Around, patch
from proxy.injector.template import packaged
from tests.cluster.podsim.bare import BareNode
from tests.cluster.podsim.network import DUAL, Node, NodeNetwork
from tests.cluster.podsim.objects import Json, Objects
from tests.cluster.podsim.pod import Pod
from tests.cluster.podsim.provider import Told, answering

CONFIG, KEYS = "outrider-config", "outrider-keys"
#: Two keys of the provider, by which it is told when a rotation has arrived.
FIRST, SECOND = "sk-canary-first-0123456789abcdef", "sk-canary-second-0123456789abcdef"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
SERVER = (1, 36)
#: Bound on every pod of these tests, so that a machine under load does not count as a fault.
GRACE = 30

_names = count(1)


class Stage:
    """port: where the provider answers, at the node's addresses. told: what it knows and has told."""

    def __init__(self, node: Node, told: Told, port: int, folder: Path) -> None:
        self.node = node
        self.told = told
        self.port = port
        self.objects = Objects()
        self._folder = folder

    def configure(self, family: int = 4, **sections: Any) -> None:
        """The ConfigMap; sections go over those that every test has."""
        host = self.node.address(family)
        base = f"http://[{host}]:{self.port}" if family == 6 else f"http://{host}:{self.port}"
        providers = {"openai": {"base_url": f"{base}/v1"}, "anthropic": {"base_url": base}}
        text = yaml.safe_dump({"providers": providers, **sections})
        self.objects.put("ConfigMap", CONFIG, {"config.yaml": text})

    def give_key(self, key: str = FIRST) -> None:
        self.objects.put("Secret", KEYS, {"OPENAI_API_KEY": key, "anthropic": key})

    def pod(self, manifest: Json, families: tuple[int, ...] = DUAL, server: tuple[int, int] = SERVER) -> Pod:
        """It runs once it is entered; admitted before, unless an API server has made it."""
        done = manifest if "status" in manifest else admitted(manifest, server)
        return Pod(done, self.node, self.objects, self._folder, families)


@contextmanager
def staged(folder: Path, make: type[NodeNetwork | BareNode] = NodeNetwork) -> Iterator[Stage]:
    """This thread is on the node meanwhile. The ConfigMap and the Secret are there."""
    told = Told(FIRST)
    with make() as node, node.entered(), answering(told) as port:
        stage = Stage(node, told, port, folder)
        stage.configure()
        stage.give_key()
        yield stage


def app(*arguments: str, script: str = "chat", name: str = "app", **members: Any) -> Json:
    return {"name": name, "image": "example.com/app:1", "args": [f"/app/{script}.py", *arguments], **members}


def manifest(*containers: Json, init: tuple[Json, ...] = (), annotations: Mapping[str, str] = {}, **spec: Any) -> Json:
    """A pod that asks for injection; of a Job unless `restartPolicy` says otherwise."""
    metadata = {
        "name": f"pod-{next(_names)}",
        "namespace": "shop",
        "labels": {"outrider.dev/inject": "true"},
        "annotations": dict(annotations),
    }
    inits = {"initContainers": list(init)} if init else {}
    body = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE,
        "containers": list(containers),
        **inits,
        **spec,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": body}


def admitted(pod: Json, server: tuple[int, int] = SERVER) -> Json:
    """As the webhook and then the ServiceAccount plugin of the API server, of that version, leave it."""
    answer = patch(pod, packaged(), Around(namespace="shop", server=server))
    assert answer.refusal is None, answer.refusal
    assert answer.skipped is None, answer.skipped
    return with_account(deepcopy(answer.pod))


def with_account(pod: Json) -> Json:
    """The token in every container that has nothing at its place (plugin/pkg/admission/serviceaccount)."""
    name = "kube-api-access-x"
    for each in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
        if all(mount["mountPath"] != ACCOUNT for mount in each.setdefault("volumeMounts", [])):
            each["volumeMounts"].append({"name": name, "mountPath": ACCOUNT, "readOnly": True})
    sources = [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}]
    pod["spec"].setdefault("volumes", []).append({"name": name, "projected": {"sources": sources, "defaultMode": 420}})
    return pod


# ---- what was said


async def until(true: Callable[[], bool], what: str, patience: float = 30.0) -> None:
    """Look until it is; an AssertionError says what never came."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.05)


async def asking(pod: Pod, more: int = 5, name: str = "app") -> None:
    """Until the application has made some more calls."""
    wanted = len(calls(pod, name)) + more
    try:
        await until(lambda: len(calls(pod, name)) >= wanted, f"{name} asks")
    except AssertionError as error:
        raise AssertionError(
            f"{error}: {pod.record}\n{pod.text(name)[-2000:]}\n{pod.text('outrider')[-2000:]}"
        ) from None


def lines(text: str) -> list[Json]:
    """The lines that are JSON; the last one may have been cut with its process."""
    found = []
    for line in text.splitlines():
        if line.startswith("{") and line.endswith("}"):
            found.append(json.loads(line))
    return found


def calls(pod: Pod, *names: str) -> list[Json]:
    """What the application's containers say of their calls."""
    return [line for name in names or ("app",) for line in lines(pod.text(name)) if "call" in line]


def failed(pod: Pod, *names: str) -> list[Json]:
    return [line for line in calls(pod, *names) if not line["ok"]]


def sums_of_app(pod: Pod, *names: str) -> tuple[int, int, int]:
    """calls that went well, input and output tokens: as the application was told"""
    good = [line for line in calls(pod, *names) if line["ok"]]
    return len(good), sum(line["input"] for line in good), sum(line["output"] for line in good)


def ledger(pod: Pod) -> list[Json]:
    """The sidecar's line for each call, of all its runs."""
    return [line for line in lines(pod.text("outrider")) if line.get("event") == "call"]


def sums_of_sidecar(pod: Pod) -> tuple[int, int, int]:
    """The same, as the sidecar wrote it down; what has no usage was no call that anybody was told of."""
    counted = [line for line in ledger(pod) if line["tokens_in"]]
    return len(counted), sum(line["tokens_in"] for line in counted), sum(line["tokens_out"] for line in counted)


def complaints(pod: Pod) -> list[Json]:
    """Calls that the sidecar takes for failed. An SDK that hangs up once it has read `[DONE]` has had its answer."""
    return [line for line in ledger(pod) if line["status"] != 200]
