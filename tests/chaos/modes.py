"""How a sidecar is set up against a fault, and what must then come of it: nobody tries again, retries, another provider, both.

A pure table: from what a row says of one attempt to what a call ends in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.chaos.fault import FINE, Fault, Seen

#: Failure kinds that another attempt at the same provider follows, those that another provider is asked after, and those
#: that a breaker counts: docs/operations.md says why.
RETRIED = frozenset({"provider_rate_limited", "provider_error", "provider_overloaded", "timeout", "network_error"})
FAILS_OVER = RETRIED | {"authentication_failed", "provider_stream_cut"}
TRIPS = RETRIED - {"provider_rate_limited"} | {"provider_stream_cut"}
#: Those of them that are counted as the provider's.
BLAMED = FAILS_OVER

#: Nothing here is meant to run into these: each call has its own provider, and there are many.
GENEROUS = {"share": 1, "floor": 1_000_000}
NEVER_OPEN = {"failures": 1_000_000}
OTHER = "other"


class Mode(NamedTuple):
    """attempts at one provider; whether another stands by; how many requests meet the fault before it is over, all for None;
    the configuration's section of that name."""

    name: str
    attempts: int = 1
    fallback: bool = False
    faulty: int | None = None
    breaker: Mapping[str, Any] = NEVER_OPEN

    def sections(self) -> dict[str, Any]:
        """What the configuration says besides providers and aliases."""
        retry = {"attempts": self.attempts, "initial": 0.01, "cap": 0.05}
        return {"retry": retry, "retry_budget": GENEROUS, "breaker": dict(self.breaker)}

    def alias(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {"model": name, "targets": [{"provider": name, "model": "m"}]}
        return found | ({"fallback": [f"{OTHER}:{name}"]} if self.fallback else {})

    def suits(self, fault: Fault) -> bool:
        """Whether the fault can be over after some requests."""
        return self.faulty is None or fault.fleeting


ONCE = Mode("once")
RESILIENT = (
    Mode("fallback", fallback=True),
    Mode("retry", attempts=3),
    Mode("retry-and-recover", attempts=3, faulty=1),
    Mode("retry-then-fallback", attempts=2, fallback=True),
)
MODES: Mapping[str, Mode] = {mode.name: mode for mode in (ONCE, *RESILIENT)}


class Expected(NamedTuple):
    """seen: the application's side; failed: attempts that met the fault; answered: those at the same provider that met a good
    answer, or what is as good as one; elsewhere: whether the other provider answers; kept: whether the connection to the faulty
    one is.
    """

    seen: Seen
    failed: int = 0
    answered: int = 0
    elsewhere: bool = False
    kept: bool = False

    @property
    def attempts(self) -> int:
        return self.failed + self.answered + self.elsewhere


def expect(fault: Fault, stream: bool, mode: Mode) -> Expected:
    """What has begun is never tried again, nor is what is the caller's fault."""
    seen = fault.seen_by(stream)
    if not seen.kind:
        return Expected(seen, answered=1, kept=seen.kept)
    if seen.status == 200 or seen.kind not in FAILS_OVER:
        return Expected(seen, failed=1, kept=seen.kept)
    tries = mode.attempts if seen.kind in RETRIED else 1
    if mode.faulty is not None and mode.faulty < tries:
        return Expected(FINE, failed=mode.faulty, answered=1, kept=True)
    if mode.fallback:
        return Expected(FINE, failed=tries, elsewhere=True, kept=seen.kept)
    return Expected(seen, failed=tries, kept=seen.kept)
