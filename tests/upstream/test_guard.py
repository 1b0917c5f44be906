"""Which addresses may be fetched, and that the connector gets no other."""

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from proxy.upstream.guard import GuardedResolver, Unfetchable, check_url, is_no_metadata, is_public

HTTPS = frozenset({"https"})
PORTS = frozenset({80, 443})


@pytest.mark.parametrize(
    "address",
    [
        *("93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"),
    ],
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "0.0.0.0", "255.255.255.255"),
        *("100.64.0.1", "100.100.100.200", "169.254.169.254", "168.63.129.16", "192.0.0.192", "192.0.0.9"),
        *(
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "192.88.99.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
        ),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::10.0.0.1"),
        *("64:ff9b::a9fe:a9fe", "64:ff9b:1::8.8.8.8", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2001:0:808:808::1"),
        *("100::1", "3fff::1", "5f00::1"),
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(address)


def test_metadata_is_refused_even_where_private_addresses_are_not() -> None:
    assert is_no_metadata("10.0.0.1")
    assert is_no_metadata("127.0.0.1")
    for address in ("169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "168.63.129.16", "fe80::1"):
        assert not is_no_metadata(address)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/a.png?x=1",
        "https://example.com:80/",
        "https://8.8.8.8/",
        "https://[2606:2800:220:1::1]/",
        "HTTPS://EXAMPLE.COM",
    ],
)
def test_an_address_that_may_be_fetched(text: str) -> None:
    assert check_url(text + "#part", HTTPS, PORTS, is_public).fragment == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://example.com/", "must begin with https://"),
        ("ftp://example.com/", "must begin with https://"),
        ("file:///etc/passwd", "not a valid address"),
        ("https://", "not a valid address"),
        ("https:///a", "not a valid address"),
        ("https://exa mple.com:x/", "not a valid address"),
        ("https://example.com/" + "a" * 9000, "not a valid address"),
        ("https://user@example.com/", "user or password"),
        ("https://:secret@example.com/", "user or password"),
        ("https://example.com:8443/", "the port 8443"),
        ("https://example.com:22/", "the port 22"),
        ("https://127.0.0.1/", "not on the public internet"),
        ("https://[::1]/", "not on the public internet"),
        ("https://[::ffff:10.0.0.1]/", "not on the public internet"),
        ("https://169.254.169.254/latest/meta-data/", "not on the public internet"),
        ("https://\uff11\uff12\uff17.0.0.1/", "not on the public internet"),
    ],
)
def test_an_address_that_may_not(text: str, words: str) -> None:
    with pytest.raises(Unfetchable) as caught:
        check_url(text, HTTPS, PORTS, is_public)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_any_port_where_it_is_configured() -> None:
    assert check_url("http://10.0.0.1:8080/", HTTPS | {"http"}, None, is_no_metadata).port == 8080


class Names(AbstractResolver):
    """Every name has these addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses
        self.closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None:
        self.closed = True


async def test_the_resolver_hands_on_what_it_has_seen() -> None:
    names = Names("8.8.8.8", "2606:2800:220:1::1")
    resolver = GuardedResolver(names, is_public)
    assert [result["host"] for result in await resolver.resolve("example.com", 443)] == [
        "8.8.8.8",
        "2606:2800:220:1::1",
    ]
    await resolver.close()
    assert names.closed


@pytest.mark.parametrize(
    "addresses", [("127.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("::ffff:169.254.169.254",), ("inner.example",)]
)
async def test_one_address_that_may_not_be_reached_is_enough(addresses: tuple[str, ...]) -> None:
    with pytest.raises(Unfetchable):
        await GuardedResolver(Names(*addresses), is_public).resolve("example.com", 443)
