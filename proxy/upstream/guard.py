"""Which web addresses may be fetched for a caller: of the public internet, unless the operator says otherwise.

A caller that names an address makes the proxy connect from inside
(https://owasp.org/www-community/attacks/Server_Side_Request_Forgery). So a URL is looked at before anything is done with
it, and an address is looked at after its name was resolved: the resolver here hands on nothing but what it has seen, and
the connector asks nobody else. Sources: the IANA registries of special-purpose addresses,
https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry; RFC 6052 (NAT64), RFC 3056
(6to4).
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

LONGEST_URL = 8192
#: Where clouds answer for the machine itself, not all of it in private ranges; refused whatever the operator says.
METADATA = tuple(
    map(
        ip_network,
        (
            "169.254.0.0/16",
            "fe80::/10",
            "fd00:ec2::254/128",
            "100.100.100.200/32",
            "168.63.129.16/32",
            "192.0.0.192/32",
        ),
    )
)
#: Besides what `ipaddress` knows: protocol assignments, the former 6to4 relays.
SPECIAL = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24")))
GLOBAL_UNICAST = ip_network("2000::/3")
SPECIAL_V6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


class Unfetchable(Exception):
    """Why an address is not fetched, in words that follow its name."""


def is_public(text: str) -> bool:
    """Whether the address is one of the public internet. One that holds an IPv4 address is as public as that."""
    address = unwrapped(text)
    if any(address in network for network in METADATA):
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in network for network in SPECIAL)
    return address in GLOBAL_UNICAST and not any(address in network for network in SPECIAL_V6)


def is_no_metadata(text: str) -> bool:
    """What may be reached where private addresses are allowed."""
    address = unwrapped(text)
    return not any(address in network for network in METADATA)


def unwrapped(text: str) -> Address:
    """The address, or the IPv4 address in it; without a scope."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def check_url(
    text: str, schemes: frozenset[str], ports: frozenset[int] | None, may_reach: Callable[[str], bool]
) -> URL:
    """The URL, if it may be fetched as far as can be seen without asking anybody. A `ports` of None is any."""
    try:
        url = URL(text) if len(text) <= LONGEST_URL else URL()
    except ValueError:
        raise Unfetchable("is not a valid address") from None
    if not url.raw_host or url.port is None:
        raise Unfetchable("is not a valid address")
    if url.scheme not in schemes:
        raise Unfetchable(f"must begin with {' or '.join(f'{scheme}://' for scheme in sorted(schemes, reverse=True))}")
    if url.user is not None or url.password is not None:
        raise Unfetchable("must not hold a user or password")
    if ports is not None and url.port not in ports:
        raise Unfetchable(f"must not name the port {url.port}")
    if is_literal(url.raw_host) and not may_reach(url.raw_host):
        raise Unfetchable("is not on the public internet")
    return url.with_fragment(None)


def is_literal(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class GuardedResolver(AbstractResolver):
    """Looks names up and hands on their addresses, if each of them may be reached; Unfetchable if one may not."""

    def __init__(self, inner: AbstractResolver, may_reach: Callable[[str], bool]) -> None:
        self._inner = inner
        self._may_reach = may_reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        results = await self._inner.resolve(host, port, family)
        for result in results:
            if not is_literal(result["host"]) or not self._may_reach(result["host"]):
                raise Unfetchable("is not on the public internet")
        return results

    async def close(self) -> None:
        await self._inner.close()
