"""What a provider's headers tell of its rate limits: how much there is, what is left of it, and when there is more.

Each family is a table of header names; the formats of a reset (a number, `1h8m25.745s`, `261ms`, an RFC 3339 time, an epoch in
seconds or milliseconds) are read alike in all of them. Where one dimension has several limits, the tightest counts. Pure: the
time is an argument. What cannot be read is None, whatever it is; what is done about a limit is not known here.

Sources: https://platform.openai.com/docs/guides/rate-limits, https://console.groq.com/docs/rate-limits,
https://docs.claude.com/en/api/rate-limits, https://openrouter.ai/docs/api-reference/limits,
https://inference-docs.cerebras.ai/support/rate-limits, https://docs.sambanova.ai/docs/en/models/rate-limits,
https://docs.fireworks.ai/serverless/rate-limits, https://docs.together.ai/docs/rate-limits, and for Azure
https://learn.microsoft.com/azure/ai-foundry/openai/how-to/quota. Mistral documents none of its headers; they are as recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from proxy.call import Headers
from proxy.dialects.retry_after import parse_moment, parse_number
from proxy.providers import Provider


class Limit(NamedTuple):
    """One limit. `reset` is in seconds from now until it is whole again. None is what was not said."""

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None


class Limits(NamedTuple):
    """Requests and tokens; what was not said of one is a Limit of None."""

    requests: Limit = Limit()
    tokens: Limit = Limit()


class Names(NamedTuple):
    """The headers of one limit, in lower case; "" where there is none."""

    limit: str
    remaining: str
    reset: str = ""


class Family(NamedTuple):
    requests: Sequence[Names]
    tokens: Sequence[Names]


NOTHING = Limit()


def _usual(suffix: str) -> Names:
    return Names(*(f"x-ratelimit-{what}-{suffix}" for what in ("limit", "remaining", "reset")))


def _anthropic(what: str) -> Names:
    return Names(*(f"anthropic-ratelimit-{what}-{member}" for member in ("limit", "remaining", "reset")))


#: A provider's `limits` -> where its headers say what.
FAMILIES: Mapping[str, Family] = {
    "openai": Family([_usual("requests")], [_usual("tokens")]),
    "azure": Family([_usual("requests")], [_usual("tokens")]),
    "anthropic": Family(
        [_anthropic("requests")], [_anthropic(what) for what in ("tokens", "input-tokens", "output-tokens")]
    ),
    "mistral": Family(
        [_usual("req-minute"), _usual("requests-minute")],
        [_usual("tokens-minute"), _usual("tokens-month")],
    ),
    "cerebras": Family(
        [_usual(f"requests-{span}") for span in ("minute", "hour", "day")],
        [_usual(f"tokens-{span}") for span in ("minute", "hour", "day")],
    ),
    "sambanova": Family([_usual("requests"), _usual("requests-day")], [_usual("tokens-day")]),
    "fireworks": Family(
        [_usual("requests")],
        [_usual(f"tokens-{what}") for what in ("prompt", "cache-adjusted-prompt", "generated")],
    ),
    "together": Family(
        [Names("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")],
        [Names("x-tokenlimit-limit", "x-tokenlimit-remaining", "x-tokenlimit-reset")],
    ),
    "openrouter": Family([Names("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")], []),
}


def limits_in(provider: Provider, headers: Headers, now: float) -> Limits | None:
    """What the headers of an answer of `provider` (names in lower case) tell of its limits; None where they tell nothing.

    `now` is in seconds since the epoch, for a reset may be a point in time. The answer of an error tells as much as any other.
    """
    known = FAMILIES.get(provider.limits)
    if known is None:
        return None
    said = dict(headers)
    found = Limits(_tightest(known.requests, said, now), _tightest(known.tokens, said, now))
    return None if found == (NOTHING, NOTHING) else found


def _tightest(names: Sequence[Names], headers: Mapping[str, str], now: float) -> Limit:
    """The one of which the least share is left; one that does not say what is left counts as untouched."""
    found = [limit for each in names if (limit := _read(each, headers, now)) != NOTHING]
    return min(found, key=_share, default=NOTHING)


def _share(limit: Limit) -> float:
    if limit.remaining is None:
        return 1.0
    return limit.remaining / limit.limit if limit.limit else float(limit.remaining > 0)


def _read(names: Names, headers: Mapping[str, str], now: float) -> Limit:
    remaining = _count(headers.get(names.remaining))
    reset = _seconds(headers.get(names.reset), now)
    if reset is None and remaining == 0:
        reset = _wait(headers, now)
    return Limit(_count(headers.get(names.limit)), remaining, reset)


def _count(text: str | None) -> int | None:
    number = parse_number(text)
    return int(number) if number is not None and isfinite(number) else None


def _seconds(text: str | None, now: float) -> float | None:
    seconds = parse_moment(text, now)
    return max(seconds, 0.0) if seconds is not None and isfinite(seconds) else None


def _wait(headers: Mapping[str, str], now: float) -> float | None:
    """How long to stay away, where a limit that is used up does not say itself when it ends."""
    milliseconds = parse_number(headers.get("retry-after-ms"), 0.001)
    return milliseconds if milliseconds is not None else _seconds(headers.get("retry-after"), now)
