"""Prometheus finds the sidecars by the chart's PodMonitor, native and classic, nothing else, and counts what was asked."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.injectors import Injectors
from tests.cluster.podsim.network import NodeNetwork
from tests.cluster.podsim.objects import Json
from tests.cluster.podsim.pod import Pod
from tests.cluster.podsim.scraping import PROGRAM, discovering, targets
from tests.cluster.podsim.stage import Stage, app, asking, calls, manifest
from tests.cluster.podsim.test_cluster_pods import AUTHORITY, created
from tests.prometheus.server import Prometheus

pytestmark = pytest.mark.usefixtures("isolation")

#: The API server here has no PodMonitor: what an Operator would make of it is made by scraping.py.
MONITORED = {"monitoring.podMonitor.enabled": True, "monitoring.force": True}
OWN_PORT = [{"name": "http", "containerPort": 8080}]


def monitor(webhook: Injectors) -> Json:
    """The sidecars', as the chart renders it."""
    rendered = yaml.safe_load_all(webhook.release.template(MONITORED))
    monitors = [each for each in rendered if each and each["kind"] == "PodMonitor"]
    return next(each for each in monitors if each["metadata"]["labels"]["app.kubernetes.io/component"] == "sidecar")


def tell(webhook: Injectors, pod: Pod, phase: str) -> None:
    """What kubelet would write into the pod's status."""
    metadata = pod.manifest["metadata"]
    addresses = [{"ip": address} for address in pod.network.addresses]
    status = {"status": {"phase": phase, "podIP": pod.address, "podIPs": addresses, "hostIP": "10.244.7.1"}}
    path = f"api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
    kind = "application/merge-patch+json"
    webhook.release.api.admin.request("PATCH", path, status, kind=kind).wanted()


async def until_seen(prometheus: Prometheus, names: set[str]) -> list[dict[str, Any]]:
    """Until these pods and no others are scraped."""
    end = time.monotonic() + 30
    while True:
        found = targets(prometheus)
        up = {each["labels"]["pod"] for each in found if each["health"] == "up"}
        if up == names and len(found) == len(names):
            return found
        assert time.monotonic() < end, found
        await asyncio.sleep(0.2)


async def until_counted(prometheus: Prometheus, name: str, wanted: int) -> None:
    end = time.monotonic() + 30
    query = (
        f'sum(llm_requests_success{{pod="{name}"}}) + (sum(outrider_client_gone_total{{pod="{name}"}}) or vector(0))'
    )
    while (found := prometheus.values(query)) != [wanted]:
        assert time.monotonic() < end, (found, wanted)
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("annotations", [{}, {"outrider.dev/native": "never"}], ids=["native", "classic"])
async def test_by_the_charts_pod_monitor(
    webhook: Injectors, stage: Stage, tmp_path: Path, annotations: dict[str, str]
) -> None:
    assert isinstance(stage.node, NodeNetwork)
    stage.objects.put("ConfigMap", AUTHORITY, {"ca.crt": "PEM"})
    asks = app("--calls", "20", "--stay", ports=OWN_PORT)
    busy = created(webhook, manifest(asks, annotations=annotations, restartPolicy="Always"))
    if not (webhook.release.api.programs / PROGRAM).exists():
        pytest.skip("no prometheus among the programs of the cluster: `make cluster-tools` compiles it")
    done = created(webhook, manifest(app("--calls", "1")))
    async with stage.pod(busy) as pod, stage.pod(done) as job:
        with discovering(stage.node, webhook.release.api, monitor(webhook), tmp_path) as prometheus:
            await asking(pod, 20)
            tell(webhook, pod, "Running")
            assert await job.ended() == "Succeeded"
            tell(webhook, job, "Succeeded")
            name = pod.manifest["metadata"]["name"]
            [target] = await until_seen(prometheus, {name})
            await until_counted(prometheus, name, len(calls(pod)))
            [info] = prometheus.query("outrider_pod_info")
            [used] = prometheus.values(f'sum(llm_tokens_prompt{{pod="{name}"}})')
    for pod_made in (busy, done):
        metadata = pod_made["metadata"]
        webhook.release.api.admin.delete("Pod", metadata["name"], metadata["namespace"]).wanted()
    labels = target["labels"]
    assert labels["container"] == "outrider"
    assert labels["endpoint"] == "llm-metrics"
    assert labels["namespace"] == pod.manifest["metadata"]["namespace"]
    assert target["scrapeUrl"] == f"http://{pod.address}:11412/metrics"
    assert info["metric"]["exported_pod"] == name
    assert used == sum(line["input"] for line in calls(pod))
