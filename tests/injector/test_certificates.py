"""Certificates as verifiers see them, and what is said of those that are damaged."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import DNSName, verification

from proxy.injector.certificates import (
    Damaged,
    Lifetimes,
    Pair,
    is_issued_by,
    make_ca,
    make_leaf,
    read,
    read_pair,
    split,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAMES = ("outrider", "outrider.llm.svc", "127.0.0.1", "::1")
LIVES = Lifetimes()
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def ca() -> Pair:
    return make_ca(NOW, LIVES)


@pytest.fixture(scope="module")
def leaf(ca: Pair) -> Pair:
    return make_leaf(ca, NAMES, NOW, LIVES)


def test_a_verifier_takes_the_leaf_of_the_ca(ca: Pair, leaf: Pair) -> None:
    """The rules of RFC 5280 and of browsers, as `cryptography` has them; OpenSSL's are held by the tests of handshakes."""
    store = verification.Store([x509.load_pem_x509_certificate(ca.certificate)])
    verifier = (
        verification.PolicyBuilder().store(store).time(NOW + DAY).build_server_verifier(DNSName("outrider.llm.svc"))
    )
    chain = verifier.verify(x509.load_pem_x509_certificate(leaf.certificate), [])
    assert len(chain) == 2


def test_times_and_names_are_those_asked_for(ca: Pair, leaf: Pair) -> None:
    assert read_pair(leaf) == (NOW - LIVES.early, NOW + 90 * DAY, tuple(sorted(NAMES)))
    assert read_pair(ca) == (NOW - LIVES.early, NOW + 3650 * DAY, ())


def test_a_key_is_p256_and_not_encrypted(leaf: Pair) -> None:
    key = x509.load_pem_x509_certificate(leaf.certificate).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert leaf.key.startswith(b"-----BEGIN PRIVATE KEY-----")


def test_a_leaf_never_outlives_its_ca(ca: Pair) -> None:
    late = make_leaf(ca, NAMES, NOW + 3640 * DAY, LIVES)
    assert read(late.certificate).end == NOW + 3650 * DAY


def test_two_cas_have_two_names() -> None:
    subjects = {x509.load_pem_x509_certificate(make_ca(NOW, LIVES).certificate).subject for _ in range(3)}
    assert len(subjects) == 3


@pytest.mark.parametrize(("after", "due"), [(0, False), (59, False), (61, True), (91, True)])
def test_a_leaf_is_due_at_two_thirds_of_its_life(leaf: Pair, after: int, due: bool) -> None:
    assert read(leaf.certificate).is_due(LIVES.leaf_share, NOW + after * DAY) is due


def test_who_issued_what(ca: Pair, leaf: Pair) -> None:
    assert is_issued_by(leaf.certificate, ca.certificate)
    assert not is_issued_by(leaf.certificate, make_ca(NOW, LIVES).certificate)
    assert not is_issued_by(ca.certificate, leaf.certificate)


def test_a_text_is_split_into_its_certificates(ca: Pair, leaf: Pair) -> None:
    assert split(ca.certificate + b"\n" + leaf.certificate) == [ca.certificate, leaf.certificate]
    assert split(b" \n") == []


def encrypted() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret words")
    )


def of_rsa() -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("key", [b"", b"junk", encrypted(), of_rsa(), make_ca(NOW, LIVES).key])
def test_a_bad_key_is_damage_and_not_shown(leaf: Pair, key: bytes) -> None:
    with pytest.raises(Damaged) as raised:
        read_pair(Pair(leaf.certificate, key))
    assert key == b"" or key.decode() not in str(raised.value)


@pytest.mark.parametrize(
    "certificate", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_bad_certificate_is_damage(leaf: Pair, certificate: bytes) -> None:
    with pytest.raises(Damaged):
        read_pair(Pair(certificate, leaf.key))
    with pytest.raises(Damaged):
        split(certificate + leaf.certificate + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


def test_openssl_reads_what_is_made(ca: Pair) -> None:
    ssl.create_default_context(cadata=ca.certificate.decode())
