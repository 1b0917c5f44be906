"""A container of the image, run without any container runtime: in namespaces of its own, set up by launch.py.

Its network namespace has a loopback and nothing else, so that it listens where it listens in a pod and meets nobody.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

NETWORK = 0x40000000
PATIENCE = 20.0
USER = 65532
DATA, OPS = 11411, 11412
UNSHARE = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child=KILL")


@dataclass
class Spec:
    """What a pod asks: `mounts` are a folder here -> where it is seen, read-only."""

    root: Path
    command: Sequence[str]
    environment: Mapping[str, str]
    mounts: Mapping[str, str] = field(default_factory=dict)
    user: int = USER
    writable: bool = False


class Container:
    """A running one. `pid`: its first process, counted here. `started`: when that became the command (time.monotonic)."""

    def __init__(self, process: subprocess.Popen[str], told: int) -> None:
        self.process = process
        with os.fdopen(told) as lines:
            pid, started = lines.readline().split() or ("0", "0")
        self.pid, self.started = int(pid), float(started)

    def connect(self, port: int) -> socket.socket:
        """A connection to its loopback. ConnectionRefusedError where nobody listens. Only a thread enters, and it ends."""
        found: list[socket.socket | OSError] = []

        def enter() -> None:
            with open(f"/proc/{self.pid}/ns/net") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), NETWORK):
                    found.append(OSError(ctypes.get_errno(), "setns"))
                    return
            try:
                found.append(socket.create_connection(("127.0.0.1", port), PATIENCE))
            except OSError as error:
                found.append(error)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if isinstance(found[0], OSError):
            raise found[0]
        return found[0]

    def ask(self, port: int, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, PATIENCE)
        connection.sock = self.connect(port)
        try:
            said = None if body is None else json.dumps(body)
            connection.request(method, path, said, {"content-type": "application/json", "connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ready(self) -> float:
        """Waits until /readyz says yes; seconds since the command was started. AssertionError when it ends before, or never."""
        while time.monotonic() < self.started + PATIENCE:
            assert self.process.poll() is None, self.said()
            try:
                if self.ask(OPS, "GET", "/readyz")[0] == http.HTTPStatus.OK:
                    return time.monotonic() - self.started
            except ConnectionRefusedError:
                pass  # not yet
            time.sleep(0.002)
        raise AssertionError("never ready")

    def resident(self) -> float:
        """Megabytes of 2^20 bytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def status(self, name: str) -> str:
        lines = Path(f"/proc/{self.pid}/status").read_text("utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))

    def end(self) -> tuple[int, float]:
        """Its exit code after a SIGTERM, and seconds until it was there."""
        begun = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        return code, time.monotonic() - begun

    def said(self) -> str:
        """All that it has printed, once it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.read()


@contextmanager
def running(spec: Spec, given: str | None = None) -> Iterator[Container]:
    """Run it until the block ends. `given` is what it reads, a text of less than a pipe's 64 KiB."""
    asked = {
        "root": str(spec.root),
        "command": list(spec.command),
        "environment": dict(spec.environment),
        "mounts": dict(spec.mounts),
        "user": spec.user,
        "writable": spec.writable,
    }
    read, write = os.pipe()
    launch = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")), str(write), json.dumps(asked)]
    with subprocess.Popen(
        [*UNSHARE, *launch],
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=[write],
    ) as process:
        os.close(write)
        try:
            if process.stdin is not None:
                process.stdin.write(given or "")
                process.stdin.close()
            yield Container(process, read)
        finally:
            process.kill()


def run(spec: Spec, given: str | None = None) -> tuple[int, str]:
    """Its exit code and all that it prints, of a command that ends by itself."""
    with running(spec, given) as container:
        said = container.said()
        return container.process.wait(PATIENCE), said
