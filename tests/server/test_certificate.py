"""Names in certificates and who is let in by them, and when a certificate ends, of such as OpenSSL makes."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import Any

import pytest

from proxy.server.certificate import caller_in, end_of, names_in, not_after
from tests.upstream.certificates import Authority

URI, DNS, NAME = "spiffe://cluster.local/ns/shop/sa/cart", "cart.shop.svc", "cart"
PEER: dict[str, Any] = {
    "subject": ((("organizationName", "Shop"),), (("commonName", NAME),)),
    "subjectAltName": (("DNS", DNS), ("IP Address", "10.0.0.1"), ("URI", URI)),
}


def test_the_more_particular_name_comes_first() -> None:
    assert list(names_in(PEER)) == [URI, DNS, NAME]
    assert list(names_in({})) == []


@pytest.mark.parametrize(
    ("patterns", "name"),
    [
        ([], URI),
        (["*"], URI),
        (["spiffe://cluster.local/ns/shop/*"], URI),
        (["spiffe://cluster.local/ns/other/*", "*.shop.svc"], DNS),
        ([NAME], NAME),
        (["car"], None),
        (["art"], None),
        (["*.SHOP.svc"], None),
        (["cart?shop.svc", "c.rt"], None),
        (["10.0.0.1"], None),
    ],
)
def test_who_is_let_in(patterns: list[str], name: str | None) -> None:
    assert caller_in(PEER, patterns) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("spiffe://cluster.local/ns/shop/sa/" + "a" * 200, "spiffe://cluster.local/ns/shop/sa/" + "a" * 199 + "b"),
        ("m\u00fcller", "m\u00f6ller"),
        ("a b", "a?b"),
        ("a b", "a?b~c8687a08aa5d6ed2"),
    ],
)
def test_callers_that_look_alike_are_told_apart(one: str, other: str) -> None:
    """Limits, budgets and cached answers go by the name."""
    names = [caller_in({"subjectAltName": (("URI", name),)}, []) for name in (one, other)]
    assert names[0] != names[1]
    for name in names:
        assert name is not None
        assert len(name) <= 128
        assert all("!" <= c <= "~" for c in name)


def test_nobody_is_nobody() -> None:
    assert caller_in({}, []) is None


def test_a_name_can_be_shown() -> None:
    peer = {"subject": ((("commonName", "a\r\nb ü" + "x" * 500),),)}
    name = caller_in(peer, [])
    assert name is not None
    assert name.startswith("a??b??x")
    assert len(name) == 128


# ---- when it ends


@pytest.mark.parametrize("days", [-1, 1, 365, 365 * 40])
def test_the_end_of_a_certificate(days: int, tmp_path: Path) -> None:
    """In the time of two digits, and from 2050 on in that of four."""
    certificate = Authority(tmp_path).issue("DNS:localhost", days).certificate
    asked = ("openssl", "x509", "-in", str(certificate), "-noout", "-enddate", "-dateopt", "iso_8601")
    said = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=20).stdout
    found = not_after(certificate.read_text("ascii"))
    assert found is not None
    assert said.strip() == time.strftime("notAfter=%Y-%m-%d %H:%M:%SZ", time.gmtime(found))


def test_the_first_of_a_chain_counts(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    leaf = authority.issue("DNS:localhost", 3).certificate.read_text("ascii")
    assert not_after(f"some words\n{leaf}{authority.bundle.read_text('ascii')}") == not_after(leaf)


def test_what_is_no_certificate_has_no_end(tmp_path: Path) -> None:
    pem = Authority(tmp_path).issue("DNS:localhost").certificate.read_text("ascii")
    der = PEM_cert_to_DER_cert(pem)
    assert not_after("") is None
    assert not_after("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----") is None
    for size in range(0, 49, 7):
        with pytest.raises((ValueError, IndexError)):
            end_of(der[:size])
