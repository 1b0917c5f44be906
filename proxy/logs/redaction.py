"""Takes secrets out of finished lines: the values it was told of, and whatever looks like a key.

It works on the bytes that are about to leave, so it does not matter in which field or traceback a secret stands.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote

REDACTED = b"[redacted]"
SHORTEST_SECRET = 8
SPELLINGS = 1024

#: where a key may begin: not inside a word, though right after an escape such as \n in JSON
EDGE = rb"(?:(?<![a-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4}))"
#: between the name of a header and its value, in any notation: `key: v`, `"key": "v"`, `(b'key', b'v')`, `key=v`
IS = rb"[\"'\\]*[ \t]*[:=,][ \t]*(?:b(?=['\"]))?[\"'\\]*"
VALUE = rb"(?!\[redacted)[^\s\"',\\&;)}\]]+"

#: a sign in lower case that makes the pattern worth a try, and the pattern; its first group stays
PATTERNS = tuple(
    (sign, re.compile(pattern, re.IGNORECASE))
    for sign, pattern in (
        (b"sk-", EDGE + rb"()sk-[\w-]{8,}"),
        (b"gsk_", EDGE + rb"()gsk_\w{8,}"),
        (b"aiza", EDGE + rb"()(?-i:AIza)[\w-]{16,}"),
        (b"akia", EDGE + rb"()(?-i:AKIA[A-Z0-9]{12,})"),
        (b"asia", EDGE + rb"()(?-i:ASIA[A-Z0-9]{12,})"),
        (b"bearer", rb"(bearer(?:[ \t]|%20)+)" + VALUE),
        (b"authorization", rb"(authorization" + IS + rb"(?:(?!bearer)\w+ )?)(?!bearer)" + VALUE),
        (b"api-key", rb"(api-key" + IS + rb")" + VALUE),
        (b"api_key", rb"(api_key" + IS + rb")" + VALUE),
    )
)


class Redactor:
    """`add` secrets as they become known; `clean` lines, any number at once, before they leave."""

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}
        self._longest_first: tuple[bytes, ...] = ()

    def add(self, secret: str) -> None:
        """A secret of several lines counts line by line too.

        What is shorter than SHORTEST_SECRET would hide ordinary words and is not taken. Past SPELLINGS the oldest go.
        """
        for spelling in spellings_of_all(secret):
            self._known[spelling] = self._known.get(spelling, 0) + 1
        for oldest in list(self._known)[:-SPELLINGS]:
            del self._known[oldest]
        self._longest_first = tuple(sorted(self._known, key=len, reverse=True))

    def forget(self, secret: str) -> None:
        """What was added and is no secret any more makes room; what was added more often stays."""
        for spelling in spellings_of_all(secret) & self._known.keys():
            self._known[spelling] -= 1
            if not self._known[spelling]:
                del self._known[spelling]
        self._longest_first = tuple(sorted(self._known, key=len, reverse=True))

    def clean(self, lines: bytes) -> bytes:
        for secret in self._longest_first:
            if secret in lines:
                lines = lines.replace(secret, REDACTED)
        lower = lines.lower()
        for sign, pattern in PATTERNS:
            if sign in lower:
                lines = pattern.sub(rb"\1" + REDACTED, lines)
        return lines

    def clean_cut(self, text: bytes) -> bytes:
        """The same for a text that was cut anywhere: what is left at its end of a known value goes too."""
        text = self.clean(text)
        for secret in self._longest_first:
            begins = text.find(secret[:SHORTEST_SECRET], max(len(text) - len(secret), 0))
            while begins >= 0:
                if secret.startswith(text[begins:]):
                    text = text[:begins] + REDACTED
                    break
                begins = text.find(secret[:SHORTEST_SECRET], begins + 1)
        return text


def spellings_of_all(secret: str) -> set[bytes]:
    parts = (secret, *secret.splitlines())
    return {spelling for part in parts if len(part) >= SHORTEST_SECRET for spelling in spellings(part)}


def spellings(secret: str) -> set[bytes]:
    """How a secret may stand in a line: as it is, in JSON with and without escapes, in a URL, in a repr."""
    in_json = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
    raw = secret.encode("utf-8", "surrogateescape")
    return {raw, quote(raw).encode(), *(text.encode("utf-8", "replace") for text in (*in_json, repr(secret)[1:-1]))}
