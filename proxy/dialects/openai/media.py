"""Images, audio and moderations: what is relayed as it is, and what its replies say of tokens.

Sources: https://platform.openai.com/docs/api-reference/images/object,
https://platform.openai.com/docs/api-reference/audio/json-object.
"""

from __future__ import annotations

from proxy.call import Json, Usage
from proxy.dialects.openai.usage import move
from proxy.dialects.reported import cost_in, count, inside


def parse_usage(wire: Json) -> Usage | None:
    """Usage of an image's or a transcription's reply; None where it says none, or seconds in place of tokens."""
    usage = wire.get("usage")
    if not isinstance(usage, dict) or "input_tokens" not in usage:
        return None
    found = Usage(count(usage, "input_tokens"), output=count(usage, "output_tokens"), cost=cost_in(usage))
    move(found, "input", "audio_input", count(inside(usage, "input_token_details"), "audio_tokens"))
    if "input_tokens_details" in usage:
        # An image's: what came out is drawn, where nothing else is said.
        made = inside(usage, "output_tokens_details")
        move(found, "input", "image_input", count(inside(usage, "input_tokens_details"), "image_tokens"))
        move(found, "output", "image_output", count(made, "image_tokens") if made else found.output)
    return found
