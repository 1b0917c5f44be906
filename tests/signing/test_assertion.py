"""A signed statement, as RFC 7515 shows one."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode

import orjson

from proxy.signing.assertion import assertion, base64url

#: RFC 7515, appendix A.1: the key, and what it makes of the octets given there.
KEY = urlsafe_b64decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==")
SIGNED = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
SIGNATURE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def sign(data: bytes) -> bytes:
    return hmac.digest(KEY, data, "sha256")


def test_the_alphabet_is_safe_in_addresses_and_unpadded() -> None:
    """RFC 7515, appendix C."""
    assert base64url(bytes([3, 236, 255, 224, 193])) == "A-z_4ME"
    assert base64url(sign(SIGNED.encode())) == SIGNATURE


def test_the_signature_covers_header_and_claims() -> None:
    claims, header = {"iss": "joe", "exp": 1300819380}, {"alg": "HS256", "typ": "JWT"}
    said = assertion(claims, sign, header)
    signed, _, signature = said.rpartition(".")
    assert [orjson.loads(urlsafe_b64decode(part + "==")) for part in signed.split(".")] == [header, claims]
    assert signature == base64url(sign(signed.encode()))
    assert "=" not in said
