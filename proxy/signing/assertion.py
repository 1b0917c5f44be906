"""A statement that its maker signs: a JSON Web Token in compact form, RFC 7515 and RFC 7519.

Who signs, with what, and when it was said, is handed in.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable

import orjson

from proxy.call import Json


def base64url(data: bytes) -> str:
    """RFC 7515, section 2: the URL-safe alphabet, without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def assertion(claims: Json, sign: Callable[[bytes], bytes], header: Json) -> str:
    """`header.claims.signature`. `sign` does what `header["alg"]` says, to the bytes of the first two."""
    signed = f"{base64url(orjson.dumps(header))}.{base64url(orjson.dumps(claims))}"
    return f"{signed}.{base64url(sign(signed.encode()))}"
