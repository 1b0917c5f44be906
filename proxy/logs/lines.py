"""What a line says, as JSON or for a terminal.

The line of a call has fixed fields, and none of them is text of a prompt or an answer. No clock and no output here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol

import orjson

from proxy.call import Call, Failure, Outcome, Usage, plain

Fields = dict[str, Any]
Format = Literal["json", "console"]

LONGEST_NAME = 128
MOST_NAMES = 20


class Line(Protocol):
    """Small and unchanging, so that it can be queued; `fields` does the work later, in the thread that writes."""

    def fields(self) -> Fields: ...


class CallLine(NamedTuple):
    """How a call ended. `time` is in seconds since 1970, `ttft` and `duration` are in seconds.

    tried: who was asked in vain, and the kind of failure, as `Call.trail` has it.
    """

    time: float
    id: str
    provider: str | None
    model: str
    stream: bool
    status: int
    kind: str | None
    attempts: int
    ttft: float | None
    duration: float
    usage: Usage | None
    dropped: Sequence[str]
    tried: Sequence[str]
    cost: Decimal | None = None
    cache: str = ""

    def fields(self) -> Fields:
        time, call_id, provider, model, stream, status, kind, attempts, ttft, duration, usage, dropped, tried = self[
            :13
        ]
        return {
            "time": timestamp(time),
            "level": "info",
            "event": "call",
            "id": call_id[:LONGEST_NAME],
            "provider": provider,
            "model": model[:LONGEST_NAME],
            "stream": stream,
            "status": status,
            "kind": kind,
            "attempts": attempts,
            "ttft_ms": None if ttft is None else round(ttft * 1000, 3),
            "duration_ms": round(duration * 1000, 3),
            "tokens_in": None if usage is None else usage.prompt,
            "tokens_out": None if usage is None else usage.completion,
            "estimated": True if usage is not None and usage.estimated else None,
            "cost": None if self.cost is None else plain(self.cost),
            "cache": self.cache or None,
            "dropped": [name[:LONGEST_NAME] for name in dropped[:MOST_NAMES]] if dropped else [],
            "tried": [name[:LONGEST_NAME] for name in tried[:MOST_NAMES]] if tried else [],
        }


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
    if isinstance(ended, Failure):
        kind, ttft, usage = ended.kind, call.ttft, call.usage
    else:
        kind, ttft, usage = None, ended.ttft, ended.usage or call.usage
    return CallLine(
        now,
        call.id,
        None if call.target is None else call.target.name,
        call.model,
        call.stream,
        ended.status,
        kind,
        call.attempts,
        ttft,
        duration,
        usage,
        call.dropped,
        call.trail,
        call.cost,
        call.cache,
    )


def render_json(fields: Fields) -> bytes:
    """One line without its line feed. What orjson refuses, lone surrogates and large integers, json writes."""
    try:
        return orjson.dumps(fields, default=str)
    except orjson.JSONEncodeError:
        return json.dumps(fields, default=str).encode()


def render_console(fields: Fields) -> bytes:
    """One line, and a traceback below it. Nothing that came from outside can move the cursor or begin a line."""
    rest = dict(fields)
    words = [rest.pop("time")[11:23], f"{rest.pop('level').upper():<7}", rest.pop("event")]
    words += [printable(rest.pop("message"))] if "message" in rest else []
    below = rest.pop("exception", None)
    words += [f"{name}={value_text(value)}" for name, value in rest.items() if value is not None and value != []]
    lines = [" ".join(words), *map(printable, (below or "").splitlines())]
    return "\n".join(lines).encode("utf-8", "backslashreplace")


RENDERERS: Mapping[Format, Callable[[Fields], bytes]] = {"json": render_json, "console": render_console}


def value_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    bare = text and text.isprintable() and not set(text) & set(' "=')
    return text if bare else json.dumps(text)


def printable(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    whole = int(seconds)
    return f"{second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=4)
def second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
