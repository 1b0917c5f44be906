"""Unified chunks in the making. A dialect's stream parser says what changed; this file knows what a chunk looks like.

And how one text takes another's place in what a dialect's renderer has made of a chunk.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json, Usage
from proxy.dialects import SayText
from proxy.dialects.openai.usage import render_usage

#: Stands for a text where only the bytes around it are wanted.
MARK = "outrider-text"


def head_of(called: str, model: str, created: int = 0) -> Json:
    """What every chunk of a stream begins with."""
    return {"id": called, "object": "chat.completion.chunk", "created": created, "model": model}


def chunk_of(head: Json, delta: Json, index: int = 0, **ended: Any) -> Json:
    """`ended`: `finish_reason` and its like, of the last chunk."""
    return {**head, "choices": [{"index": index, "delta": delta, "finish_reason": None, **ended}]}


def usage_chunk(head: Json, usage: Usage) -> Json:
    """The last chunk of a stream that reports its tokens."""
    return {**head, "choices": [], "usage": render_usage(usage)}


def say_between(rendered: bytes) -> SayText | None:
    """Puts texts where the mark stands; None where it is not found once."""
    before, mark, after = (part.replace(b"%", b"%%") for part in rendered.partition(MARK.encode()))
    if not mark or mark in after:
        return None
    return (before + b"%b" + after).__mod__
