"""When a provider says "not now": how long to wait, in every spelling that providers use.

Spellings: `retry-after-ms` and `retry-after` (RFC 9110, section 10.2.3: seconds or a date; fractions occur), Google's
`RetryInfo.retryDelay` in the body (https://google.aip.dev/193), and the reset headers of
https://platform.openai.com/docs/guides/rate-limits and https://docs.claude.com/en/api/rate-limits, which count only when the
matching `remaining` is used up; at last what the message says in words. Pure: a point in time is counted from the answer's own
`date` header (RFC 9110, section 6.6.1), which spares us the difference of two clocks, or from a `now` that is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 24 * 3600.0
UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
NUMBER = re.compile(r"\s*\+?(\d+(?:\.\d*)?|\.\d+)\s*", re.ASCII)
SPANS = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])", re.ASCII)
DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[dhms]))+", re.ASCII)
RETRY_INFO = re.compile(rb'"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"')
#: "Please try again in 6m0s." (OpenAI, Groq), "Please retry after 26 seconds." (Azure)
WORDS = re.compile(
    rb"(?:try again in|retry after) ((?:\d+(?:\.\d+)?(?:ms|[dhms]))+\b|\d+(?:\.\d+)?(?= seconds?\b))", re.IGNORECASE
)
EPOCH_MS = 1e11
EPOCH_S = 1e8

#: (header that says what is left, header that says when there is more)
RESETS = (
    *((f"x-ratelimit-remaining-{what}", f"x-ratelimit-reset-{what}") for what in ("requests", "tokens")),
    *(
        (f"anthropic-ratelimit-{what}-remaining", f"anthropic-ratelimit-{what}-reset")
        for what in ("requests", "tokens", "input-tokens", "output-tokens")
    ),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
)


def parse_retry_after(headers: Mapping[str, str], body: bytes = b"", now: float | None = None) -> float | None:
    """Seconds to wait, at most a day; None when the provider did not say. `headers` are keyed in lower case.

    `now` is in seconds since the epoch. A moment that has passed means no wait; a negative number means nothing.
    """
    now = parse_date(headers.get("date")) if now is None else now
    for seconds in (
        parse_number(headers.get("retry-after-ms"), 0.001),
        parse_moment(headers.get("retry-after"), now),
        parse_retry_info(body),
        parse_resets(headers, now),
        parse_words(body),
    ):
        if seconds is not None:
            return min(max(seconds, 0.0), LONGEST)
    return None


def parse_number(text: str | None, unit: float = 1.0) -> float | None:
    match = NUMBER.fullmatch(text or "")
    return float(match.group(1)) * unit if match else None


def parse_moment(text: str | None, now: float | None) -> float | None:
    """Seconds from a number, a duration (`1h8m25.745s`, `261ms`), an HTTP date, an RFC 3339 time or an epoch."""
    if not text:
        return None
    text = text.strip()
    number = parse_number(text)
    if number is not None:
        return from_epoch(number, now)
    if DURATION.fullmatch(text):
        return parse_duration(text)
    moment = parse_date(text)
    return None if moment is None or now is None else moment - now


def parse_duration(text: str) -> float:
    return sum(float(amount) * UNITS[unit] for amount, unit in SPANS.findall(text))


def from_epoch(number: float, now: float | None) -> float | None:
    if number < EPOCH_S:
        return number
    if now is None:
        return None
    return (number / 1000 if number > EPOCH_MS else number) - now


def parse_date(text: str | None) -> float | None:
    """Seconds since the epoch. A date without a zone is in UTC."""
    for parse in (parsedate_to_datetime, datetime.fromisoformat) if text else ():
        try:
            moment: datetime = parse(text or "")
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def parse_retry_info(body: bytes) -> float | None:
    match = RETRY_INFO.search(body)
    return float(match.group(1)) if match else None


def parse_resets(headers: Mapping[str, str], now: float | None) -> float | None:
    """The longest reset among the limits that are used up."""
    waits = [
        parse_moment(headers.get(reset), now)
        for remaining, reset in RESETS
        if parse_number(headers.get(remaining)) == 0
    ]
    return max((wait for wait in waits if wait is not None), default=None)


def parse_words(body: bytes) -> float | None:
    match = WORDS.search(body)
    return parse_moment(match.group(1).decode(), None) if match else None
