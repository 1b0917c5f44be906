"""What this machine itself has to offer: ports, the ledger's folder, files that hold keys, packages that are configured.

Nothing is changed: a port is taken for a moment, a file without a name is written and gone. Everything here blocks for a moment.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from proxy.config import Config
from proxy.config.values import Secret
from proxy.doctor.finding import FAILED, OK, SKIPPED, WARNING, Finding
from proxy.server.listen import ABSENT_ADDRESS, listen_on

#: OSError's number -> what to do, of ports and of folders.
PORT_ADVICE: Mapping[int, str] = {
    errno.EACCES: "ports below 1024 are for root: choose another, or give the capability NET_BIND_SERVICE",
    errno.EADDRNOTAVAIL: "this machine has no such address: correct the hosts",
}
FOLDER_ADVICE: Mapping[int, str] = {
    errno.EACCES: "give the folder to the user that the sidecar runs as (in a pod: securityContext.fsGroup)",
    errno.EROFS: "the file system is read-only: mount a volume there",
    errno.ENOSPC: "the disk is full: make room, or enlarge the volume",
}
SECRET_ADVICE = "chmod 600 {path}"


# ---- ports


def port_findings(name: str, hosts: Sequence[str], port: int, sidecar: str | None) -> Iterator[Finding]:
    """`name` is the section. `sidecar`: what is known of one that runs already, None where none does."""
    dual = all(":" in host for host in hosts)
    for at, host in enumerate(hosts):
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            listen_on(host, port, dual).close()
        except OSError as error:
            if at and error.errno in ABSENT_ADDRESS:
                yield Finding(name, "port", SKIPPED, f"{shown}: this machine has no such address, and does without")
            else:
                yield taken(name, shown, error, sidecar)
        else:
            yield Finding(name, "port", OK, f"{shown} is free")


def taken(name: str, shown: str, error: OSError, sidecar: str | None) -> Finding:
    if error.errno != errno.EADDRINUSE:
        told = f"{shown} cannot be had: {error.strerror}"
        return Finding(name, "port", FAILED, told, PORT_ADVICE.get(error.errno or 0, f"correct {name}.hosts"))
    if sidecar is not None:
        return Finding(name, "port", OK, f"{shown} is taken by {sidecar}")
    advice = f"end what listens there (`ss -ltnp` names it), or choose another {name}.port"
    return Finding(
        name, "port", FAILED, f"{shown} is taken, and not by a sidecar with this configuration's ops port", advice
    )


# ---- the ledger


def ledger_findings(config: Config) -> Iterator[Finding]:
    if config.budget_state is None:
        if config.budgets:
            advice = "set budget_state.path to a volume that outlives the container, if that is not meant so"
            yield Finding("budgets", "ledger", WARNING, "what was spent is forgotten when the process ends", advice)
        return
    yield folder_finding("budgets", "ledger", Path(config.budget_state.path))


def folder_finding(subject: str, check: str, folder: Path) -> Finding:
    """Whether a file can be written there; or, where the folder has to be made first, in what is there of it."""
    there = folder
    try:
        there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        told = f"{there} cannot be written to: {error.strerror}"
        return Finding(subject, check, FAILED, told, FOLDER_ADVICE.get(error.errno or 0, "correct budget_state.path"))
    made = "" if there == folder.absolute() or there == folder else f"; {folder} will be made"
    return Finding(subject, check, OK, f"{there} can be written to{made}")


# ---- files that hold keys


def secret_findings(config: Config, file: Path | None) -> Iterator[Finding]:
    secrets = list(secrets_of(config))
    paths = {secret.file for secret in secrets if secret.file is not None}
    if file is not None and any(secret.origin == "configuration file" for secret in secrets):
        paths.add(file)
    options = (entry.options.get("credentials_file") for entry in config.providers.values())
    paths |= {Path(path) for path in options if path}
    for path in sorted(paths):
        yield mode_finding(path)


def secrets_of(config: Config) -> Iterator[Secret]:
    for entry in config.providers.values():
        yield from filter(None, (entry.api_key, *entry.api_keys, *entry.headers.values()))
    if config.sharing is not None and config.sharing.password is not None:
        yield config.sharing.password


def mode_finding(path: Path) -> Finding:
    subject, check = str(path), "permissions"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return Finding(subject, check, FAILED, f"unreadable: {error.strerror}", "correct the path, or who may read it")
    advice = SECRET_ADVICE.format(path=path)
    if mode & stat.S_IWOTH:
        return Finding(subject, check, FAILED, f"everyone may write it (mode {mode:04o})", advice)
    if mode & stat.S_IROTH and not is_mounted(path):
        return Finding(subject, check, WARNING, f"everyone may read it (mode {mode:04o})", advice)
    return Finding(subject, check, OK, f"mode {mode:04o}")


def is_mounted(path: Path) -> bool:
    """Whether kubelet has put it there: then only the containers of one pod see it, whatever its mode says."""
    return (path.parent / "..data").is_symlink()


# ---- packages


def package_findings(config: Config) -> Iterator[Finding]:
    """Those that are installed only where they are asked for."""
    wanted = {"redis": config.sharing is not None, "tiktoken": config.tokens.counter == "tiktoken"}
    for package, is_wanted in wanted.items():
        if is_wanted and find_spec(package) is None:
            advice = f"pip install 'outrider[{package}]', or leave out what needs it"
            yield Finding(package, "package", FAILED, "it is configured, and not installed", advice)
