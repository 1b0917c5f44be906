"""What Ollama says of tokens and of time, and how a reply of anyone's is said in these words.

Source: https://docs.ollama.com/api/usage. `prompt_eval_count` has the cached tokens in it, which newer servers count apart;
`eval_count` has the thinking in it, and nobody counts that apart. Durations are nanoseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects.openai.usage import render_usage as render_unified_usage
from proxy.dialects.reported import count

CACHED = "prompt_eval_cached_count"
DURATIONS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
UNTIMED: Mapping[str, int] = dict.fromkeys(DURATIONS, 0)
#: 9999-12-31T23:59:59Z
LAST_MOMENT = 253402300799


def parse_usage(wire: Json) -> Usage | None:
    """Disjoint buckets; None when nothing was counted."""
    if not isinstance(wire, dict) or ("prompt_eval_count" not in wire and "eval_count" not in wire):
        return None
    heard, said = wire.get("prompt_eval_count"), wire.get("eval_count")
    if type(heard) is int and type(said) is int and heard >= 0 and said >= 0 and CACHED not in wire:
        return Usage(heard, output=said)
    prompt, cached = count(wire, "prompt_eval_count"), count(wire, CACHED)
    cached = min(cached, prompt)
    return Usage(input=prompt - cached, cache_read=cached, output=count(wire, "eval_count"))


def unify_usage(wire: Json) -> Json | None:
    """The same as a unified reply says it. Two counts, as there mostly are, need not be put together first."""
    heard, said = wire.get("prompt_eval_count"), wire.get("eval_count")
    if type(heard) is int and type(said) is int and heard >= 0 and said >= 0 and CACHED not in wire:
        return {"prompt_tokens": heard, "completion_tokens": said, "total_tokens": heard + said}
    usage = parse_usage(wire)
    return None if usage is None else render_unified_usage(usage)


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    """Only the last line counts; where there are several, the largest counts are true."""
    gathered: Usage | None = None
    for payload in payloads:
        usage = parse_usage(payload)
        if usage is not None and gathered is not None:
            gathered.merge(usage)
        gathered = gathered or usage
    return gathered


def render_usage(usage: Usage | None, timed: Json) -> Json:
    """The counts and durations of a last line. `timed` is a reply or chunk that may hold durations; some clients want them all,
    so that an unknown one is 0.
    """
    usage = usage or Usage()
    said: Json = {**UNTIMED}
    for name in DURATIONS:
        if name in timed and timed[name] is not None:
            said[name] = timed[name]
    said["prompt_eval_count"] = usage.prompt
    if usage.cache_read:
        said[CACHED] = usage.cache_read
    said["eval_count"] = usage.completion
    return said


def parse_time(created_at: Any) -> int:
    """Seconds since the epoch; 0 when it is not known. A time without a zone is in UTC."""
    if not isinstance(created_at, str):
        return 0
    try:
        moment = datetime.fromisoformat(created_at)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0
    return int(seconds) if 0 < seconds <= LAST_MOMENT else 0


def render_time(created: Any) -> str:
    """RFC 3339, as `created_at` is on every line."""
    return time_at(created if type(created) is int and 0 <= created <= LAST_MOMENT else 0)


@lru_cache(maxsize=64)
def time_at(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
