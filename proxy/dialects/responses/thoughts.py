"""Reasoning items and what the unified form makes of them: `thinking_blocks` and `reasoning_content`.

An item of OpenAI's goes as it is, for it comes back encrypted and is bound to its id. Thoughts that another provider signed
travel in the `encrypted_content` of an item of ours, whole, so that they return byte for byte from an application that knows
nothing but reasoning items. Source: https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import orjson

from proxy.call import Json
from proxy.dialects.shape import broken

#: How an `encrypted_content` of ours begins. OpenAI's are Fernet tokens and begin otherwise.
MARK = "outrider_"
#: Between the parts of a summary, and between one item's thoughts and the next one's.
GAP = "\n\n"


def text_of(item: Json) -> str:
    """What a reasoning item says in the open: its summary, or the thoughts themselves where the provider shows them."""
    for name in ("summary", "content"):
        parts = item.get(name)
        texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
        said = GAP.join(text for text in texts if isinstance(text, str) and text)
        if said:
            return said
    return ""


def thought_of(block: Json) -> str:
    """The text of a thinking block of any kind."""
    if block.get("type") == "reasoning":
        return text_of(block)
    words = block.get("thinking")
    return words if isinstance(words, str) else ""


def pack(block: Json) -> str:
    """`block` as the `encrypted_content` of an item. Failure for what is nested too deeply to be said."""
    try:
        return MARK + urlsafe_b64encode(orjson.dumps(block)).decode().rstrip("=")
    except orjson.JSONEncodeError:
        raise broken("a thinking block cannot be said in JSON") from None


def unpack(item: Json) -> Json:
    """The thinking block that `item` carries, or `item` itself."""
    sealed = item.get("encrypted_content")
    if not isinstance(sealed, str) or not sealed.startswith(MARK):
        return item
    packed = sealed.removeprefix(MARK)
    try:
        block: Any = orjson.loads(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        return item
    return block if isinstance(block, dict) and isinstance(block.get("type"), str) else item


def render_item(block: Json, called: str) -> Json:
    """A thinking block as a reasoning item; `called` is its id where it has none."""
    if block.get("type") == "reasoning" and isinstance(block.get("id"), str):
        return {"summary": [], **block}
    words = thought_of(block)
    item: Json = {"id": called, "type": "reasoning", "summary": summary_of(words)}
    return {**item, "encrypted_content": pack(block)}


def summary_of(words: str) -> list[Json]:
    return [{"type": "summary_text", "text": words}] if words else []


def can_return(block: Any, kept: bool) -> bool:
    """Whether a block can go back to a provider that speaks Responses: one of its own that it can read. What has nothing
    encrypted and shows no thoughts is but a name, of use only if the provider `kept` the response.
    """
    if not isinstance(block, dict) or block.get("type") != "reasoning":
        return False
    return kept or bool(block.get("encrypted_content") or block.get("content"))
