"""Headers of what is relayed as it is: which of the application's go on, and which of the provider's come back.

Both are allowlists; what is not named here stays where it is. Bodies and connections are raw.py's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

from yarl import URL

from proxy.call import Headers
from proxy.providers import Endpoint
from proxy.receipt import passed_headers

#: RFC 9110: what describes the body, and what is asked of the answer; RFC 7240: what is preferred. `idempotency-key` is Stripe's
#: and OpenAI's custom, https://www.ietf.org/archive/id/draft-ietf-httpapi-idempotency-key-header-06.html.
ASKED = (
    *("content-type", "content-encoding", "accept", "range", "prefer", "idempotency-key"),
    *("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"),
    # Google's resumable uploads: https://ai.google.dev/gemini-api/docs/files#upload-file.
    *("x-goog-upload-protocol", "x-goog-upload-command", "x-goog-upload-offset", "x-goog-upload-file-name"),
    *("x-goog-upload-header-content-length", "x-goog-upload-header-content-type"),
)
ANSWERED = frozenset(
    {
        *("content-type", "content-length", "content-encoding", "content-disposition", "content-range"),
        *("accept-ranges", "etag", "last-modified", "allow"),
        *("x-goog-upload-status", "x-goog-upload-size-received", "x-goog-upload-chunk-granularity"),
    }
)
#: Addresses of the provider's that are followed, and are found here.
RELATIVE = frozenset({"location", "operation-location"})
#: Those that are followed by whoever knows nothing but whole addresses.
ABSOLUTE = frozenset({"x-goog-upload-url", "x-goog-upload-control-url"})
DOOR = "/providers/"
NO_CONTENT = 204


def asked_headers(caller: Mapping[str, str], passes: frozenset[str], decoded: bool) -> Headers:
    """Of the application's headers what goes on, but for those in `passes`, which go on anyway.

    `decoded`: the body is here no longer encoded as its headers say.
    """
    names = [name for name in ASKED if name in caller and name not in passes]
    said = [(name, caller[name]) for name in names if not (decoded and name == "content-encoding")]
    return said if "accept" in caller else [*said, ("accept", "*/*")]


def answered_headers(
    status: int, headers: list[tuple[str, str]], endpoint: Endpoint, path: str, here: str
) -> list[tuple[str, str]]:
    """Of the provider's headers (names in lower case) what comes back.

    `path` below base_url is what was asked for, `here` the host and port under which the application knows the sidecar.
    """
    # RFC 9110, section 8.6: this has no body, and says nothing of its length.
    unsaid = "content-length" if status == NO_CONTENT else ""
    kept = [(name, value) for name, value in headers if name in ANSWERED and name != unsaid]
    for name, value in headers:
        if name in RELATIVE or (name in ABSOLUTE and here):
            there = relocated(value, endpoint, path)
            kept += [] if there is None else [(name, there if name in RELATIVE else f"http://{here}{there}")]
    return [*kept, *passed_headers(headers)]


def relocated(location: str, endpoint: Endpoint, path: str) -> str | None:
    """Where an address of the provider's is found here; None for what lies elsewhere, or not below base_url."""
    try:
        there = URL(urljoin(endpoint.base_url + path, location), encoded=True)
        base = URL(endpoint.base_url, encoded=True)
        if (there.scheme, there.raw_host, there.port) != (base.scheme, base.raw_host, base.port):
            return None
    except ValueError:
        return None
    below = base.raw_path.rstrip("/")
    if not there.raw_path.startswith(f"{below}/"):
        return None
    query = f"?{there.raw_query_string}" if there.raw_query_string else ""
    return f"{DOOR}{endpoint.name}{there.raw_path[len(below) :]}{query}"
