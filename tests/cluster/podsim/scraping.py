"""Prometheus on the node, finding pods through the API server, by what Prometheus Operator makes of a PodMonitor.

The node has no road to the machine's own loopback, where the API server listens: `door` is one, for that one port.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

import yaml

from tests.cluster.apiserver import ApiServer
from tests.cluster.podsim.network import NodeNetwork, enter
from tests.cluster.podsim.objects import Json
from tests.cluster.services import relay
from tests.prometheus.server import Prometheus
from tests.upstream.redis import free_port

#: Of upstream: Debian's is built without the discovery of Kubernetes.
PROGRAM = "prometheus"
INTERVAL = "500ms"
PATIENCE = 30.0


def scrape_config(monitor: Json, api: str, token: str, authority: Path) -> list[Json]:
    """A job for each endpoint of the PodMonitor. api: the address of the API server.

    As pkg/prometheus/promcfg.go of the Operator has it: finished pods dropped, the selector, the port by its name, labels.
    """
    access = {"authorization": {"type": "Bearer", "credentials": token}, "tls_config": {"ca_file": str(authority)}}
    discovery = {"role": "pod", "api_server": api, **access, **_namespaces(monitor)}
    return [
        {
            "job_name": f"podMonitor/{_name(monitor)}/{number}",
            "honor_labels": False,
            "scrape_interval": INTERVAL,
            "scrape_timeout": INTERVAL,
            "metrics_path": endpoint.get("path", "/metrics"),
            "kubernetes_sd_configs": [discovery],
            "relabel_configs": _relabelings(monitor, endpoint),
        }
        for number, endpoint in enumerate(monitor["spec"]["podMetricsEndpoints"])
    ]


def _name(monitor: Json) -> str:
    return f"{monitor['metadata']['namespace']}/{monitor['metadata']['name']}"


def _namespaces(monitor: Json) -> Json:
    chosen = monitor["spec"].get("namespaceSelector", {})
    if chosen.get("any"):
        return {}
    return {"namespaces": {"names": chosen.get("matchNames") or [monitor["metadata"]["namespace"]]}}


def _relabelings(monitor: Json, endpoint: Json) -> list[Json]:
    meta = "__meta_kubernetes_pod_"
    rules: list[Json] = [{"source_labels": [f"{meta}phase"], "action": "drop", "regex": "(Failed|Succeeded)"}]
    for key, value in sorted(monitor["spec"]["selector"].get("matchLabels", {}).items()):
        label = "".join(letter if letter.isalnum() else "_" for letter in key)
        sources = [f"{meta}label_{label}", f"{meta}labelpresent_{label}"]
        rules.append({"source_labels": sources, "action": "keep", "regex": f"({value});true"})
    rules.append({"source_labels": [f"{meta}container_port_name"], "action": "keep", "regex": endpoint["port"]})
    shown = {"namespace": "__meta_kubernetes_namespace", "container": f"{meta}container_name", "pod": f"{meta}name"}
    rules += [{"source_labels": [source], "target_label": label} for label, source in shown.items()]
    fixed = {"job": _name(monitor), "endpoint": endpoint["port"]}
    return rules + [{"target_label": label, "replacement": text} for label, text in fixed.items()]


@contextmanager
def door(outside: int, port: int) -> Iterator[int]:
    """A port of this thread's loopback that leads to `port` of that in the namespace `outside`, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        enter(outside)
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            relay(client, server)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@contextmanager
def discovering(node: NodeNetwork, api: ApiServer, monitor: Json, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that runs by this PodMonitor, until the block ends."""
    port = free_port()
    with door(node.outside, int(api.url.rpartition(":")[2])) as near:
        jobs = scrape_config(monitor, f"https://127.0.0.1:{near}", api.admin.token, api.ca)
        (folder / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": jobs}), "utf-8")
        options = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
        command = [str(api.programs / PROGRAM), *options, f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
        with (
            (folder / "prometheus.log").open("wb") as log,
            subprocess.Popen(command, stdout=log, stderr=log) as process,
        ):
            try:
                yield ready(Prometheus(port), process, folder)
            finally:
                process.kill()


def ready(prometheus: Prometheus, process: subprocess.Popen[bytes], folder: Path) -> Prometheus:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            prometheus.query("up")
            return prometheus
        except URLError:
            assert process.poll() is None, (folder / "prometheus.log").read_text()
            assert time.monotonic() < until, "prometheus does not answer"
            time.sleep(0.05)


def targets(prometheus: Prometheus) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = prometheus.ask("/api/v1/targets", state="active")["activeTargets"]
    return found
