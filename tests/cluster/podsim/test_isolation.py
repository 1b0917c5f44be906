"""What a container of this simulator sees, and that nothing of a pod is left behind it."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster.podsim.images import ROOT
from tests.cluster.podsim.network import DUAL, NAMED, PREFIX, Node, NodeNetwork
from tests.cluster.podsim.objects import Json, Objects
from tests.cluster.podsim.pod import Pod

LOOK = (
    f"PROXY = {str(ROOT / 'proxy')!r}"
    + """
import json, os, socket
def address(family, host):
    try:
        with socket.socket(family) as probe:
            probe.bind((host, 0))
            return True
    except OSError:
        return False
print(json.dumps({
    "pid": os.getpid(), "uid": os.getuid(), "groups": os.getgroups(),
    "four": address(socket.AF_INET, "127.0.0.1"), "six": address(socket.AF_INET6, "::1"),
    "data": os.listdir("/data"), "cwd": os.getcwd(), "sidecar": os.path.exists(PROXY),
}))
open("/data/written", "w").close()
"""
)


def looking(**members: object) -> Json:
    mount = {"name": "data", "mountPath": "/data"}
    container = {"name": "app", "image": "app", "args": ["-c", LOOK], "volumeMounts": [mount], **members}
    spec = {"restartPolicy": "Never", "containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]}
    return {"metadata": {"name": "p"}, "spec": spec}


async def test_a_container_has_its_own_processes_files_and_user(isolation: None, node: Node, tmp_path: Path) -> None:
    async with Pod(looking(workingDir="/data"), node, Objects(), tmp_path) as pod:
        assert await pod.ended() == "Succeeded", pod.text("app")
    seen = json.loads(pod.text("app"))
    assert (seen["pid"], seen["uid"], seen["groups"], seen["cwd"]) == (1, 1000, [], "/data")
    assert (seen["data"], seen["sidecar"]) == ([], False)
    assert (tmp_path / pod.uid / "volumes" / "data" / "written").exists()


@pytest.mark.parametrize(("families", "six"), [((4,), False), ((6,), True), (DUAL, True)])
async def test_loopback_has_the_families_of_the_pod(
    isolation: None, node: Node, tmp_path: Path, families: tuple[int, ...], six: bool
) -> None:
    async with Pod(looking(), node, Objects(), tmp_path, families) as pod:
        assert await pod.ended() == "Succeeded", pod.text("app")
    seen = json.loads(pod.text("app"))
    assert (seen["four"], seen["six"]) == (True, six)


async def test_a_root_that_is_read_only(isolation: None, node: Node, tmp_path: Path) -> None:
    code = "import sys\ntry:\n open('/tmp/x', 'w')\nexcept OSError as error:\n sys.exit(error.errno)"
    pod_spec = looking(args=["-c", code], securityContext={"readOnlyRootFilesystem": True})
    async with Pod(pod_spec, node, Objects(), tmp_path) as pod:
        assert await pod.ended() == "Failed"
    assert pod.record.first("app", "Exited").detail == str(errno.EROFS)


async def test_nothing_is_left_of_a_pod_that_is_left_in_the_middle(isolation: None, node: Node, tmp_path: Path) -> None:
    pod = Pod(looking(args=["-c", "import time; time.sleep(60)"]), node, Objects(), tmp_path)
    with pytest.raises(ZeroDivisionError):
        await left(pod)
    assert remains(pod) == []


def remains(pod: Pod) -> list[Path]:
    run = pod.container("app").run
    assert run is not None
    return [path for path in (Path(f"/proc/{run.pid}"), pod.network.path) if path and path.exists()]


async def left(pod: Pod) -> None:
    async with pod:
        await pod.record.wait("app", "Started")
        raise ZeroDivisionError


CRASHING = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.cluster.podsim.network import NodeNetwork
from tests.cluster.podsim.objects import Objects
from tests.cluster.podsim.pod import Pod

async def main(node, folder):
    container = {"name": "app", "image": "app", "args": ["-c", "import time; time.sleep(60)"]}
    async with Pod({"metadata": {"name": "p"}, "spec": {"containers": [container]}}, node, Objects(), folder) as pod:
        await pod.record.wait("app", "Started")
        print(pod.container("app").run.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

with NodeNetwork() as node, node.entered():
    asyncio.run(main(node, Path(sys.argv[1])))
"""


def test_a_test_that_is_killed_takes_its_pods_along(isolation: None, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CRASHING, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    until = time.monotonic() + 5
    while Path("/proc", said.strip()).exists():
        assert time.monotonic() < until, "the container outlived the test"
        time.sleep(0.02)
    # It could not tidy up: the next one does, here or in a worker beside this one.
    with NodeNetwork():
        assert list(NAMED.glob(f"{PREFIX}{process.pid}-*")) == []
