"""Two spellings of one name: Google's JSON form takes members in camelCase and in snake_case, and null where there is nothing.

Source: https://protobuf.dev/programming-guides/json/. What is the caller's own (a schema's properties, a call's arguments, a
tool's response) is never spelled anew: only the members of a message that somebody names here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from proxy.call import Json
from proxy.dialects.shape import asked

LONGEST_NAME = 64


def camel(message: Any, path: str) -> Json:
    """The members of one message, in camelCase; null ones left out. A name said in both ways keeps what was said last."""
    if type(message) is not dict:
        asked(message, dict, path)
    for name, value in message.items():
        if value is None or "_" in name:
            return spelled(message)
    return dict(message)


def spelled(message: Json) -> Json:
    return {
        camel_name(name) if "_" in name and len(name) <= LONGEST_NAME else name: value
        for name, value in message.items()
        if value is not None
    }


@lru_cache(maxsize=1024)
def camel_name(name: str) -> str:
    head, *words = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in words)
