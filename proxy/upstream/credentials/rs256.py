"""RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518, section 3.3: the one signature that the standard library cannot make.

`cryptography` is an optional package, looked for only when a private key is at hand.
"""

from __future__ import annotations

from collections.abc import Callable

from proxy.upstream.credentials.fresh import Unavailable

LACKING = "signing with a private key needs the package cryptography: pip install 'outrider[google]'"


def rs256(private_key: str) -> Callable[[bytes], bytes]:
    """What signs with a key in PEM. Unavailable where it is none, or the package is not installed. Slow: not for the loop."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise Unavailable(LACKING, lasting=True) from None
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise Unavailable("private_key is no RSA key in PEM without a password", lasting=True)
    return lambda data: key.sign(data, PKCS1v15(), SHA256())
