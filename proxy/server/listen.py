"""Listening sockets, on machines that have IPv4, IPv6 or both. It does not know who will accept on them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence

ABSENT_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
#: Those of one family, which a machine of the other may lack.
OF_A_FAMILY = frozenset({"127.0.0.1", "0.0.0.0", "::1", "::"})


def listen(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """One socket for each host this machine has, and it must have one; if the first is not OF_A_FAMILY, that.

    `::` takes IPv4 too if no IPv4 host is listed. Port 0 takes a free one, the same on every host. Raises OSError.
    """
    dual = all(":" in host for host in hosts)
    sockets: list[socket.socket] = []
    for number, host in enumerate(hosts, 1):
        try:
            sockets.append(listen_on(host, sockets[0].getsockname()[1] if sockets else port, dual))
        except OSError as error:
            more = sockets or (host in OF_A_FAMILY and number < len(hosts))
            if more and error.errno in ABSENT_ADDRESS:
                continue
            for opened in sockets:
                opened.close()
            raise
    return sockets


def listen_on(host: str, port: int, dual: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, dualstack_ipv6=host == "::" and dual)
