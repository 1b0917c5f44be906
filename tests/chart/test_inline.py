"""The two Python programs that stand in templates, run as the image runs them, against a real sidecar."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from proxy.injector.template import packaged
from tests.chart.rendering import render
from tests.sdk.sidecar import PATIENCE, Running, serving
from tests.upstream.redis import free_port

CONFIG = "{listen: {hosts: [127.0.0.1], port: 0}, ops: {hosts: [127.0.0.1], port: 0}}"


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(CONFIG, tmp_path_factory.mktemp("sidecar")) as running:
        yield running


def start(command: list[str], **environment: str) -> subprocess.Popen[str]:
    """As the container does it, but with the Python of these tests."""
    asked = [sys.executable, *command[1:]]
    return subprocess.Popen(asked, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_command() -> list[str]:
    found: list[str] = packaged()["classic"]["container"]["lifecycle"]["postStart"]["exec"]["command"]
    return found


def pod_command() -> list[str]:
    found: list[str] = render(kind="Pod")[0]["spec"]["containers"][0]["command"]
    return found


def test_the_wait_ends_when_the_sidecar_has_started(sidecar: Running) -> None:
    started = time.monotonic()
    process = start(wait_command(), OUTRIDER_OPS_PORT=str(urlsplit(sidecar.ops).port))
    assert process.communicate(timeout=PATIENCE) == ("", "")
    assert process.returncode == 0
    assert time.monotonic() - started < 5


def test_the_wait_goes_on_while_nothing_listens_and_ends_with_the_start(tmp_path: Path) -> None:
    port = free_port()
    process = start(wait_command(), OUTRIDER_OPS_PORT=str(port))
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    with serving(CONFIG.replace("port: 0}}", f"port: {port}}}}}"), tmp_path):
        assert process.wait(PATIENCE) == 0
    process.communicate()


def test_the_pod_of_helm_test_passes_beside_a_sidecar(sidecar: Running) -> None:
    process = start(pod_command(), OPENAI_BASE_URL=f"{sidecar.url}/v1", HTTP_PROXY="http://127.0.0.1:1")
    said, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert said.startswith(f"the sidecar answers at {sidecar.url}/v1/models and serves ")


def test_the_pod_of_helm_test_fails_without_one() -> None:
    address = f"http://127.0.0.1:{free_port()}/v1"
    process = start(pod_command(), OPENAI_BASE_URL=address)
    said, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert errors.startswith(f"no sidecar answers at {address}/models: ")
    assert said == ""
