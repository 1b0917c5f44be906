"""What the line of an attempt says, for whoever looks closely: one for each time that somebody was asked.

It has no words of a provider, for those may repeat a prompt. No clock and no output.
"""

from __future__ import annotations

from typing import NamedTuple

from proxy.advice import ADVICE
from proxy.call import Call, Failure, Outcome
from proxy.logs.formats import Fields
from proxy.logs.lines import milliseconds, short, timestamp


class AttemptLine(NamedTuple):
    """How one attempt ended. Times in seconds, `time` since 1970, the others of this attempt alone.

    credential: which of the provider's keys signed it, from 0.

    `kind` is None where it went well, and where nobody wanted it any more, which `phase` tells apart.
    """

    time: float
    id: str
    provider: str
    model: str
    target_model: str
    attempt: int
    status: int | None
    kind: str | None
    phase: str
    duration: float
    upstream: float
    provider_status: int | None
    retry_after: float | None
    credential: int

    def fields(self) -> Fields:
        return {
            "time": timestamp(self.time),
            "level": "debug",
            "event": "attempt",
            "id": self.id,
            "provider": self.provider,
            "model": self.model,
            "target_model": self.target_model,
            "attempt": self.attempt,
            "status": self.status,
            "kind": self.kind,
            "party": None if self.kind is None else ADVICE[self.kind].party,
            "phase": self.phase,
            "duration_ms": milliseconds(self.duration),
            "upstream_ms": milliseconds(self.upstream),
            "provider_status": self.provider_status,
            "retry_after": self.retry_after,
            "credential": self.credential,
        }


def attempt_line(
    now: float, call: Call, ended: Outcome | Failure | None, duration: float, upstream: float
) -> AttemptLine:
    """None: it was given up by whoever had asked. `duration` and `upstream` are seconds of this attempt."""
    assert call.target is not None
    failure = ended if isinstance(ended, Failure) else None
    return AttemptLine(
        now,
        short(call.id),
        call.target.name,
        short(call.model),
        short(call.target.model),
        call.attempts,
        None if ended is None else ended.status,
        None if failure is None else failure.kind,
        call.phase,
        duration,
        upstream,
        None if failure is None else failure.provider_status,
        None if failure is None else failure.retry_after,
        call.credential,
    )
