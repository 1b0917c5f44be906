"""The receipt: response headers that say who answered, at what price, and what was changed on the way. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote

from proxy.call import Call, plain

#: Reply headers of providers that reach the application, by name or by prefix; the rest is between the provider and us.
PASSED = frozenset({"retry-after", "retry-after-ms", "request-id", "anthropic-organization-id"})
PASSED_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-", "openai-", "x-groq-")
RENAMED: Mapping[str, str] = {
    "x-request-id": "x-outrider-upstream-request-id",
    "x-amzn-requestid": "x-outrider-upstream-request-id",
}

MOST_NAMES = 30
LONGEST_NAME = 64

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
    overhead = now - call.started - call.upstream_seconds
    target = call.target
    receipt = [
        ("x-request-id", call.id),
        ("x-outrider-attempts", str(call.attempts)),
        ("x-outrider-overhead-ms", f"{max(overhead, 0.0) * 1000:.3f}"),
        *(target_lines(target.name, target.model) if target is not None else ()),
    ]
    if call.dropped:
        receipt.append(("x-outrider-dropped", listed(call.dropped)))
    if call.translated:
        receipt.append(("x-outrider-translated", listed(call.translated)))
    if call.trail:
        receipt.append(("x-outrider-tried", ", ".join(map(safe, call.trail))))
    if call.cost is not None:
        receipt.append(("x-outrider-cost", plain(call.cost)))
    if call.cache:
        receipt.append(("x-outrider-cache", call.cache))
        if call.age is not None:
            receipt.append(("age", str(int(call.age))))
    if call.notes:
        receipt.extend(call.notes)
    return receipt


#: What a stream tells at its end, where the application wants it told.
TRAILER = "x-outrider-cost, x-outrider-tokens"


def render_trailer(call: Call) -> list[tuple[str, str]]:
    """Headers known when a stream has ended; RFC 9110, section 6.5."""
    trailer = [] if call.cost is None else [("x-outrider-cost", plain(call.cost))]
    if call.usage is not None:
        estimated = "; estimated" if call.usage.estimated else ""
        trailer.append(("x-outrider-tokens", f"{call.usage.prompt}, {call.usage.completion}{estimated}"))
    return trailer


@lru_cache(maxsize=1024)
def target_lines(name: str, model: str) -> tuple[tuple[str, str], ...]:
    return (("x-outrider-provider", name), ("x-outrider-model", safe(model)))


def listed(names: Sequence[str]) -> str:
    """The names a caller made up, in a header that every client can read: long ones are cut, and many are counted."""
    shown = [safe(name[:LONGEST_NAME])[:LONGEST_NAME] for name in names[:MOST_NAMES]]
    more = len(names) - MOST_NAMES
    return ",".join([*shown, f"and {more} more"] if more > 0 else shown)


def safe(value: str) -> str:
    """A header value from text that a caller wrote: what is not printable ASCII is percent-encoded."""
    return value if value.isascii() and value.isprintable() else quote(value, safe=" ,:/@+=;()[]{}")
