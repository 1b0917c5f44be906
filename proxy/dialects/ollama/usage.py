"""What Ollama says of tokens and of time, and how a reply of anyone's is said in these words.

Source: https://docs.ollama.com/api/usage. `prompt_eval_count` has the cached tokens in it, which newer servers count apart;
`eval_count` has the thinking in it, and nobody counts that apart. Durations are nanoseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects.shape import chosen

COUNTS = ("prompt_eval_count", "eval_count")
DURATIONS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
#: 9999-12-31T23:59:59Z
LAST_MOMENT = 253402300799


def parse_usage(wire: Json) -> Usage | None:
    """Disjoint buckets; None when nothing was counted."""
    if not isinstance(wire, dict) or not any(name in wire for name in COUNTS):
        return None
    prompt, cached = count(wire, "prompt_eval_count"), count(wire, "prompt_eval_cached_count")
    cached = min(cached, prompt)
    return Usage(input=prompt - cached, cache_read=cached, output=count(wire, "eval_count"))


def count(wire: Json, name: str) -> int:
    value = wire.get(name)
    return value if type(value) is int and value > 0 else 0


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
    return {
        **dict.fromkeys(DURATIONS, 0),
        **chosen(timed, DURATIONS),
        "prompt_eval_count": usage.prompt,
        **({"prompt_eval_cached_count": usage.cache_read} if usage.cache_read else {}),
        "eval_count": usage.completion,
    }


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
