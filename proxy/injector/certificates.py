"""Certificates made and read: P-256, PEM in and out. Times are arguments; it keeps nothing and knows no cluster.

`cryptography` is an optional package, looked for only when a certificate is at hand. RFC 5280 says what the extensions mean.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, CertificateBuilder, GeneralName, KeyUsage, Name

LACKING = "the injector's certificates need the package cryptography: pip install 'outrider[injector]'"


class Damaged(Exception):
    """What was kept cannot be used; the message says which member and why, and shows nothing of it."""


class Pair(NamedTuple):
    """A certificate and its private key, PEM (PKCS #8)."""

    certificate: bytes
    key: bytes


class Lifetimes(NamedTuple):
    """early: how far before now a certificate begins, for clocks that differ. settle: how long a new CA is published
    before a certificate of it is served, for API servers that learn of it late. leaf_share, ca_share: of its life,
    after which a certificate is renewed."""

    ca: timedelta = timedelta(days=3650)
    leaf: timedelta = timedelta(days=90)
    early: timedelta = timedelta(minutes=5)
    settle: timedelta = timedelta(minutes=5)
    leaf_share: float = 2 / 3
    ca_share: float = 0.8


class Read(NamedTuple):
    """What is told of a certificate. names: DNS names and addresses, sorted."""

    start: datetime
    end: datetime
    names: tuple[str, ...]

    def is_due(self, share: float, now: datetime) -> bool:
        return now >= self.start + (self.end - self.start) * share


def require_cryptography() -> None:
    """Raises ModuleNotFoundError that tells how to install it."""
    try:
        import cryptography  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(LACKING) from error


def make_ca(now: datetime, lifetimes: Lifetimes) -> Pair:
    from cryptography import x509

    key = make_key()
    # Two CAs of one name would be told apart by their key identifiers alone.
    name = named(f"outrider-injector-ca {now:%Y-%m-%d} {x509.random_serial_number():x}"[:64])
    builder = begun(key, name, name, now, now + lifetimes.ca, lifetimes)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage(certificates=True), critical=True)
    return signed(builder, key, key)


def make_leaf(ca: Pair, names: Sequence[str], now: datetime, lifetimes: Lifetimes) -> Pair:
    """A server certificate for DNS names and addresses, which never outlives its CA."""
    from cryptography import x509

    issuer, issuer_key, key = read_certificate(ca.certificate), read_key(ca.key), make_key()
    end = min(now + lifetimes.leaf, issuer.not_valid_after_utc)
    builder = begun(key, named("outrider-injector"), issuer.subject, now, end, lifetimes)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(usage(certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName([*map(general, names)]), critical=False)
    of_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return signed(builder.add_extension(of_issuer, critical=False), key, issuer_key)


def make_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def named(common_name: str) -> Name:
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, common_name)])


def begun(
    key: EllipticCurvePrivateKey, subject: Name, issuer: Name, now: datetime, end: datetime, lifetimes: Lifetimes
) -> CertificateBuilder:
    from cryptography import x509

    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - lifetimes.early).not_valid_after(end)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def usage(certificates: bool) -> KeyUsage:
    """Signing certificates and revocation lists, or in a handshake."""
    from cryptography import x509

    other = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(digital_signature=not certificates, key_cert_sign=certificates, crl_sign=certificates, **other)


def general(name: str) -> GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def signed(builder: CertificateBuilder, key: EllipticCurvePrivateKey, by: EllipticCurvePrivateKey) -> Pair:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    certificate = builder.sign(by, hashes.SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Pair(certificate.public_bytes(Encoding.PEM), secret)


def read_certificate(pem: bytes) -> Certificate:
    """The first certificate of a PEM text. Raises Damaged."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise Damaged("is no certificate in PEM") from error


def read_key(pem: bytes) -> EllipticCurvePrivateKey:
    """Raises Damaged."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Damaged("is no private key in PEM, or it is encrypted") from error
    if not isinstance(key, EllipticCurvePrivateKey):
        raise Damaged("is no key of an elliptic curve")
    return key


def read_pair(pair: Pair) -> Read:
    """Raises Damaged where the two do not belong together, too."""
    if read_key(pair.key).public_key() != read_certificate(pair.certificate).public_key():
        raise Damaged("belongs to another key")
    return read(pair.certificate)


def read(pem: bytes) -> Read:
    """Raises Damaged."""
    from cryptography import x509

    certificate = read_certificate(pem)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        found = x509.SubjectAlternativeName([])
    except ValueError as error:
        raise Damaged("has extensions that cannot be read") from error
    names = [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]
    return Read(certificate.not_valid_before_utc, certificate.not_valid_after_utc, tuple(sorted(names)))


def is_issued_by(leaf: bytes, ca: bytes) -> bool:
    """Whether `ca` signed `leaf`. Raises Damaged where one cannot be read."""
    from cryptography.exceptions import InvalidSignature

    try:
        read_certificate(leaf).verify_directly_issued_by(read_certificate(ca))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def split(pem: bytes) -> list[bytes]:
    """The certificates of a PEM text, each alone and in the form they were made in. Raises Damaged."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        return [each.public_bytes(Encoding.PEM) for each in x509.load_pem_x509_certificates(pem)] if pem.strip() else []
    except ValueError as error:
        raise Damaged("holds what is no certificate in PEM") from error
