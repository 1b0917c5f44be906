"""Errors of the Responses API: OpenAI's, and those that come inside a 200.

A response may have failed (`status: failed`), and a stream may say `error` and then `response.failed`. What is wrong with the
caller's images or prompt is then known by its code alone. Sources: https://platform.openai.com/docs/guides/error-codes,
https://platform.openai.com/docs/api-reference/responses-streaming/error.
"""

from __future__ import annotations

from typing import Any

import orjson

from proxy.call import Failure, Json
from proxy.dialects.openai.errors import failure_of, find_words, render_error
from proxy.dialects.retry_after import parse_retry_after

#: Codes that say what is wrong with the question: asking again gives the same answer.
CALLERS = frozenset(
    {
        "invalid_prompt",
        "data_residency_mismatch",
        "bio_policy",
        "misalignment_policy_violation",
        "invalid_image",
        "invalid_image_format",
        "invalid_base64_image",
        "invalid_image_url",
        "invalid_image_mode",
        "image_too_large",
        "image_too_small",
        "image_parse_error",
        "image_content_policy_violation",
        "image_file_too_large",
        "image_file_not_found",
        "unsupported_image_media_type",
        "empty_image_file",
        "failed_to_download_image",
    }
)


def failure_in(wire: Any, data: bytes = b"") -> Failure:
    """The failure that a failed response or an `error` event speaks of. `data` are its bytes, for a wait that is said in
    words.
    """
    words = find_words(wire)
    if isinstance(code := words.get("code"), str) and code in CALLERS:
        words = {**words, "type": "invalid_request_error"}
    failure = failure_of(words, 200)
    failure.retry_after = parse_retry_after({}, data)
    return failure


def render_error_event(failure: Failure) -> bytes:
    """The `error` event that ends a broken stream. The flat members are as the reference has them, `error` is as the API
    sends it: the SDKs raise on that one. Its place in the sequence is not known here.
    """
    words = render_error(failure)["error"]
    payload: Json = {
        "type": "error",
        **{name: words[name] for name in ("code", "message", "param")},
        "sequence_number": 0,
    }
    return b"event: error\ndata: %b\n\n" % orjson.dumps({**payload, "error": words})
