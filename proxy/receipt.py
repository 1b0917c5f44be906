"""The receipt: response headers that say who answered, at what price, and what was changed on the way. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from proxy.call import Call

#: Reply headers of providers that reach the application, by name or by prefix; the rest is between the provider and us.
PASSED = frozenset({"content-type", "content-encoding", "retry-after", "retry-after-ms", "request-id", "anthropic-organization-id"})
PASSED_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-", "openai-", "x-groq-")
RENAMED: Mapping[str, str] = {"x-request-id": "x-outrider-upstream-request-id"}

_decisions: dict[str, str] = {}


def passed_headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What of a provider's reply headers (names in lower case) goes on to the application."""
    return [(known, value) for name, value in headers if (known := _decisions.get(name) or decide(name)) != "-"]


def decide(name: str) -> str:
    """The name under which a header goes on, or "-"."""
    passes = name in PASSED or name.startswith(PASSED_PREFIXES)
    decision = RENAMED.get(name) or (name if passes else "-")
    if len(_decisions) < 512:
        _decisions[name] = decision
    return decision


def render_receipt(call: Call, now: float) -> list[tuple[str, str]]:
    """Headers known when the answer starts. `now` is on the clock that `call.started` is on."""
    overhead = max(now - call.started - call.upstream_seconds, 0.0)
    receipt = [
        ("x-request-id", call.id),
        ("x-outrider-attempts", str(call.attempts)),
        ("x-outrider-overhead-ms", f"{overhead * 1000:.3f}"),
    ]
    if call.target is not None:
        receipt.append(("x-outrider-provider", call.target.name))
        receipt.append(("x-outrider-model", safe(call.target.model)))
    if call.dropped:
        receipt.append(("x-outrider-dropped", safe(",".join(call.dropped))))
    return receipt


def safe(value: str) -> str:
    """A header value from text that a caller wrote: what is not printable ASCII is percent-encoded."""
    return value if value.isascii() and value.isprintable() else quote(value, safe=" ,:/@+=;()[]{}")
