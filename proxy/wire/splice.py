"""Replace one top-level member of a JSON object in its bytes, and leave every other byte as it was.

A relay owes the provider the caller's own bytes: key order, spacing, number spelling, escapes. Only the value that an alias
rewrites may change. The input has already been parsed as a JSON object elsewhere, so this file does not validate.
"""

from __future__ import annotations

import re

PLAIN_END = re.compile(rb"[,}\]\s]")
STRUCTURE = re.compile(rb'["{}\[\]]')


def replace_member(document: bytes, key: bytes, old: bytes, value: bytes) -> bytes | None:
    """`document` with the value of every top-level `key` (as spelled, without escapes) replaced by the JSON text `value`.

    `old` is the JSON text of its value where that is spelled in the common way. None when the key stands nowhere in that
    spelling: the caller must then write the document anew.
    """
    if document.count(b'"%b"' % key) == 1:
        for common in (b'"%b":%b' % (key, old), b'"%b": %b' % (key, old)):
            before, found, after = document.partition(common)
            if found:
                return b"%b%b%b%b" % (before, common[: -len(old)], value, after)
    spans = find_members(document, key)
    if not spans:
        return None
    for start, end in reversed(spans):
        document = document[:start] + value + document[end:]
    return document


def find_members(document: bytes, key: bytes) -> list[tuple[int, int]]:
    """Where the values of a top-level `key` begin and end; several when the key is repeated."""
    quoted = b'"%b"' % key
    if document.count(quoted) == 1:
        span = value_after(document, document.index(quoted) + len(quoted))
        return [span] if span is not None else []
    return [(start, end) for name, start, end in members(document) if name == quoted]


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
    end = document.index(b'"', index + 1)
    while ends_escaped(document, end):
        end = document.index(b'"', end + 1)
    return end + 1


def ends_escaped(document: bytes, quote: int) -> bool:
    slashes = quote
    while document[slashes - 1 : slashes] == b"\\":
        slashes -= 1
    return (quote - slashes) % 2 == 1


def container_end(document: bytes, index: int) -> int:
    depth = 0
    while True:
        match = STRUCTURE.search(document, index)
        if match is None:
            return len(document)
        mark = match.group()
        if mark == b'"':
            index = string_end(document, match.start())
            continue
        depth += 1 if mark in b"{[" else -1
        index = match.end()
        if depth == 0:
            return index


def skip_space(document: bytes, index: int) -> int:
    while document[index : index + 1] in (b" ", b"\t", b"\n", b"\r"):
        index += 1
    return index
