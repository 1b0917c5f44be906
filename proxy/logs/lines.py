"""What a line says: of a call that ended, or of a record of the standard library's logging.

Their fields are fixed, docs/logs.md has them all, and none is text of a prompt or an answer. How a line is written is not
known here. No clock and no output.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import compress
from operator import attrgetter
from typing import NamedTuple, Protocol

from proxy.advice import ADVICE
from proxy.call import BUCKETS, Call, Failure, Outcome, Usage, plain
from proxy.logs.formats import Fields
from proxy.logs.formats import render_json as render_json

LONGEST_NAME = 128
MOST_NAMES = 20


class Line(Protocol):
    """Small and unchanging, so that it can be queued; `fields` does the work later, in the thread that writes."""

    def fields(self) -> Fields: ...


class CallLine(NamedTuple):
    """How a call ended. `time` is in seconds since 1970; `ttft`, `duration`, `upstream` and `queued` are in seconds.

    tried: who was asked in vain, and the kind of failure, as `Call.trail` has it. phase: how far it came.
    """

    time: float
    id: str
    operation: str
    provider: str | None
    model: str
    target_model: str | None
    stream: bool
    status: int
    kind: str | None
    phase: str
    attempts: int
    ttft: float | None
    duration: float
    upstream: float
    queued: float
    usage: Usage | None
    cost: Decimal | None
    cache: str
    dropped: Sequence[str]
    translated: Sequence[str]
    tried: Sequence[str]
    caller: str

    def fields(self) -> Fields:
        kind, usage, ttft, cost = self.kind, self.usage, self.ttft, self.cost
        tokens_in = tokens_out = tokens = None
        if usage is not None:
            tokens_in, tokens_out, tokens = usage.prompt, usage.completion, buckets(usage)
        # Whole microseconds: `round` to digits takes ten times as long.
        duration, upstream = int(self.duration * 1e6 + 0.5), int(self.upstream * 1e6 + 0.5)
        party, hint, phase = SPOTLESS if kind is None else (*ADVICE[kind][::2], self.phase)
        return {
            "time": timestamp(self.time),
            "level": "info",
            "event": "call",
            "id": self.id[:LONGEST_NAME],
            "operation": self.operation,
            "provider": self.provider,
            "model": self.model,
            "target_model": self.target_model,
            "stream": self.stream,
            "status": self.status,
            "kind": kind,
            "party": party,
            "hint": hint,
            "phase": phase,
            "attempts": self.attempts,
            "ttft_ms": None if ttft is None else int(ttft * 1e6 + 0.5) / 1000,
            "duration_ms": duration / 1000,
            "upstream_ms": upstream / 1000,
            "overhead_ms": (duration - upstream) / 1000 if duration > upstream else 0.0,
            "queued_ms": int(self.queued * 1e6 + 0.5) / 1000,
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "tokens": tokens,
            "estimated": True if usage is not None and usage.estimated else None,
            "cost": None if cost is None else plain(cost),
            "cache": self.cache or None,
            "dropped": self.dropped,
            "translated": self.translated,
            "tried": self.tried,
            "caller": self.caller or None,
        }


#: Party, hint and phase of a call that ended well.
SPOTLESS = (None, None, None)
read_buckets = attrgetter(*BUCKETS)


class RecordLine(NamedTuple):
    """A record of the standard library's logging. `extra` never replaces a field of ours."""

    time: float
    level: str
    logger: str
    message: str
    extra: Fields
    exception: str | None

    def fields(self) -> Fields:
        fields = {
            "time": timestamp(self.time),
            "level": self.level,
            "event": "log",
            "logger": self.logger,
            "message": self.message,
        }
        if self.exception is not None:
            fields["exception"] = self.exception
        return fields | {name: value for name, value in self.extra.items() if name not in fields}


def call_line(now: float, call: Call, ended: Outcome | Failure, duration: float) -> CallLine:
    """What is kept of a call is short, whatever its application sent: a line may wait for its writer."""
    if isinstance(ended, Failure):
        kind, ttft, usage = ended.kind, call.ttft, call.usage
    else:
        kind, ttft, usage = None, ended.ttft, ended.usage or call.usage
    target, model, dropped, translated, tried = call.target, call.model, call.dropped, call.translated, call.trail
    provider = target_model = None
    if target is not None:
        provider, target_model = target.name, target.model[:LONGEST_NAME]
    if len(model) > LONGEST_NAME:
        model = model[:LONGEST_NAME]
    if dropped or translated or tried:
        dropped, translated, tried = map(shortened, (dropped, translated, tried))
    values = (
        now,
        call.id,
        call.operation,
        provider,
        model,
        target_model,
        call.stream,
        ended.status,
        kind,
        call.phase,
        call.attempts,
        ttft,
        duration,
        call.upstream_seconds,
        call.queued,
        usage,
        call.cost,
        call.cache,
        dropped,
        translated,
        tried,
        call.identity,
    )
    # CallLine(...) without the Python function that a NamedTuple has in between.
    return new_line(CallLine, values)


new_line = tuple.__new__


def short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME]


def shortened(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(short, names[:MOST_NAMES]))


def buckets(usage: Usage) -> dict[str, int]:
    """Those with something in them."""
    counts = read_buckets(usage)
    return dict(compress(zip(BUCKETS, counts, strict=True), counts))


def milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else int(seconds * 1e6 + 0.5) / 1000


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    whole = int(seconds)
    return f"{second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=4)
def second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
