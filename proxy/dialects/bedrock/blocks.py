"""A content block as a unified part, and which blocks are carried besides because they say more than the part does.

What a guardrail is to look at (`guardContent`) is text or an image like any other, and Bedrock alone knows the marker. An
object in S3 has an owner and a format beside its address. Both go back to Bedrock in their own words. Sources, under
https://docs.aws.amazon.com/bedrock/latest/APIReference/: API_runtime_GuardrailConverseContentBlock, _S3Location.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from proxy.call import Json
from proxy.dialects.bedrock.media import PARSERS as MEDIA
from proxy.dialects.bedrock.media import parse_media

GUARDED = "guardContent"


def only_text(content: Any) -> str | None:
    """The text of content that is one block of text, with nothing beside it; None of any other, also of what is no content."""
    if type(content) is list and len(content) == 1:
        block = content[0]
        if type(block) is dict and len(block) == 1:
            text = block.get("text")
            return text if type(text) is str else None
    return None


def parse_block(block: Json, path: str) -> Json | None:
    """The part that a block is; None when the unified form has no word for it."""
    held = block.get(GUARDED)
    if isinstance(held, dict):
        words = held.get("text")
        words = words.get("text") if isinstance(words, dict) else None
        block, path = {**held, "text": words}, f"{path}.{GUARDED}"
    if isinstance(block.get("text"), str):
        return {"type": "text", "text": block["text"]}
    return parse_media(block, path)


def is_carried(block: Json) -> bool:
    """Whether a block says more than its part."""
    return GUARDED in block or any("s3Location" in source_in(block[kind]) for kind in MEDIA if kind in block)


def source_in(media: Any) -> Any:
    source = media.get("source") if isinstance(media, dict) else None
    return source if isinstance(source, dict) else ()


def is_told(part: Json, own: Iterable[Json], path: str) -> bool:
    """Whether one of Bedrock's own blocks, which stand before a part, is that part."""
    bare = {name: value for name, value in part.items() if name not in ("cache_control", "extra_content")}
    return any(parse_block(block, path) == bare for block in own)
