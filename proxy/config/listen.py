"""The section `listen`: where applications are answered, and who of them is let in.

What the keys are and which of them go together is said here. Nothing is opened: who reads the tokens and the certificates is
in proxy/server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Annotated, Any

from msgspec import Meta, Struct

from proxy.config.decode import ConfigError, shown
from proxy.config.values import WRITTEN, Host, Port, Size, Sources

LONGEST_PATH = 1000


def read_path(value: Any, path: str, sources: Sources) -> str:
    """A file or a directory; a relative one starts at the directory of the configuration file. It need not be there yet."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_PATH or "\0" in value:
        raise ConfigError(path, shown(value), f"a path of 1 to {LONGEST_PATH} characters")
    return str(sources.directory / value)


def _about(description: str) -> Meta:
    return Meta(description=description)


PATH_SCHEMA = {"type": "string", "minLength": 1, "maxLength": LONGEST_PATH}
Hosts = Annotated[tuple[Host, ...], Meta(min_length=1, extra={"allowed": "a list of at least one host"})]
FilePath = Annotated[str, Meta(extra={"read": read_path}, extra_json_schema={WRITTEN: PATH_SCHEMA})]
NamePattern = Annotated[
    str,
    Meta(pattern=r"^[!-~]{1,253}$(?!\n)", extra={"allowed": "1 to 253 visible characters, `*` for any number of any"}),
]


class ListenTls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`listen.tls`: the data port speaks TLS, and with a `client_ca` asks each caller for a certificate."""

    certificate: Annotated[FilePath, _about("The certificate and those that signed it, PEM.")]
    key: Annotated[FilePath, _about("Its private key, PEM, without a passphrase.")]
    client_ca: Annotated[
        FilePath | None, _about("Who signs the certificates of callers, PEM. Without it nobody is asked for one.")
    ] = None
    names: Annotated[
        tuple[NamePattern, ...],
        _about(
            "Who of them is let in, by a name in the certificate: a URI, a DNS name or the common name. All if empty."
        ),
    ] = ()


class Listen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data port, which the application talks to."""

    hosts: Annotated[Hosts, _about("Addresses to listen on.")] = ("127.0.0.1", "::1")
    port: Annotated[Port, _about("Port to listen on.")] = 11411
    body_limit: Annotated[Size, _about("Largest request body, in bytes.")] = 64 << 20
    header_limit: Annotated[Size, _about("Largest request head, in bytes.")] = 32 << 10
    tokens: Annotated[
        FilePath | None,
        _about(
            "A directory of tokens, such as a mounted Secret: a file's name is the caller's, what it holds its token."
        ),
    ] = None
    tls: Annotated[ListenTls | None, _about("TLS, and certificates of callers.")] = None

    @property
    def guarded(self) -> bool:
        """Whether callers have to show who they are."""
        return self.tokens is not None or (self.tls is not None and self.tls.client_ca is not None)


def listen_faults(listen: Listen) -> Iterator[ConfigError]:
    if listen.tls is not None and listen.tls.names and listen.tls.client_ca is None:
        yield ConfigError("listen.tls.names", "given without client_ca", "names only beside a client_ca")


def open_hosts(listen: Listen) -> Sequence[str]:
    """The hosts on which whoever can reach the port is answered at the operator's cost; none where callers are asked."""
    return [] if listen.guarded else [host for host in listen.hosts if not is_loopback(host)]


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


#: What is said of them at the start, by `outrider check` and by the doctor.
OPEN = "reachable from outside the pod without a token or a certificate: whoever reaches it spends what your keys are good for"
OPEN_ADVICE = "set listen.tokens or listen.tls.client_ca; a NetworkPolicy at least, if that is not to be"
