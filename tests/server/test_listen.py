"""Listening on machines with and without IPv6, over real sockets."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from proxy.server.listen import listen

ABSENT = "192.0.2.1"  # RFC 5737: belongs to documentation and to no machine


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def addresses(opened: ExitStack, hosts: list[str], port: int = 0) -> list[tuple[str, int]]:
    return [opened.enter_context(closing(sock)).getsockname()[:2] for sock in listen(hosts, port)]


def needs_ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 loopback here: {error}")


def connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def test_every_host_gets_the_same_port(opened: ExitStack) -> None:
    needs_ipv6()
    (host, port), (second, same) = addresses(opened, ["127.0.0.1", "::1"])
    assert (host, second) == ("127.0.0.1", "::1")
    assert port == same > 0
    assert connects("127.0.0.1", port)
    assert connects("::1", port)


def test_a_later_host_may_be_absent(opened: ExitStack) -> None:
    assert [host for host, _ in addresses(opened, ["127.0.0.1", ABSENT])] == ["127.0.0.1"]


def test_a_later_family_may_be_absent(opened: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    create = socket.create_server

    def without_ipv6(address: tuple[str, int], *, family: int, dualstack_ipv6: bool) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return create(address, family=family)

    monkeypatch.setattr(socket, "create_server", without_ipv6)
    assert [host for host, _ in addresses(opened, ["127.0.0.1", "::1"])] == ["127.0.0.1"]


def without_ipv4(address: tuple[str, int], *, family: int, dualstack_ipv6: bool) -> socket.socket:
    """A machine of IPv6 alone, where even the loopback has no other address."""
    if family == socket.AF_INET:
        raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
    return socket.socket(family)


@pytest.mark.parametrize("hosts", [["127.0.0.1", "::1"], ["0.0.0.0", "::"]])
def test_the_first_may_be_absent_where_it_stands_for_a_family(
    hosts: list[str], opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "create_server", without_ipv4)
    sockets = [opened.enter_context(closing(sock)) for sock in listen(hosts, 0)]
    assert [sock.family for sock in sockets] == [socket.AF_INET6]


def test_none_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_server", without_ipv4)
    for hosts in (["127.0.0.1"], ["127.0.0.1", "0.0.0.0"]):
        with pytest.raises(OSError, match="Cannot assign"):
            listen(hosts, 0)


def test_the_first_host_must_be_there() -> None:
    with pytest.raises(OSError, match=ABSENT) as raised:
        listen([ABSENT, "127.0.0.1"], 0)
    assert raised.value.errno == errno.EADDRNOTAVAIL


def test_a_port_in_use_is_an_error_and_nothing_stays_open(opened: ExitStack) -> None:
    needs_ipv6()
    [(_, port)] = addresses(opened, ["::1"])
    with pytest.raises(OSError, match="in use"):
        listen(["127.0.0.1", "::1"], port)
    assert not connects("127.0.0.1", port)


def test_the_ipv6_wildcard_takes_ipv4_when_alone(opened: ExitStack) -> None:
    needs_ipv6()
    [(_, port)] = addresses(opened, ["::"])
    assert connects("127.0.0.1", port)


def test_both_wildcards_stand_side_by_side(opened: ExitStack) -> None:
    needs_ipv6()
    (_, port), (_, same) = addresses(opened, ["0.0.0.0", "::"])
    assert port == same
    assert connects("127.0.0.1", port)
    assert connects("::1", port)
