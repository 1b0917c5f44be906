"""Listening sockets on machines that have IPv4, IPv6 or both. It does not know who will accept on them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence

ABSENT_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def listen_first(hosts: Sequence[str], port: int) -> socket.socket:
    """A socket on the first host this machine has; `::` takes IPv4 too. Port 0 takes a free one. Raises OSError."""
    for host in hosts[:-1]:
        try:
            return listen_on(host, port)
        except OSError as error:
            if error.errno not in ABSENT_ADDRESS:
                raise
    return listen_on(hosts[-1], port)


def listen_on(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    dual = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, dualstack_ipv6=dual, backlog=512)
