"""Images, audio and moderations: what is relayed as it is, and what its replies say of tokens.

Sources: https://platform.openai.com/docs/api-reference/images/object,
https://platform.openai.com/docs/api-reference/audio/json-object.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json, Usage


def parse_usage(wire: Json) -> Usage | None:
    """Usage of an image's or a transcription's reply; None where it says none, or seconds in place of tokens."""
    usage = wire.get("usage")
    if not isinstance(usage, dict) or "input_tokens" not in usage:
        return None
    details = usage.get("input_token_details")
    prompt = count(usage["input_tokens"])
    audio = min(count(details.get("audio_tokens")), prompt) if isinstance(details, dict) else 0
    return Usage(input=prompt - audio, audio_input=audio, output=count(usage.get("output_tokens")))


def count(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0
