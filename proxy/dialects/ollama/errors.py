"""Ollama's errors as Failures, and Failures as Ollama's errors.

An error is one string under `error`, with an HTTP status; inside a stream it is a line of its own, and the status is 200 already.
What a model cannot do comes as a 400 and is told apart by its words. Source: https://docs.ollama.com/api/errors.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from proxy.call import Failure, Json
from proxy.dialects.openai import errors

#: "... does not support tools", "... does not support thinking"
UNABLE = "does not support"


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The provider's error in its own words. `headers` are keyed in lower case."""
    return told_apart(errors.parse_error(status, headers, body))


def failure_of(wire: Json, status: int) -> Failure:
    """`wire` has a member `error`: a string, or with Ollama's cloud an object."""
    return told_apart(errors.failure_of(errors.find_words(wire), status))


def told_apart(failure: Failure) -> Failure:
    if failure.kind != "invalid_request" or UNABLE not in failure.detail:
        return failure
    unable = Failure(
        "unsupported_capability", failure.detail, code=failure.code, provider_status=failure.provider_status
    )
    unable.provider_body, unable.retry_after = failure.provider_body, failure.retry_after
    return unable


def render_error(failure: Failure) -> Json:
    """What Ollama's clients raise as ResponseError; `kind` and `param` are ours besides, for whoever reads the log."""
    said = {"error": failure.detail or failure.kind, "kind": failure.kind}
    return said | ({"param": failure.param} if failure.param else {})


def render_error_event(failure: Failure) -> bytes:
    """The line that ends a broken stream; the clients raise on it."""
    return orjson.dumps(render_error(failure)) + b"\n"
