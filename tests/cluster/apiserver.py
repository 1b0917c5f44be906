"""An API server for tests: etcd and kube-apiserver as processes, on loopback ports of their own, ended with all they wrote.

Admission is what a cluster has: ServiceAccount, PodSecurity, LimitRanger, ResourceQuota, policies, webhooks; authorization
is RBAC. There is no controller and no node: nothing makes a default ServiceAccount, fills a quota's status or runs a pod, so
`namespace` makes the account, and tests do the rest by hand. The flags follow envtest's (sigs.k8s.io/controller-runtime), which
turns ServiceAccount off.

Services get addresses in a /24 of 127.0.0.0/8, taken from the port number, so that it is this server's alone: the API server
reaches a webhook through its Service's cluster address, and a test that listens there is that Service.
"""

from __future__ import annotations

import itertools
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.cluster.client import Client, Json

Labels = Mapping[str, str]
Found = TypeVar("Found")

ADMIN = "admin-token"
PATIENCE = 60.0
PAUSE = 0.05
ATTEMPTS = 3


class NotStarted(RuntimeError):
    """A program of the API server ended, or was not ready in time; the text ends with the end of its log."""


@dataclass
class ApiServer:
    """`url` with https; `ca` the file to trust; `programs` where kubectl and helm are; `kubeconfig` is the administrator's."""

    url: str
    ca: Path
    programs: Path
    kubeconfig: Path
    admin: Client
    _names: Iterator[int] = field(default_factory=itertools.count)
    _clients: list[Client] = field(default_factory=list)

    def namespace(
        self, prefix: str = "apps", labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None
    ) -> str:
        """A new one, with the default ServiceAccount that the controllers of a cluster would make."""
        name = f"{prefix}-{next(self._names)}"
        self.make_namespace(name, labels, annotations)
        return name

    def make_namespace(
        self, name: str, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None
    ) -> None:
        metadata = {"name": name, "labels": labels or {}, "annotations": annotations or {}}
        self.admin.create("Namespace", {"metadata": metadata}).wanted()
        self.admin.create("ServiceAccount", {"metadata": {"name": "default"}}, name).wanted()

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """As the administrator."""
        command = [str(self.programs / "kubectl"), f"--kubeconfig={self.kubeconfig}", *arguments]
        environment = {"HOME": str(self.kubeconfig.parent)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def token(self, account: str, namespace: str) -> str:
        """A token of a ServiceAccount, as the kubelet asks for it (TokenRequest)."""
        path = f"api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        answer: Json = self.admin.request("POST", path, {"spec": {"expirationSeconds": 3600}}).wanted()
        return str(answer["status"]["token"])

    def eventually(self, look: Callable[[], Found], good: Callable[[Found], bool]) -> Found:
        """What is seen once it is good: the API server's caches follow a write within moments."""
        deadline = time.monotonic() + PATIENCE
        while not good(found := look()):
            assert time.monotonic() < deadline, f"still not so: {found}"
            time.sleep(PAUSE)
        return found

    def client(self, account: str, namespace: str) -> Client:
        """One that may do what the account's roles say; closed with the server."""
        self._clients.append(Client(self.url, self.token(account, namespace), self.ca))
        return self._clients[-1]

    def close(self) -> None:
        for client in (self.admin, *self._clients):
            client.close()


@contextmanager
def running(programs: Path, folder: Path) -> Iterator[ApiServer]:
    """Starts both and waits until the API server is ready; about five seconds on a quiet machine."""
    with ExitStack() as stack:
        etcd = started(stack, folder, "etcd", lambda: etcd_command(programs, folder))
        key_file(folder)
        url = started(stack, folder, "kube-apiserver", lambda: apiserver_command(programs, folder, etcd))
        ca = folder / "certificates" / "apiserver.crt"
        admin = Client(url, ADMIN, ca)
        ready(admin)
        server = ApiServer(url, ca, programs, kubeconfig(folder, url, ca), admin)
        stack.callback(server.close)
        for namespace in ("default", "kube-system"):
            server.eventually(partial(admin.get, "Namespace", namespace), lambda answer: answer.accepted)
            admin.create("ServiceAccount", {"metadata": {"name": "default"}}, namespace).wanted()
        yield server


def started(stack: ExitStack, folder: Path, name: str, command: Callable[[], tuple[str, list[str]]]) -> str:
    """The address of a program that accepts connections. A free port may be taken before it is bound: another one is tried."""
    for attempt in range(ATTEMPTS):
        url, arguments = command()
        log = folder / f"{name}-{attempt}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        if accepts(url, process):
            stack.callback(ended, process)
            return url
        ended(process)
    raise NotStarted(f"{name} did not start: {log.read_text()[-2000:]}")


def accepts(url: str, process: subprocess.Popen[bytes]) -> bool:
    host, port = url.rpartition("/")[2].split(":")
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return True
        time.sleep(PAUSE)
    return False


def ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def ready(admin: Client) -> None:
    deadline = time.monotonic() + PATIENCE
    while (answer := admin.request("GET", "readyz")).status != 200:
        if time.monotonic() > deadline:
            raise NotStarted(f"kube-apiserver is not ready: {answer.message}")
        time.sleep(PAUSE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def etcd_command(programs: Path, folder: Path) -> tuple[str, list[str]]:
    client, peer = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
    listen = [f"--listen-client-urls={client}", f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}"]
    return client, [str(programs / "etcd"), f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync", *listen]


def apiserver_command(programs: Path, folder: Path, etcd: str) -> tuple[str, list[str]]:
    port = free_port()
    url = f"https://127.0.0.1:{port}"
    flags = {
        "etcd-servers": etcd,
        "bind-address": "127.0.0.1",
        "secure-port": port,
        "cert-dir": folder / "certificates",
        "service-cluster-ip-range": f"127.{port >> 8}.{port & 255}.0/24",
        "advertise-address": "192.0.2.10",
        "endpoint-reconciler-type": "none",
        "allow-privileged": "true",
        "authorization-mode": "RBAC",
        "token-auth-file": folder / "tokens.csv",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": folder / "accounts.key",
        "service-account-signing-key-file": folder / "accounts.key",
        "profiling": "false",
        "v": 1,
    }
    return url, [str(programs / "kube-apiserver"), *(f"--{name}={value}" for name, value in flags.items())]


def key_file(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (folder / "accounts.key").write_bytes(encoded)
    (folder / "tokens.csv").write_text(f'{ADMIN},admin,1,"system:masters"\n')


def kubeconfig(folder: Path, url: str, ca: Path) -> Path:
    cluster = f"{{name: test, cluster: {{server: '{url}', certificate-authority: '{ca}'}}}}"
    text = f"""
apiVersion: v1
kind: Config
clusters: [{cluster}]
users: [{{name: admin, user: {{token: {ADMIN}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: admin}}}}]
current-context: test
"""
    path = folder / "kubeconfig"
    path.write_text(text)
    return path
