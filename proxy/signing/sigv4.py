"""AWS Signature Version 4: a request and keys in, headers out.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. As every service
but S3 has it, the path is normalised and then encoded once more than it is on the wire; it does not sign for S3.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

from proxy.call import Headers
from proxy.signing import Asked

ALGORITHM = "AWS4-HMAC-SHA256"
#: RFC 3986, section 2.3; letters and digits go without saying.
UNRESERVED = "-._~"


class AwsKeys(NamedTuple):
    """`token` comes with keys that expire. Printed without secrets."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"AwsKeys({self.access_key})"


def sign_v4(keys: AwsKeys, region: str, service: str, asked: Asked) -> Headers:
    """The headers that sign `asked`, in lower case: x-amz-date, x-amz-security-token where there is one, authorization.

    Covered are those, `host` and `asked.headers`, which are the sender's to send exactly as they are given here.
    """
    moment = datetime.fromtimestamp(asked.now, UTC).strftime("%Y%m%dT%H%M%SZ")
    day = moment[:8]
    added = [("x-amz-date", moment)] + ([("x-amz-security-token", keys.token)] if keys.token else [])
    covered = canonical_headers([("host", asked.host), *asked.headers, *added])
    names = ";".join(covered)
    scope = f"{day}/{region}/{service}/aws4_request"
    request = sha256(canonical_request(asked, covered, names).encode()).hexdigest()
    key = signing_key(keys.secret_key, day, region, service)
    signature = hmac.digest(key, f"{ALGORITHM}\n{moment}\n{scope}\n{request}".encode(), "sha256").hex()
    credential = f"{ALGORITHM} Credential={keys.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    return (*added, ("authorization", credential))


def canonical_request(asked: Asked, covered: dict[str, str], names: str) -> str:
    path, _, query = asked.target.partition("?")
    lines = "".join([f"{name}:{value}\n" for name, value in covered.items()])
    body = sha256(asked.body).hexdigest()
    return f"{asked.method.upper()}\n{canonical_path(path)}\n{canonical_query(query)}\n{lines}\n{names}\n{body}"


def canonical_headers(headers: Headers) -> dict[str, str]:
    """Sorted by name; white space is trimmed and folded, and what is said twice is joined by a comma."""
    covered: dict[str, str] = {}
    for name, value in headers:
        trimmed = " ".join(value.split())
        covered[name] = f"{covered[name]},{trimmed}" if name in covered else trimmed
    return dict(sorted(covered.items()))


@lru_cache(maxsize=256)
def canonical_path(path: str) -> str:
    """Without empty and dot segments (RFC 3986, section 5.2.4), and encoded: `%3A` on the wire becomes `%253A` here."""
    if "//" in path or "/." in path:
        path = without_dots(path)
    return quote(path or "/", safe="/" + UNRESERVED)


def without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return f"/{'/'.join(kept)}{'/' if kept and path.endswith('/') else ''}"


def canonical_query(query: str) -> str:
    """Sorted by name and then value, as they are encoded; a name without `=` has an empty value."""
    if not query:
        return ""
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&"))]
    return "&".join([f"{name}={value}" for name, value in sorted(pairs)])


@lru_cache(maxsize=64)
def signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    """Derived once a day for each secret, region and service."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
