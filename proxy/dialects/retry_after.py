"""When a provider says "not now": how long to wait, in every spelling that providers use.

Spellings: `retry-after-ms` and `retry-after` (RFC 9110, section 10.2.3: seconds or a date; fractions occur), Google's
`RetryInfo.retryDelay` in the body (https://google.aip.dev/193), and the reset headers of
https://platform.openai.com/docs/guides/rate-limits and https://docs.claude.com/en/api/rate-limits, which count only when the
matching `remaining` is used up. Pure: a date needs `now` (seconds since the epoch), without it dates are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

LONGEST = 24 * 3600.0
UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
SPANS = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[dhms]))+")
RETRY_INFO = re.compile(rb'"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"')
EPOCH_MS = 1e11
EPOCH_S = 1e8

RESETS = tuple(
    (f"{prefix}-remaining-{what}" if suffix else f"{prefix}-{what}-remaining",
     f"{prefix}-reset-{what}" if suffix else f"{prefix}-{what}-reset")
    for prefix, suffix, whats in (
        ("x-ratelimit", True, ("requests", "tokens")),
        ("anthropic-ratelimit", False, ("requests", "tokens", "input-tokens", "output-tokens")),
    )
    for what in whats
) + (("x-ratelimit-remaining", "x-ratelimit-reset"),)  # fmt: skip


def parse_retry_after(headers: Mapping[str, str], body: bytes = b"", now: float | None = None) -> float | None:
    """Seconds to wait, at most a day; None when the provider did not say. `headers` are keyed in lower case."""
    for seconds in (
        parse_number(headers.get("retry-after-ms"), 0.001),
        parse_moment(headers.get("retry-after"), now),
        parse_retry_info(body),
        parse_resets(headers, now),
    ):
        if seconds is not None:
            return min(max(seconds, 0.0), LONGEST)
    return None


def parse_number(text: str | None, unit: float = 1.0) -> float | None:
    try:
        number = float(text) * unit if text else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < float("inf") else None


def parse_moment(text: str | None, now: float | None) -> float | None:
    """Seconds from a number, a duration (`1h8m25.745s`, `261ms`), an HTTP date, an RFC 3339 time or an epoch."""
    if not text:
        return None
    text = text.strip()
    number = parse_number(text)
    if number is not None:
        return from_epoch(number, now)
    if DURATION.fullmatch(text):
        return sum(float(amount) * UNITS[unit] for amount, unit in SPANS.findall(text))
    return from_date(text, now)


def from_epoch(number: float, now: float | None) -> float | None:
    if number < EPOCH_S:
        return number
    if now is None:
        return None
    return (number / 1000 if number > EPOCH_MS else number) - now


def from_date(text: str, now: float | None) -> float | None:
    if now is None:
        return None
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment: datetime = parse(text)
        except (ValueError, TypeError, IndexError):
            continue
        try:
            return moment.timestamp() - now
        except (OverflowError, ValueError):
            return None
    return None


def parse_retry_info(body: bytes) -> float | None:
    match = RETRY_INFO.search(body)
    return float(match.group(1)) if match else None


def parse_resets(headers: Mapping[str, str], now: float | None) -> float | None:
    """The longest reset among the limits that are used up."""
    waits = [
        parse_moment(headers.get(reset), now) for remaining, reset in RESETS if parse_number(headers.get(remaining)) == 0
    ]
    return max((wait for wait in waits if wait is not None), default=None)
