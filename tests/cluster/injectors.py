"""Injectors as processes: what the chart's Deployment says, run with the rights of its account.

The arguments are the Deployment's own; added are only what the kubelet would do (the template, the token) and addresses of
this machine. Who runs where is told to the Service by its endpoints, as soon as a replica says that it is ready.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.cluster.apiserver import free_port
from tests.cluster.client import Json
from tests.cluster.releases import ROOT, Release
from tests.cluster.services import Endpoints, service

PATIENCE = 30.0
PAUSE = 0.05
END_SECONDS = 8.0


class Replica:
    """A process and its two ports. `log` is all that it wrote, `folder` has what is mounted."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, ops_port: int, folder: Path) -> None:
        self.process, self.port, self.ops_port, self.folder = process, port, ops_port, folder

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def ask(self, path: str) -> tuple[int, str]:
        """Status and body of the port for probes; (0, reason) where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ops_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()
        except OSError as error:
            return 0, str(error)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while (said := self.ask("/readyz"))[0] != 200:
            assert self.process.poll() is None, f"the injector ended: {self.log[-3000:]}"
            assert time.monotonic() < deadline, f"the injector is not ready: {said} {self.log[-3000:]}"
            time.sleep(PAUSE)

    def end(self) -> int:
        """Its exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(END_SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Injectors(NamedTuple):
    """The release they are of, what its Service leads to, and where replicas keep their files."""

    release: Release
    endpoints: Endpoints
    folder: Path
    replicas: list[Replica]

    def start(self, module: Sequence[str] = ("-m", "proxy"), **options: str) -> Replica:
        """One more replica, ready and in the Service."""
        replica = self.start_unready(module, **options)
        replica.wait_until_ready()
        self.endpoints.add(replica.port)
        return replica

    def start_unready(self, module: Sequence[str] = ("-m", "proxy"), **options: str) -> Replica:
        number = len(self.replicas)
        folder = self.folder / f"{self.release.name}-{number}"
        folder.mkdir(parents=True)
        port, ops_port = free_port(), free_port()
        files = mounted(self.release, folder)
        here = files | {"hosts": "127.0.0.1", "port": str(port), "ops-port": str(ops_port)} | options
        command = [
            sys.executable,
            *module,
            *arguments(self.release),
            *(f"--{name}={value}" for name, value in here.items()),
        ]
        with (folder / "log").open("wb") as output:
            environment = {"PATH": os.environ["PATH"], "POD_NAME": f"{self.release.injector}-{number}"}
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, env=environment)
        self.replicas.append(Replica(process, port, ops_port, folder))
        return self.replicas[-1]

    def remount(self) -> None:
        """What the kubelet does some time after a ConfigMap changed."""
        for replica in self.replicas:
            mounted(self.release, replica.folder)

    def close(self) -> None:
        for replica in self.replicas:
            if replica.process.poll() is None:
                replica.kill()


def deployed(release: Release) -> Json:
    """The pod template of the injector's Deployment."""
    found: Json = release.api.admin.get("Deployment", release.injector, release.namespace).wanted()["spec"]["template"]
    return found


def arguments(release: Release) -> list[str]:
    found: list[str] = deployed(release)["spec"]["containers"][0]["args"]
    return found


def mounted(release: Release, folder: Path) -> dict[str, str]:
    """What the kubelet would mount: the ConfigMap with the template, the account's token and the authority of the API server."""
    api = release.api
    found: Json = api.admin.get("ConfigMap", f"{release.injector}-template", release.namespace).wanted()
    (folder / "template.json").write_text(found["data"]["template.json"])
    (folder / "token").write_text(api.token(release.injector, release.namespace))
    shutil.copy(api.ca, folder / "ca.crt")
    here = {
        "template": str(folder / "template.json"),
        "token-file": str(folder / "token"),
        "ca-file": str(folder / "ca.crt"),
        "api": api.url,
    }
    return here | mounted_tls(release, folder)


def mounted_tls(release: Release, folder: Path) -> dict[str, str]:
    """The Secret with the certificate, where the Deployment mounts one."""
    spec = deployed(release)["spec"]
    name = next((each["secret"]["secretName"] for each in spec["volumes"] if each["name"] == "tls"), None)
    if name is None:
        return {}
    (folder / "tls").mkdir(exist_ok=True)
    for member, value in release.api.admin.get("Secret", name, release.namespace).wanted()["data"].items():
        (folder / "tls" / member).write_bytes(base64.b64decode(value))
    return {"tls-dir": str(folder / "tls")}


@contextmanager
def injectors(release: Release, folder: Path, replicas: int = 1) -> Iterator[Injectors]:
    """So many replicas of an installed release, behind its Service."""
    found = release.api.admin.get("Service", release.injector, release.namespace).wanted()["spec"]
    with ExitStack() as stack:
        endpoints = stack.enter_context(service(found["clusterIP"], found["ports"][0]["port"]))
        running = Injectors(release, endpoints, folder, [])
        stack.callback(running.close)
        for _ in range(replicas):
            running.start()
        yield running
