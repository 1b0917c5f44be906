"""A container's command line: namespaces of its own, a root of bind mounts, a user, and then the command as process 1.

Everything that is mounted belongs to the namespace and goes with its last process. `setpriv` is the last step before the command:
it would end the process with ours, were ours killed.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

from tests.cluster.podsim.images import SYSTEM

#: What /bin and the like are on this machine: a link into /usr, or a folder.
TOP = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
ETC = ("ssl", "ld.so.cache", "ca-certificates", "alternatives")
PASSWD = "root:x:0:0::/:/none\napp:x:1000:1000::/:/none\nnonroot:x:65532:65532::/:/none\n"
HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n"


class Mount(NamedTuple):
    source: Path
    target: str
    writable: bool = False


class Wanted(NamedTuple):
    """A container as it is to run. root: an empty folder for its file system.

    network: the path of the namespace; None for a plain process of this machine, with nothing of its own.
    """

    command: list[str]
    environment: dict[str, str]
    root: Path
    network: Path | None
    mounts: list[Mount]
    uid: int
    read_only: bool = False
    no_new_privileges: bool = False
    workdir: str = "/"


def command_line(wanted: Wanted) -> list[str]:
    """What to execute; the environment is given to it as it is."""
    if wanted.network is None:
        return ["setpriv", "--pdeathsig", "KILL", *wanted.command] if SETPRIV else wanted.command
    outside = ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={wanted.network}"]
    apart = ["unshare", "--mount", "--ipc", "--uts", "--propagation", "private"]
    return [*outside, *apart, "/bin/sh", "-euc", _script(wanted), "container", *_inside(wanted)]


def _inside(wanted: Wanted) -> list[str]:
    user = [
        f"--reuid={wanted.uid}",
        f"--regid={wanted.uid}",
        "--clear-groups",
        "--inh-caps=-all",
        "--bounding-set=-all",
    ]
    privileges = ["--no-new-privs"] if wanted.no_new_privileges else []
    # A shell has what it runs in the background ignore these two.
    step = ["env", "--default-signal=INT,QUIT", f"--chdir={wanted.workdir}"]
    return ["setpriv", *user, *privileges, "--pdeathsig=KILL", *step, *wanted.command]


def _script(wanted: Wanted) -> str:
    """Binds, then the first process of a new namespace: what it ends with, this shell ends with."""
    root = wanted.root
    _furnish(root)
    lines = [_mount("--bind", root, root)]
    for mount in (*_system(), *wanted.mounts):
        point = _point(root, mount)
        lines.append(_mount("--rbind", mount.source, point))
        lines += [] if mount.writable else [_mount("-o", "remount,bind,ro", point)]
    first = [_mount("-t", "proc", "proc", root / "proc")]
    if wanted.read_only:
        first.append(_mount("-o", "remount,bind,ro", root))
    else:
        (root / "tmp").chmod(0o777)
    first.append(f'exec {CHROOT} {shlex.quote(str(root))} "$@"')
    inner = f"unset PWD; {{ {'; '.join(first)}; }} & wait $!; exit $?"
    return "\n".join([*lines, f'exec unshare --pid /bin/sh -uc {shlex.quote(inner)} container "$@"'])


def _mount(*words: object) -> str:
    return shlex.join(["mount", *map(str, words)])


def _system() -> list[Mount]:
    folders = [Mount(Path(path), path) for path in SYSTEM]
    folders += [Mount(Path("/", name), f"/{name}") for name in TOP if _is_folder(Path("/", name))]
    return [
        *folders,
        *(Mount(Path("/etc", name), f"/etc/{name}") for name in ETC if Path("/etc", name).exists()),
        DEVICES,
    ]


CHROOT, SETPRIV = shutil.which("chroot", path=f"{os.defpath}:/usr/sbin:/sbin"), shutil.which("setpriv")
DEVICES = Mount(Path("/dev"), "/dev", writable=True)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _furnish(root: Path) -> None:
    """Everything that is no mount. Mount points are made here too: the root may be read-only when they are needed."""
    for name in ("etc", "proc", "tmp", "run"):
        (root / name).mkdir(parents=True)
    for name in TOP:
        if Path("/", name).is_symlink():
            (root / name).symlink_to(Path("/", name).readlink())
    (root / "etc" / "passwd").write_text(PASSWD, "utf-8")
    (root / "etc" / "group").write_text("root:x:0:\napp:x:1000:\nnonroot:x:65532:\n", "utf-8")
    (root / "etc" / "hosts").write_text(HOSTS, "utf-8")


def _point(root: Path, mount: Mount) -> Path:
    point = root / mount.target.lstrip("/")
    if mount.source.is_dir():
        point.mkdir(parents=True, exist_ok=True)
    else:
        point.parent.mkdir(parents=True, exist_ok=True)
        point.touch()
    return point


def joined(pid: int, wanted: Wanted, command: list[str]) -> list[str]:
    """What executes `command` in a container that runs, whose process 1 is `pid` here."""
    if wanted.network is None:
        return command
    into = ["nsenter", f"--target={pid}", "--mount", "--pid", "--net", "--ipc", "--uts", "--root", "--wdns=/"]
    return [*into, *_inside(wanted._replace(command=command))]
