"""What the plain texts of one stream look like on the wire, learned from the first of them.

Every server writes its chunks in a way of its own, but each writes the same bytes around every text. So the first chunk that is
nothing but text is parsed like any other; of those that come later it is enough to see that they are the same but for the text,
and for the padding of random length by which OpenAI hides how long that is (`obfuscation`). Source:
https://platform.openai.com/docs/api-reference/chat-streaming/streaming.
"""

from __future__ import annotations

import re
from typing import Any

from orjson import JSONDecodeError, loads

from proxy.call import Json
from proxy.dialects.chunks import MARK

OBFUSCATION = "obfuscation"
#: The text and its end; what stands before it is known.
TEXT = re.compile(rb'([^"\\\x00-\x1f]+)"')
#: How an event ends: with padding, or without.
PADDED = re.compile(rb', ?"obfuscation": ?"[ !#-\[\]-~]*"\}\n\n\Z')
BARE = re.compile(rb"\}\n\n\Z")
#: The ways in which servers write the text.
WRITTEN = (b'"content":"%b"', b'"content": "%b"')
#: Before anything is known: begins no payload.
UNKNOWN = b"\0"


class PlainText:
    """`learn` from a payload that does not begin with what is `known`, then `match` pieces."""

    __slots__ = ("_after", "_before", "_chunk", "_end", "_size", "known")

    def __init__(self) -> None:
        self.known = self._before = UNKNOWN
        self._after = b""
        self._end = BARE
        self._size = 0
        self._chunk: Json = {}

    def learn(self, data: bytes, chunk: Json) -> None:
        """From the payload of a chunk, if that is nothing but a text without escapes."""
        words = only_text(chunk)
        for form in WRITTEN if words else ():
            before, text, behind = data.partition(form % str(words).encode())
            marked = before + form % MARK.encode() + behind
            # It is the text that was found if another in its place makes the chunk another.
            if text and is_json(marked, said_instead(chunk, MARK)):
                self._keep(before + form.partition(b"%b")[0], behind, chunk)

    def match(self, piece: bytes) -> bytes | None:
        """The text of a piece that is one such event and no more."""
        if not piece.startswith(self._before):
            return None
        found = TEXT.match(piece, self._size)
        if found is None or not piece.startswith(self._after, found.end()):
            return None
        if self._end.match(piece, found.end() + len(self._after)) is None:
            return None
        text = found[1]
        try:
            text.decode()
        except UnicodeDecodeError:
            return None
        return text

    def chunk(self, words: str) -> Json:
        return said_instead(self._chunk, words)

    def _keep(self, before: bytes, behind: bytes, chunk: Json) -> None:
        self._end = PADDED if OBFUSCATION in chunk else BARE
        end = self._end.search(behind + b"\n\n")
        if end is not None:
            self.known, self._before, self._after = before, b"data: " + before, behind[: end.start()]
            self._size = len(self._before)
            self._chunk = chunk


def only_text(chunk: Json) -> str | None:
    """The text of a chunk that says nothing else."""
    choices = chunk.get("choices")
    if chunk.get("usage") or chunk.get("x_groq") or not isinstance(choices, list) or len(choices) != 1:
        return None
    choice: Any = choices[0]
    delta = choice.get("delta")
    if not isinstance(delta, dict) or choice.get("index") != 0 or choice["index"] is False:
        return None
    rest = {**choice, **delta, "index": None, "delta": None, "content": None, "role": None}
    words = delta.get("content")
    return words if isinstance(words, str) and words and not any(rest.values()) else None


def said_instead(chunk: Json, words: str) -> Json:
    """The same with another text."""
    [choice] = chunk["choices"]
    return {**chunk, "choices": [{**choice, "delta": {**choice["delta"], "content": words}}]}


def is_json(data: bytes, value: Json) -> bool:
    try:
        return bool(loads(data) == value)
    except JSONDecodeError:
        return False
