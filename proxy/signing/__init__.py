"""How a request proves who sends it: pure functions from a key to headers.

A key appears in the headers returned here and nowhere else. Nothing in this folder reads the environment, a file or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from proxy.call import Headers

Signer = Callable[[str], Headers]


class Asked(NamedTuple):
    """A request as it goes on the wire, for signatures that cover it.

    target:  path and query, encoded.
    headers: those to be covered besides `host`, in lower case.
    now:     seconds since the epoch.
    """

    method: str
    host: str
    target: str
    body: bytes
    now: float
    headers: Headers = ()


def sign_bearer(key: str) -> Headers:
    """RFC 6750, section 2.1."""
    return (("authorization", f"Bearer {key}"),)


def sign_x_api_key(key: str) -> Headers:
    """https://docs.claude.com/en/api/overview: the key travels in `x-api-key`."""
    return (("x-api-key", key),)


def sign_x_goog_api_key(key: str) -> Headers:
    """https://ai.google.dev/gemini-api/docs/api-key: in a header, which nobody logs, rather than in the query."""
    return (("x-goog-api-key", key),)


def sign_api_key(key: str) -> Headers:
    """https://learn.microsoft.com/azure/ai-foundry/openai/reference: Azure's key header."""
    return (("api-key", key),)


def sign_nothing(key: str) -> Headers:
    return ()


SIGNERS: Mapping[str, Signer] = {
    "bearer": sign_bearer,
    "x-api-key": sign_x_api_key,
    "x-goog-api-key": sign_x_goog_api_key,
    "api-key": sign_api_key,
    "none": sign_nothing,
}

#: Headers by which any client could carry a credential of its own; none of them is ever sent on.
CREDENTIALS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "cookie",
        "openai-organization",
        "openai-project",
    }
)
