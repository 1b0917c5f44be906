"""Signed thoughts of another provider inside Google's own form, so that an app on Google's SDK carries them to the next turn.

Google's form has one place for what is opaque: a part's `thoughtSignature`, bytes in base64. A thinking block of the unified
form is put there whole and comes back byte for byte, whichever alphabet of base64 the SDK writes. Google's own signatures
never begin so.
"""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64decode

import orjson

from proxy.call import Json

MARK = b"outrider:thinking:"
#: How a packed signature begins, and how it ends up when an SDK has written it anew: these characters are in both alphabets.
BEGINNING = b64encode(MARK).decode()


def pack_thinking(block: Json) -> str:
    return b64encode(MARK + orjson.dumps(block)).decode()


def unpack_thinking(signature: str) -> Json | None:
    """The thinking block in a signature; None when there is none, and the signature is Google's."""
    if not signature.startswith(BEGINNING):
        return None
    plain = signature.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        block = orjson.loads(urlsafe_b64decode(plain + "=" * (-len(plain) % 4))[len(MARK) :])
    except ValueError:
        return None
    return block if isinstance(block, dict) else None
