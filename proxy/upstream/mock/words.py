"""The words of a checked request: its tokens, the text of its messages, what is attached to them.

One token is a word or a single other character, together with the white space before it; an attachment counts as 85.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from proxy.call import Json

TOKEN = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")
ATTACHMENT_TOKENS = 85
ATTACHMENTS: Mapping[str, tuple[str, str]] = {
    "image_url": ("image", "images"),
    "input_audio": ("audio clip", "audio clips"),
    "file": ("file", "files"),
}


def split_tokens(text: str) -> list[str]:
    """The tokens of `text`; joined they are `text` again."""
    return TOKEN.findall(text)


def count_tokens(text: str) -> int:
    return sum(1 for _ in TOKEN.finditer(text))


def count_prompt(messages: list[Json]) -> int:
    """The tokens of everything said and attached; the definitions of tools are not counted."""
    attachments = sum(part["type"] in ATTACHMENTS for message in messages for part in _parts(message))
    return sum(count_tokens(text_of(message)) for message in messages) + ATTACHMENT_TOKENS * attachments


def text_of(message: Json) -> str:
    """The text of a message, its text parts joined by a space."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in _parts(message) if part["type"] == "text")


def last_user(messages: list[Json]) -> Json:
    """The last message of the user, or an empty object."""
    return next((message for message in reversed(messages) if message["role"] == "user"), {})


def attached_to(message: Json) -> str:
    """What comes with a message besides text, for a person: `1 image, 2 files`."""
    kinds = [part["type"] for part in _parts(message)]
    counts = [(kinds.count(kind), names) for kind, names in ATTACHMENTS.items()]
    return ", ".join(f"{count} {one if count == 1 else many}" for count, (one, many) in counts if count)


def _parts(message: Json) -> list[dict[str, Any]]:
    content = message.get("content")
    return content if isinstance(content, list) else []
