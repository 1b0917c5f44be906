"""A Job where there can be no namespaces: the same order, the same sums."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.podsim.bare import BareNode
from tests.cluster.podsim.network import PodNetwork
from tests.cluster.podsim.stage import app, failed, manifest, staged, sums_of_app, sums_of_sidecar


async def test_a_job(tmp_path: Path) -> None:
    with staged(tmp_path, BareNode) as stage:
        init = (app("--calls", "1", name="warm-up"),)
        async with stage.pod(manifest(app("--calls", "4"), init=init)) as pod:
            assert await pod.ended() == "Succeeded", f"{pod.record}\n{pod.text('outrider')}"
        assert sums_of_app(pod, "app", "warm-up") == sums_of_sidecar(pod) == stage.told.sums()
    assert failed(pod, "app", "warm-up") == []
    assert pod.record.order(
        ("outrider", "Initialized"), ("warm-up", "Exited"), ("app", "Exited"), ("outrider", "Signalled")
    )


def test_every_pod_has_ports_of_its_own() -> None:
    network = PodNetwork("", ("127.0.0.1",), (7, 8))
    containers = [
        {"name": "a", "env": [{"name": "U", "value": "http://127.0.0.1:11411/v1"}], "ports": [{"containerPort": 11412}]}
    ]
    [container] = BareNode().adapted({"containers": containers}, network)["containers"]
    assert {each["name"]: each["value"] for each in container["env"]} == {
        "OUTRIDER_PORT": "7",
        "OUTRIDER_OPS_PORT": "8",
        "U": "http://127.0.0.1:7/v1",
    }
    assert container["ports"] == [{"containerPort": 8}]
