"""Replace one top-level member of a JSON object in its bytes, and leave every other byte as it was.

A relay owes the provider the caller's own bytes: key order, spacing, number spelling, escapes. Only the value that an alias
rewrites may change. The input has already been parsed as a JSON object elsewhere, so this file does not validate.
"""

from __future__ import annotations

import json
import re

PLAIN_END = re.compile(rb"[,}\]\s]")
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
#: Up to the next bracket that stands in no string.
NEXT_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"(?:[^"\\]++|\\.)*+"[^"{}\[\]]*+)*+([{}\[\]])', re.DOTALL)
#: A key may be spelled with these, and then the plain spelling that is found may be another object's.
ESCAPED_LETTER = re.compile(rb"\\u00[4-7]")


def replace_member(document: bytes, key: bytes, value: bytes) -> bytes | None:
    """`document` with the value of every top-level `key`, however it is spelled, replaced by the JSON text `value`.

    `key` is made of letters and is known to be there; None when it is not found all the same: write the document anew then.
    """
    spans = find_members(document, key)
    if not spans:
        return None
    ends = [0, *(end for _, end in spans)]
    kept = [document[end:start] for end, (start, _) in zip(ends, spans, strict=False)]
    return value.join([*kept, document[ends[-1] :]])


def replace_whole_member(document: bytes, key: bytes, member: bytes) -> bytes | None:
    """`document` with its top-level `key` and the value of that replaced by `member`, a JSON text `"name":value`.

    None where there is no such key, or it is repeated or spelled with escapes: write the document anew then.
    """
    spans = find_members(document, key)
    if len(spans) != 1:
        return None
    start, end = spans[0]
    quoted = b'"%b"' % key
    at = document.rfind(quoted, 0, start)
    between = document[at + len(quoted) : start] if at >= 0 else b"?"
    return document[:at] + member + document[end:] if between.strip() == b":" else None


def find_members(document: bytes, key: bytes) -> list[tuple[int, int]]:
    """Where the values of a top-level `key` begin and end; several when the key is repeated."""
    quoted = b'"%b"' % key
    if document.count(quoted) == 1 and ESCAPED_LETTER.search(document) is None:
        span = value_after(document, document.index(quoted) + len(quoted))
        return [span] if span is not None else []
    return [(start, end) for name, start, end in members(document) if name == quoted or is_spelling(name, key)]


def is_spelling(quoted: bytes, key: bytes) -> bool:
    """Whether a key with escapes in it is `key`. A parser that takes the last of several takes this one too."""
    return b"\\" in quoted and json.loads(quoted) == key.decode()


def value_after(document: bytes, index: int) -> tuple[int, int] | None:
    """The value that follows a key ending at `index`; None when that string was no key."""
    index = skip_space(document, index)
    if document[index : index + 1] != b":":
        return None
    start = skip_space(document, index + 1)
    return start, value_end(document, start)


def members(document: bytes) -> list[tuple[bytes, int, int]]:
    """(quoted key, value start, value end) of each top-level member."""
    found = []
    index = skip_space(document, document.index(b"{") + 1)
    while document[index : index + 1] == b'"':
        after = string_end(document, index)
        span = value_after(document, after)
        if span is None:
            break
        found.append((document[index:after], *span))
        index = skip_space(document, span[1])
        index = skip_space(document, index + 1) if document[index : index + 1] == b"," else index
    return found


def value_end(document: bytes, index: int) -> int:
    first = document[index : index + 1]
    if first == b'"':
        return string_end(document, index)
    if first in (b"{", b"["):
        return container_end(document, index)
    match = PLAIN_END.search(document, index)
    return match.start() if match else len(document)


def string_end(document: bytes, index: int) -> int:
    """Index after the closing quote of the string that opens at `index`."""
    match = STRING.match(document, index)
    return match.end() if match else len(document)


def container_end(document: bytes, index: int) -> int:
    depth = 0
    for match in NEXT_BRACKET.finditer(document, index):
        depth += 1 if match.group(1) in b"{[" else -1
        if depth == 0:
            return match.end()
    return len(document)


def skip_space(document: bytes, index: int) -> int:
    while document[index : index + 1] in (b" ", b"\t", b"\n", b"\r"):
        index += 1
    return index
