"""Process 1 of a container: set up as a pod asks, then replaced by the image's command. A program of its own, in new namespaces.

    unshare --mount --net --pid --fork python launch.py FD SPEC

SPEC is JSON: `root`, `mounts` (a folder -> where it is seen), `user`, `environment`, `command`, `writable`. It does what a
container runtime does for a pod with the restricted security context: loopback up, /proc and a small /dev, the root and what is
mounted read-only, no capabilities, no new privileges. It knows no cgroups and no seccomp. Just before the command starts it
writes to FD its process id in the /proc it was started with, and the time (time.monotonic), parted by a blank. Standard library
alone: it runs outside the environment.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import stat
import struct
import sys
import time
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
# linux/mount.h, linux/prctl.h, linux/sockios.h, linux/if.h
READ_ONLY, NO_SET_UID, REMOUNT, BIND, RECURSIVE = 1, 2, 32, 4096, 16384
DROP_BOUND, NO_NEW_PRIVILEGES = 24, 38
SET_FLAGS, UP = 0x8914, 1
DEVICES = {"null": (1, 3), "zero": (1, 5), "random": (1, 8), "urandom": (1, 9)}


def done(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount(source: str, target: Path, kind: str | None, flags: int) -> None:
    done(LIBC.mount(source.encode(), str(target).encode(), kind.encode() if kind else None, flags, None))


def loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh22x", b"lo", UP))


def prepare(root: Path, mounts: dict[str, str], writable: bool) -> None:
    mount(str(root), root, None, BIND | RECURSIVE)
    for source, seen in mounts.items():
        place = root / seen.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        mount(source, place, None, BIND)
        mount(source, place, None, BIND | REMOUNT | READ_ONLY)
    mount("proc", root / "proc", "proc", NO_SET_UID)
    mount("tmpfs", root / "dev", "tmpfs", NO_SET_UID)
    for name, (major, minor) in DEVICES.items():
        os.mknod(root / "dev" / name, 0o666 | stat.S_IFCHR, os.makedev(major, minor))
        (root / "dev" / name).chmod(0o666)
    mount("tmpfs", root / "dev", None, REMOUNT | READ_ONLY)
    if not writable:
        mount(str(root), root, None, BIND | REMOUNT | READ_ONLY)


def drop(user: int) -> None:
    """No capability, and none to be had again."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text("utf-8"))
    for capability in range(last + 1):
        done(LIBC.prctl(DROP_BOUND, capability, 0, 0, 0))
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    done(LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))


def main(told: int, root: Path, spec: dict[str, object]) -> None:
    outside = os.readlink("/proc/self")
    loopback_up()
    prepare(root, dict(spec["mounts"]), bool(spec["writable"]))  # type: ignore[call-overload]
    os.chroot(root)
    os.chdir("/")
    drop(int(str(spec["user"])))
    command = [str(word) for word in spec["command"]]  # type: ignore[attr-defined]
    environment = {str(name): str(value) for name, value in dict(spec["environment"]).items()}  # type: ignore[call-overload]
    os.set_inheritable(told, False)
    os.write(told, f"{outside} {time.monotonic()}\n".encode())
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    asked = json.loads(sys.argv[2])
    main(int(sys.argv[1]), Path(asked["root"]), asked)
