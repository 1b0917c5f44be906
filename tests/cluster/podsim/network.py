"""A node's network and those of its pods: a bridge in a namespace of its own, and a veth to each pod.

The machine's own network stays out of it: nothing is routed, and no address of these is on it. What a dead process left
behind is removed by the next one that makes a node.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.cluster.podsim.objects import Json
from tests.cluster.podsim.sandbox import Wanted

CLONE_NEWNET = 0x40000000
NAMED = Path("/run/netns")
HERE = "/proc/thread-self/ns/net"
PREFIX = "podsim-"
#: Family -> the prefix of every address on the bridge, and its length. The node is number 1.
FAMILIES = {4: ("10.244.7.", 24), 6: ("fd00:244:7::", 64)}
DUAL = (4, 6)
TOOLS = ("ip", "nsenter", "unshare", "setpriv", "mount", "chroot")

#: Some are where only root looks.
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
IP = shutil.which("ip", path=PATH) or "ip"

_numbers = count(1)


def missing() -> str | None:
    """Why there can be no namespaces here; None where there can."""
    if os.geteuid():
        return "not root: no network namespaces"
    absent = [tool for tool in TOOLS if shutil.which(tool, path=PATH) is None]
    if absent:
        return f"not installed: {', '.join(absent)}"
    name = _new_name()
    done = subprocess.run([IP, "netns", "add", name], capture_output=True, text=True, timeout=10)
    if done.returncode:
        return f"ip netns add: {done.stderr.strip()}"
    _remove(name)
    return None


class PodNetwork(NamedTuple):
    """namespace: its name for `ip netns`, empty where it has none. addresses: the first of them is status.podIP.

    ports: where the sidecar's data port and the other one are.
    """

    namespace: str
    addresses: tuple[str, ...]
    ports: tuple[int, int] = (11411, 11412)

    @property
    def path(self) -> Path | None:
        return NAMED / self.namespace if self.namespace else None


class Node(Protocol):
    """Where pods run. adapted and placed: a pod's spec and a container as they have to be there."""

    def address(self, family: int = 4) -> str: ...
    def pod(self, families: tuple[int, ...] = DUAL) -> PodNetwork: ...
    def release(self, pod: PodNetwork) -> None: ...
    def entered(self) -> AbstractContextManager[None]: ...
    def adapted(self, spec: Json, pod: PodNetwork) -> Json: ...
    def placed(self, wanted: Wanted) -> Wanted: ...


class NodeNetwork:
    """Where kubelet, Prometheus and what pods call are: use it as a context; `entered` is where sockets are made.

    outside: a descriptor of the namespace that this thread is in when it is made.
    """

    def __init__(self) -> None:
        self.namespace = _new_name()
        self.outside = os.open(HERE, os.O_RDONLY)
        self._pods: list[str] = []
        self._members = count(2)

    def __enter__(self) -> NodeNetwork:
        _sweep()
        _ip("netns", "add", self.namespace)
        lines = ["link set lo up", "link add cni0 type bridge", "link set cni0 up"]
        _batch(self.namespace, lines + [f"addr add {each} dev cni0 nodad" for each in _addresses(1, DUAL)])
        return self

    def __exit__(self, *exc: object) -> None:
        for name in (*self._pods, self.namespace):
            _remove(name)
        os.close(self.outside)

    def address(self, family: int = 4) -> str:
        """The node's own, as a pod reaches it."""
        return f"{FAMILIES[family][0]}1"

    def pod(self, families: tuple[int, ...] = DUAL) -> PodNetwork:
        """A pod's namespace; loopback has both families unless IPv6 is off, as on a node without it."""
        name, number = _new_name(), next(self._members)
        _ip("netns", "add", name)
        self._pods.append(name)
        if 6 not in families:
            _without_six(NAMED / name)
        _batch(
            self.namespace,
            [f"link add v{number} type veth peer name eth0 netns {name}", f"link set v{number} master cni0 up"],
        )
        inside = [f"addr add {each} dev eth0 nodad" for each in _addresses(number, families)]
        _batch(name, ["link set lo up", "link set eth0 up", *inside])
        return PodNetwork(name, tuple(each.partition("/")[0] for each in _addresses(number, families)))

    def release(self, pod: PodNetwork) -> None:
        _remove(pod.namespace)
        self._pods.remove(pod.namespace)

    def adapted(self, spec: Json, pod: PodNetwork) -> Json:
        return spec

    def placed(self, wanted: Wanted) -> Wanted:
        return wanted

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This thread, and those it starts, make their sockets on the node until the block ends."""
        with namespace(NAMED / self.namespace):
            yield


@contextmanager
def namespace(path: Path) -> Iterator[None]:
    """This thread is in that network namespace until the block ends."""
    before = os.open(HERE, os.O_RDONLY)
    wanted = os.open(path, os.O_RDONLY)
    try:
        enter(wanted)
        yield
        enter(before)
    finally:
        os.close(wanted)
        os.close(before)


def enter(descriptor: int) -> None:
    """setns(2) for this thread. OSError where the kernel refuses."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(descriptor, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _without_six(path: Path) -> None:
    """These files are those of the namespace that the thread is in."""
    with namespace(path):
        for which in ("all", "default", "lo"):
            Path(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6").write_text("1")


def _addresses(number: int, families: tuple[int, ...]) -> list[str]:
    return [f"{FAMILIES[family][0]}{number:{'x' if family == 6 else 'd'}}/{FAMILIES[family][1]}" for family in families]


def _new_name() -> str:
    return f"{PREFIX}{os.getpid()}-{next(_numbers)}"


def _sweep() -> None:
    """Another process may be at it, too, and have removed one first."""
    for path in NAMED.glob(f"{PREFIX}*"):
        if not Path("/proc", path.name.split("-")[1]).exists():
            subprocess.run([IP, "netns", "del", path.name], capture_output=True, timeout=10)


def _remove(name: str) -> None:
    _ip("netns", "del", name)


def _ip(*words: str) -> None:
    _run(IP, *words)


def _batch(name: str, lines: list[str]) -> None:
    _run(IP, "-n", name, "-batch", "-", text="".join(f"{line}\n" for line in lines))


def _run(*command: str, text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr or done.stdout}"
