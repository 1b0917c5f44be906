"""What `outrider injector` is told: its options and the environment as one value, or what is wrong with them.

It reads the names of files and the namespace, and opens no connection; what it imports is light, for it comes first of all.
"""

from __future__ import annotations

import argparse
import ipaddress
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

#: Where the kubelet mounts the account: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
HOSTS = ("::", "0.0.0.0")
DNS_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)
NAMES = ("namespace", "service", "secret", "webhook")
HIGHEST_PORT = 65535


class BadOption(ValueError):
    """The message names the option."""


class Settings(NamedTuple):
    """names: extra names of the certificate. api: without a path."""

    template: Path
    namespace: str
    service: str
    secret: str
    webhook: str
    names: tuple[str, ...]
    hosts: tuple[str, ...]
    port: int
    ops_port: int
    tls_directory: Path | None
    allow_on_error: bool
    events: bool
    api: str
    token_file: Path | None
    ca_file: Path | None
    instance: str
    log_level: str

    @property
    def certificate_names(self) -> tuple[str, ...]:
        """How API servers may call the service; `SERVICE.NAMESPACE.svc` is the one they do."""
        service, namespace = self.service, self.namespace
        within = (service, f"{service}.{namespace}", f"{service}.{namespace}.svc")
        return (*within, f"{service}.{namespace}.svc.cluster.local", *self.names)


def settings_of(given: argparse.Namespace, environ: Mapping[str, str], account: Path = ACCOUNT) -> Settings:
    """Raises BadOption."""
    files = given.tls == "files"
    if files and not given.tls_dir:
        raise BadOption("--tls-dir is needed with --tls files")
    within = not given.api
    settings = Settings(
        template=Path(given.template),
        namespace=given.namespace or environ.get("POD_NAMESPACE") or read_namespace(account),
        service=given.service,
        secret=given.secret,
        webhook=given.webhook,
        names=tuple(map(certificate_name, given.san or ())),
        hosts=tuple(given.hosts or HOSTS),
        port=given.port,
        ops_port=given.ops_port,
        tls_directory=Path(given.tls_dir) if files else None,
        allow_on_error=given.on_error == "allow",
        events=given.events,
        api=(given.api or in_cluster(environ)).rstrip("/"),
        token_file=Path(given.token_file) if given.token_file else account / "token" if within else None,
        ca_file=Path(given.ca_file) if given.ca_file else account / "ca.crt" if within else None,
        instance=environ.get("POD_NAME") or environ.get("HOSTNAME") or "",
        log_level=given.log_level,
    )
    return checked(settings)


def checked(settings: Settings) -> Settings:
    for name in NAMES:
        if not DNS_NAME.fullmatch(getattr(settings, name)):
            raise BadOption(f"--{name} must be a DNS name, not {getattr(settings, name)!r}")
    for option, port in (("--port", settings.port), ("--ops-port", settings.ops_port)):
        if not 0 <= port <= HIGHEST_PORT:
            raise BadOption(f"{option} must be a port, 0 to {HIGHEST_PORT}, not {port}")
    if settings.port == settings.ops_port and settings.port:
        raise BadOption(f"--ops-port is {settings.ops_port}, which --port is too; they must differ")
    if not settings.api.startswith(("https://", "http://")):
        raise BadOption(f"--api must be an address as https://HOST:PORT, not {settings.api!r}")
    return settings


def certificate_name(given: str) -> str:
    """As the certificate will say it, so that the two can be compared."""
    with suppress(ValueError):
        return str(ipaddress.ip_address(given))
    if not DNS_NAME.fullmatch(given.lower().removeprefix("*.")):
        raise BadOption(f"--san must be a DNS name or an address, not {given!r}")
    return given.lower()


def read_namespace(account: Path) -> str:
    try:
        return (account / "namespace").read_text("utf-8").strip()
    except OSError:
        raise BadOption("--namespace is needed outside of a cluster") from None


def in_cluster(environ: Mapping[str, str]) -> str:
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        raise BadOption("--api is needed outside of a cluster")
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
