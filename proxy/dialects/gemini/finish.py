"""How an answer ended: Google's words, the unified ones, and what else a candidate says of its end.

Source: https://ai.google.dev/api/generate-content#FinishReason. A candidate that calls functions ends with STOP. What is in
no table is passed on as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Json

FILTERED = (
    *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "ESCALATION"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "PUP_LIMITED_DISABLED"),
)
#: finishReason -> finish_reason.
FINISH_REASONS: Mapping[str, str] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    **dict.fromkeys(FILTERED, "content_filter"),
}
#: finish_reason -> finishReason.
REASONS: Mapping[str, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "function_call": "STOP",
    "content_filter": "SAFETY",
}
#: Google's words that have no unified one.
OTHERS = (
    *("OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE"),
    *("MALFORMED_RESPONSE", "NO_IMAGE", "IMAGE_OTHER", "CONTINUATION"),
)
NATIVE = frozenset({*FINISH_REASONS, *OTHERS})
#: Members of a candidate without a unified word. They stand in `gemini` of a choice.
EXTRAS = (
    *("safetyRatings", "groundingMetadata", "citationMetadata", "urlContextMetadata", "avgLogprobs", "finishMessage"),
    *("continuationToken", "tokenCount", "groundingAttributions"),
)


def finish_of(reason: str, called: bool, extras: Json) -> Json:
    """`finish_reason` and what goes with it, in a choice."""
    finish = FINISH_REASONS.get(reason, reason)
    ended: Json = {
        "finish_reason": "tool_calls" if called and finish == "stop" else finish,
        "native_finish_reason": reason,
    }
    return {**ended, "gemini": extras} if extras else ended


def refusal_of(reason: str, extras: Json) -> str | None:
    """Why the model declined, in the provider's words, where it gave any."""
    words = extras.get("finishMessage")
    return words if FINISH_REASONS.get(reason) == "content_filter" and isinstance(words, str) else None


def blocked(feedback: Any) -> tuple[str, str | None] | None:
    """(reason, Google's words if it has any) of a prompt that was not let through; None when nothing speaks against it."""
    reason = feedback.get("blockReason") if isinstance(feedback, dict) else None
    if not isinstance(reason, str) or not reason:
        return None
    words = feedback.get("blockReasonMessage")
    return reason, words if isinstance(words, str) and words else None


def reason_of(choice: Json) -> Json:
    """`finishReason` of a choice, and Google's own members. A word that is in no table goes as it is; no word at all is STOP."""
    native, finish = choice.get("native_finish_reason"), choice.get("finish_reason")
    if type(native) is str and native in NATIVE:
        ended: Json = {"finishReason": native}
    else:
        said = finish if type(finish) is str and finish else "stop"
        ended = {"finishReason": REASONS.get(said, said)}
    if "gemini" in choice and isinstance(extras := choice["gemini"], dict):
        ended |= {name: extras[name] for name in EXTRAS if name in extras}
    return ended
