"""Sockets for machines with IPv4, IPv6 or both."""

from __future__ import annotations

import errno
import socket

import pytest

from proxy.injector import listening as subject
from proxy.injector.listening import listen_first


def test_the_first_host_is_taken_and_takes_ipv4_too() -> None:
    with listen_first(("::", "0.0.0.0"), 0) as found:
        port = found.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), 2).close()
        if found.family == socket.AF_INET6:
            socket.create_connection(("::1", port), 2).close()


@pytest.mark.parametrize("code", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_without_ipv6_the_next_is_taken(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def without_ipv6(host: str, port: int) -> socket.socket:
        if ":" in host:
            raise OSError(code, "absent")
        return socket.create_server(("127.0.0.1", port))

    monkeypatch.setattr(subject, "listen_on", without_ipv6)
    with listen_first(("::", "0.0.0.0"), 0) as found:
        assert found.family == socket.AF_INET
    with pytest.raises(OSError, match="absent"):
        listen_first(("::1", "::"), 0)


def test_a_port_in_use_is_an_error_and_no_reason_to_go_elsewhere() -> None:
    with listen_first(("127.0.0.1",), 0) as first, pytest.raises(OSError, match="in use"):
        listen_first(("127.0.0.1", "0.0.0.0"), first.getsockname()[1])
