"""RS256, seen by the other half of the key; and what is said where there is no package or no key."""

from __future__ import annotations

import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_curve
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from proxy.upstream.credentials.fresh import Unavailable
from proxy.upstream.credentials.rs256 import LACKING, rs256

KEY = generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: PrivateKeyTypes, password: bytes | None = None) -> str:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how).decode()


def test_the_public_key_knows_the_signature() -> None:
    KEY.public_key().verify(rs256(pem(KEY))(b"said"), b"said", PKCS1v15(), SHA256())


@pytest.mark.parametrize(
    "key",
    ["", "canary", pem(KEY, b"password"), pem(generate_curve(SECP256R1())), pem(KEY)[:200]],
    ids=["empty", "no PEM", "a password", "another kind", "cut"],
)
def test_what_is_no_key_is_told_by_its_field_alone(key: str) -> None:
    with pytest.raises(Unavailable) as raised:
        rs256(key)
    assert str(raised.value) == "private_key is no RSA key in PEM without a password"
    assert raised.value.lasting


def test_without_the_package_the_reason_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    with pytest.raises(Unavailable, match=r"pip install 'outrider\[google\]'$") as raised:
        rs256(pem(KEY))
    assert str(raised.value) == LACKING
