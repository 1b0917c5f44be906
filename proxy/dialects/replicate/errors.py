"""Replicate's errors as Failures: problems over HTTP, and what is said of a prediction that failed.

A problem has `title` and `detail`, and for an input that is wrong `invalid_fields`; when to come again is said in words. A failed
prediction has a text. A code in it begins with E and four digits; where a name follows the code it is the model's own, and the
codes of category 1 of Replicate's templates are the caller's fault. Sources: https://replicate.com/docs/reference/error-codes,
https://replicate.com/docs/topics/predictions/rate-limits, https://github.com/replicate/cog-triton (error codes).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from orjson import JSONDecodeError, loads

from proxy.call import Failure
from proxy.dialects.openai import errors

#: "Your rate limit resets in ~30s.", "Expected available in 1 second."
RESETS = re.compile(rb"(?:resets|available) in ~?(\d{1,6}(?:\.\d{1,3})?) ?s")
CODE = re.compile(r"\b(E\d{4})\b(?: (\w+):)?")
#: E6716: it did not start in time.
KIND_BY_CODE: Mapping[str, str] = {"E6716": "provider_overloaded"}
CALLERS = frozenset(
    {
        *("PromptRequired", "PromptTooLong", "BadPromptTemplate", "PromptTemplateError"),
        *("InvalidArgumentMinTokens", "InvalidArgumentMaxTokens"),
    }
)
NO_VERSION = "Invalid version or not permitted"
LONGEST_WORDS = 4096


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The problem in Replicate's own words. `headers` are keyed in lower case."""
    failure = errors.parse_error(status, headers, body)
    if failure.retry_after is None and (resets := RESETS.search(body)) is not None:
        failure.retry_after = float(resets[1])
    try:
        problem = loads(body)
    except JSONDecodeError:
        return failure
    if not isinstance(problem, dict):
        return failure
    if problem.get("title") == NO_VERSION:
        return as_kind(failure, "model_not_found")
    failure.param = failure.param or field_in(problem.get("invalid_fields"))
    return failure


def field_in(wrong: Any) -> str | None:
    """The first field that is wrong, as the model's input has it."""
    first = wrong[0] if isinstance(wrong, list) and wrong else None
    named = first.get("field") if isinstance(first, dict) else None
    return named.removeprefix("input.") if isinstance(named, str) and named else None


def as_kind(failure: Failure, kind: str) -> Failure:
    other = Failure(kind, failure.detail, code=failure.code, provider_status=failure.provider_status)
    other.provider_body = failure.provider_body
    return other


def failure_of(words: Any) -> Failure:
    """Of a prediction that failed. `words` is its `error`, or the `detail` of an error event."""
    said = errors.text_of(words, LONGEST_WORDS) or "the prediction failed without a word"
    found = CODE.search(said)
    code, name = (found[1], found[2]) if found is not None else (None, None)
    kind = "invalid_request" if name in CALLERS else KIND_BY_CODE.get(code or "", "provider_error")
    return Failure(kind, said, code=code, provider_status=200)


def failure_of_end(status: str) -> Failure:
    """Of a prediction that somebody ended: its owner or the time it was given; `aborted` is one that had not begun."""
    kind = "timeout" if status == "aborted" else "provider_error"
    return Failure(kind, f"the prediction was {status} before it had succeeded", code=status, provider_status=200)
