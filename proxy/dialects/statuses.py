"""What an HTTP status of a provider's error means where its words say no more (RFC 9110, section 15.5 and 15.6)."""

from __future__ import annotations

from collections.abc import Mapping

#: Other 4xx are the caller's fault, the rest the provider's. 529 is Anthropic's "overloaded", and others' since.
KIND_BY_STATUS: Mapping[int, str] = {
    401: "authentication_failed",
    402: "authentication_failed",
    403: "authentication_failed",
    404: "model_not_found",
    408: "timeout",
    413: "request_too_large",
    429: "provider_rate_limited",
    503: "provider_overloaded",
    504: "timeout",
    529: "provider_overloaded",
}


def kind_of_status(status: int, own: Mapping[int, str] = KIND_BY_STATUS) -> str:
    """`own` is a dialect's table, where it has statuses of its own."""
    return own.get(status) or ("invalid_request" if 400 <= status < 500 else "provider_error")
