"""OpenAI replies, usage and errors. A reply is already unified; what is left is to see that it is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from proxy.call import Failure, Json, Usage
from proxy.dialects.retry_after import parse_retry_after

#: HTTP status of a provider's error -> failure kind. What is not here: other 4xx are the caller's, the rest the provider's.
KIND_BY_STATUS: Mapping[int, str] = {
    401: "authentication_failed",
    402: "authentication_failed",
    403: "authentication_failed",
    404: "model_not_found",
    408: "timeout",
    413: "request_too_large",
    429: "provider_rate_limited",
    503: "provider_overloaded",
    529: "provider_overloaded",
}

#: https://platform.openai.com/docs/guides/error-codes: words that say more than the status does.
KIND_BY_CODE: Mapping[str, str] = {
    "insufficient_quota": "authentication_failed",
    "billing_hard_limit_reached": "authentication_failed",
    "invalid_api_key": "authentication_failed",
    "model_not_found": "model_not_found",
    "rate_limit_exceeded": "provider_rate_limited",
    "rate_limit_error": "provider_rate_limited",
    "server_error": "provider_error",
    "internal_server_error": "provider_error",
    "overloaded_error": "provider_overloaded",
    "invalid_request_error": "invalid_request",
}

EXCERPT = 300
CALLERS = frozenset({"invalid_request", "model_not_found", "request_too_large"})


def parse_reply(wire: Json) -> Json:
    """A chat completion as it is. Failure when it is an error inside a 200 or no completion at all."""
    if wire.get("error"):
        raise failure_of(wire["error"], 200)
    if not isinstance(wire.get("choices"), list):
        raise Failure("provider_error", "the provider's reply has no choices")
    return wire


def render_reply(unified: Json) -> Json:
    return unified


def parse_usage(wire: Json) -> Usage | None:
    """Disjoint buckets from OpenAI's overlapping ones: cached and audio are parts of prompt, reasoning and audio of completion.

    Also found in `x_groq.usage`. Details that exceed their whole are cut to it, so that the sum stays true.
    """
    usage = wire.get("usage")
    if usage is None and isinstance(wire.get("x_groq"), dict):
        usage = wire["x_groq"].get("usage")
    if not isinstance(usage, dict):
        return None
    found = Usage(count(usage, "prompt_tokens"), output=count(usage, "completion_tokens"))
    split(found, "input", usage.get("prompt_tokens_details"), PROMPT_PARTS)
    split(found, "output", usage.get("completion_tokens_details"), COMPLETION_PARTS)
    return found


PROMPT_PARTS = (("cached_tokens", "cache_read"), ("cache_write_tokens", "cache_write"), ("audio_tokens", "audio_input"))
COMPLETION_PARTS = (("reasoning_tokens", "reasoning"), ("audio_tokens", "audio_output"))


def split(usage: Usage, whole: str, details: Any, parts: tuple[tuple[str, str], ...]) -> None:
    """Take the parts out of the bucket they were counted into, none of them larger than what is left in it."""
    if not isinstance(details, dict):
        return
    for name, bucket in parts:
        if details.get(name):
            left = getattr(usage, whole)
            part = min(count(details, name), left)
            setattr(usage, bucket, part)
            setattr(usage, whole, left - part)


def count(mapping: Json, name: str) -> int:
    value = mapping.get(name)
    return value if type(value) is int and value > 0 else 0


def render_usage(usage: Usage) -> Json:
    """OpenAI's usage object; details appear only where there is something to say."""
    wire: Json = {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
    }
    prompt = named(cached_tokens=usage.cache_read, cache_write_tokens=usage.cache_write, audio_tokens=usage.audio_input)
    completion = named(reasoning_tokens=usage.reasoning, audio_tokens=usage.audio_output)
    if prompt:
        wire["prompt_tokens_details"] = prompt
    if completion:
        wire["completion_tokens_details"] = completion
    return wire


def named(**counts: int) -> Json:
    return {name: value for name, value in counts.items() if value}


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The provider's error as a Failure, in the provider's own words. `headers` are keyed in lower case."""
    try:
        wire = orjson.loads(body)
    except orjson.JSONDecodeError:
        wire = None
    error = find_error(wire)
    failure = failure_of(error if error is not None else excerpt(body), status)
    failure.provider_body = body if isinstance(wire, dict) else b""
    failure.retry_after = parse_retry_after(headers, body)
    return failure


def find_error(wire: Any) -> Any:
    """Where compatible servers put their words: `error` (object or text), `message`, `detail`; some wrap it in a list."""
    if isinstance(wire, list) and wire:
        wire = wire[0]
    if not isinstance(wire, dict):
        return None
    for name in ("error", "message", "detail"):
        if wire.get(name):
            found = wire[name]
            return wire if name == "message" and isinstance(found, str) else found
    return None


def failure_of(error: Any, status: int) -> Failure:
    """`error` is an OpenAI error object, or whatever a compatible server sent in its place."""
    fields = error if isinstance(error, dict) else {"message": error}
    code, type_name = text_of(fields.get("code")), text_of(fields.get("type"))
    kind = kind_of(status, fields["code"] if type(fields.get("code")) is int else code, type_name)
    return Failure(
        kind,
        text_of(fields.get("message")) or f"the provider answered {status}",
        status=status if kind in CALLERS and status >= 400 else None,
        param=text_of(fields.get("param")),
        code=code or type_name,
        provider_status=status,
    )


def kind_of(status: int, code: Any, type_name: str | None) -> str:
    """The status decides; inside a 200 the error's own code or type does, and a 429 may be an unpaid bill."""
    if status < 400 and isinstance(code, int) and 400 <= code < 600:
        status = code
    said = next((KIND_BY_CODE[name] for name in (code, type_name) if name in KIND_BY_CODE), None)
    if status < 400:
        return said or "provider_error"
    if status == 429 and said == "authentication_failed":
        return said
    return KIND_BY_STATUS.get(status) or ("invalid_request" if status < 500 else "provider_error")


def text_of(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else orjson.dumps(value).decode()[:EXCERPT]


def excerpt(body: bytes) -> str:
    text = " ".join(body[: EXCERPT * 4].decode("utf-8", "replace").split())[:EXCERPT]
    return f"the provider's answer was not JSON: {text}" if text else "the provider's answer was empty"


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
