"""Errors of OpenAI and of everyone who speaks like it, as Failures, and Failures as OpenAI's error object.

Source: https://platform.openai.com/docs/guides/error-codes. Compatible servers agree on the status and on little else: their
words may stand in `error`, `message`, `detail` or `errors`, as an object, a text or a list, and `code` may be a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

from proxy.call import Failure, Json
from proxy.dialects.retry_after import parse_retry_after
from proxy.dialects.statuses import KIND_BY_STATUS as STATUSES
from proxy.dialects.statuses import kind_of_status

#: HTTP status of a provider's error -> failure kind. What is not here: other 4xx are the caller's, the rest the provider's.
#: 498 is Groq's word for "at capacity" (https://console.groq.com/docs/errors), 522 and 524 are Cloudflare's for a timeout.
KIND_BY_STATUS: Mapping[int, str] = {
    **STATUSES,
    498: "provider_overloaded",
    522: "timeout",
    524: "timeout",
}

#: Words that say more than the status does, as `code` or as `type`.
KIND_BY_WORD: Mapping[str, str] = {
    "insufficient_quota": "authentication_failed",
    "billing_hard_limit_reached": "authentication_failed",
    "invalid_api_key": "authentication_failed",
    "model_not_found": "model_not_found",
    "invalid_model": "model_not_found",
    "model_not_available": "model_not_found",
    "rate_limit_exceeded": "provider_rate_limited",
    "rate_limit_error": "provider_rate_limited",
    "server_error": "provider_error",
    "internal_server_error": "provider_error",
    "overloaded_error": "provider_overloaded",
    "invalid_request_error": "invalid_request",
}

#: Statuses behind which a bad key, an unpaid bill or an unknown model may stand; the words then decide.
AMBIGUOUS = frozenset({400, 422, 429})
DECISIVE = frozenset({"authentication_failed", "model_not_found"})
#: A refused key that comes as a 400 without a code (xAI, Gemini).
BAD_KEY = ("incorrect api key", "invalid api key", "api key not valid")

CALLERS = frozenset({"invalid_request", "model_not_found", "request_too_large"})
EXCERPT = 300
LONGEST_DETAIL = 4096
LONGEST_BODY = 64 << 10
COMPLAINTS = 5
#: Where an object's words begin, and as much of them as there is: whole escapes, and characters that are none.
WORDS = re.compile(r'"(?:message|msg|detail|error)"\s*:\s*"((?:[^"\\]|\\u[0-9a-fA-F]{4}|\\["\\/bfnrt])+)')
TITLE = re.compile(rb"<title[^>]*>([^<]*)</title>", re.IGNORECASE)


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The provider's error as a Failure, in the provider's own words. `headers` are keyed in lower case."""
    try:
        wire = orjson.loads(body)
    except orjson.JSONDecodeError:
        failure = failure_of({"message": excerpt(body)}, status)
    else:
        failure = failure_of(find_words(wire), status)
        failure.provider_body = body if isinstance(wire, dict) and len(body) <= LONGEST_BODY else b""
    failure.retry_after = parse_retry_after(headers, body)
    return failure


def find_words(wire: Any) -> Json:
    """What stands for OpenAI's error object (`message`, `code`, `type`, `param`) in a provider's answer."""
    outer = wire[0] if isinstance(wire, list) and wire else wire
    if not isinstance(outer, dict):
        return {"message": outer}
    for name in ("error", "detail", "errors"):
        inner = outer.get(name)
        if isinstance(inner, dict) and inner:
            return inner
        if isinstance(inner, str | list) and inner:
            return {**outer, "message": outer.get("message") or inner}
    return outer


def failure_of(error: Json, status: int) -> Failure:
    """`error` as find_words gives it; `status` is 200 where the error came in a stream or a reply that had begun well."""
    code, type_name = text_of(error.get("code")), text_of(error.get("type"))
    message = words_of(error.get("message"))
    kind = kind_of(status, code, type_name, message or "")
    return Failure(
        kind,
        message or f"the provider answered {status}",
        status=status if kind in CALLERS and 400 <= status < 500 else None,
        param=text_of(error.get("param")),
        code=code or type_name,
        provider_status=status,
    )


def kind_of(status: int, code: str | None, type_name: str | None, message: str) -> str:
    """The status decides, inside a 200 the error's own code or type; a few words overrule a status of several meanings."""
    said = KIND_BY_WORD.get(code or "") or KIND_BY_WORD.get(type_name or "")
    if status < 400:
        status = status_in(code)
        if not status:
            return said or "provider_error"
    if status in AMBIGUOUS and said in DECISIVE:
        return str(said)
    if status == 400 and any(words in message.lower() for words in BAD_KEY):
        return "authentication_failed"
    return kind_of_status(status, KIND_BY_STATUS)


def status_in(code: str | None) -> int:
    """The HTTP status that a `code` spells; 0 when it is none."""
    if code is None or len(code) != 3 or not (code.isascii() and code.isdecimal()):
        return 0
    return int(code) if 400 <= int(code) < 600 else 0


def words_of(message: Any) -> str | None:
    """A message as one text, whatever it came as; of a list the first few complaints."""
    if isinstance(message, list):
        message = "; ".join(filter(None, map(complaint_of, message[:COMPLAINTS])))
    elif isinstance(message, dict):
        message = complaint_of(message)
    return text_of(message, LONGEST_DETAIL)


def complaint_of(item: Any) -> str | None:
    """One entry of FastAPI's `detail` (https://fastapi.tiangolo.com/tutorial/handling-errors/) or of an `errors` list."""
    if not isinstance(item, dict):
        return text_of(item)
    said = next((item[name] for name in ("msg", "message", "error") if item.get(name)), item)
    place = item.get("loc")
    return f"{'.'.join(map(str, place[:8]))}: {text_of(said)}" if isinstance(place, list) and place else text_of(said)


def text_of(value: Any, limit: int = EXCERPT) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value[:limit]
    try:
        return orjson.dumps(value).decode()[:limit]
    except orjson.JSONEncodeError:  # nested more deeply than orjson writes
        return None


def excerpt(body: bytes) -> str:
    """What can be said of a body that is no JSON: the words of an object that was cut, a page's title, or how it begins."""
    cut = words_in(body)
    if cut:
        return cut
    title = TITLE.search(body)
    text = " ".join((title.group(1) if title else body[: EXCERPT * 4]).decode("utf-8", "replace").split())[:EXCERPT]
    return f"the provider's answer was not JSON: {text}" if text else "the provider's answer was empty"


def words_in(body: bytes) -> str | None:
    """The first words of an error object that lacks its end: only so much is read of an answer that is very long."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return None
    found = WORDS.search(body.decode("utf-8", "replace"))
    if found is None:
        return None
    words: str = json.loads(f'"{found[1]}"', strict=False)
    # Half of a character that takes two escapes cannot be said.
    return words[:LONGEST_DETAIL].encode("utf-8", "replace").decode()


def render_error(failure: Failure) -> Json:
    """OpenAI's error object. `type` is the failure kind, `code` the provider's own code where it sent one."""
    return {
        "error": {
            "message": failure.detail,
            "type": failure.kind,
            "param": failure.param,
            "code": failure.code or failure.kind,
        }
    }
