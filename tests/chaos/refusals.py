"""Every status that a provider refuses with, and every way in which it says how long to wait: what each has to become.

Sources: docs/operations.md for the kinds; RFC 9110, section 10.2.3, for `retry-after`; the rest as proxy/dialects/retry_after.py
names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from tests.chaos.visit import Asked, Visit
from tests.upstream.raw import head

NOW = "Sat, 21 Nov 2026 12:00:00 GMT"
WORDS = "the provider's own words"
REDIRECTS = (300, 301, 302, 303, 304, 305, 307, 308)
CALLERS = (
    400,
    405,
    406,
    407,
    409,
    410,
    411,
    412,
    414,
    415,
    416,
    417,
    418,
    421,
    422,
    423,
    424,
    425,
    426,
    428,
    431,
    451,
    499,
)
BROKEN = (500, 501, 502, 505, 506, 507, 508, 510, 511, 520, 521, 523, 525, 526, 527, 530, 599)

#: The provider's status -> the kind of the failure.
KIND: Mapping[int, str] = {
    **dict.fromkeys(REDIRECTS, "provider_error"),
    **dict.fromkeys(CALLERS, "invalid_request"),
    **dict.fromkeys((401, 402, 403), "authentication_failed"),
    404: "model_not_found",
    413: "request_too_large",
    429: "provider_rate_limited",
    **dict.fromkeys((408, 504, 522, 524), "timeout"),
    **dict.fromkeys((498, 503, 529), "provider_overloaded"),
    **dict.fromkeys(BROKEN, "provider_error"),
}


class Form(NamedTuple):
    """How long to wait, as headers, in the message, or in the error's details; `seconds` is what it means, None for nothing."""

    seconds: float | None
    headers: Mapping[str, str] = {}
    words: str = ""
    details: tuple[Mapping[str, Any], ...] = ()


def used_up(what: str, reset: str) -> Mapping[str, str]:
    return {f"x-ratelimit-remaining{what}": "0", f"x-ratelimit-reset{what}": reset, "date": NOW}


RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12.5s"}
TIER = {"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "2026-11-21T12:00:13Z"}
FORMS: Mapping[str, Form] = {
    "nothing": Form(None),
    "seconds": Form(13, {"retry-after": "13"}),
    "none": Form(0, {"retry-after": "0"}),
    "fraction": Form(12.5, {"retry-after": "12.5"}),
    "unit": Form(12.5, {"retry-after": "12.5s"}),
    "date": Form(13, {"date": NOW, "retry-after": "Sat, 21 Nov 2026 12:00:13 GMT"}),
    "past-date": Form(0, {"date": NOW, "retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}),
    "nonsense": Form(None, {"retry-after": "soon"}),
    "below-none": Form(None, {"retry-after": "-7"}),
    "days": Form(86_400, {"retry-after": "9999999"}),
    "milliseconds": Form(0.03, {"retry-after-ms": "30"}),
    "both": Form(12.5, {"retry-after": "13", "retry-after-ms": "12500"}),
    "reset-requests": Form(62.5, used_up("-requests", "1m2.5s")),
    "reset-tokens": Form(0.03, used_up("-tokens", "30ms")),
    "reset-epoch": Form(13, used_up("", "1795262413")),
    "reset-of-what-is-left": Form(None, {"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "12s"}),
    "reset-anthropic": Form(13, {**TIER, "date": NOW}),
    "retry-info": Form(12.5, details=(RETRY_INFO,)),
    "words": Form(1.25, words="Please try again in 1.25s."),
}

CASES = [(status, form) for status in KIND for form in FORMS]


def name_of(status: int, form: str) -> str:
    return f"{status} {form}"


def refusal(status: int, form: Form) -> bytes:
    error = {"message": f"{WORDS} {form.words}", "type": None, "param": None, "code": None}
    body = orjson.dumps({"error": error | ({"details": form.details} if form.details else {})})
    body = b"" if status == 304 else body
    lines = [f"{name}: {value}" for name, value in form.headers.items()]
    return head(status, "content-type: application/json", f"content-length: {len(body)}", *lines) + body


def seconds_in(status: int, form: Form) -> float | None:
    """What `form` says with this status: one answer has no body to say it in."""
    return None if status == 304 and (form.words or form.details) else form.seconds


async def refuses(visit: Visit, asked: Asked) -> None:
    """As the user's message names it: a status and a form."""
    message = orjson.loads(await visit.whole(asked))["messages"][0]["content"]
    status, _, form = message.partition(" ")
    visit.send(refusal(int(status), FORMS[form]))
