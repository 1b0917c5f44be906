"""One short field of a multipart form, found in the stream of its bytes without keeping the rest.

Source: RFC 7578, and RFC 2046, section 5.1, for where parts begin and end. It reads no files, and changes nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from proxy.call import Failure

#: The longest head of a part, and the longest field that is looked for.
LONGEST_HEAD = 16 << 10
LONGEST_FIELD = 4 << 10
PARAMETER = re.compile(rb';\s*([\w*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)')
BOUNDARY = re.compile(r'^multipart/form-data\s*;(?:[^"]|"[^"]*")*?\bboundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
DISPOSITION = re.compile(rb"^content-disposition\s*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
LONGEST_BOUNDARY = 70
#: What makes a delimiter of a mark, and what may yet become that. Any other mark is part of somebody's file.
AFTER_MARK = re.compile(rb"--|[ \t]{0,64}\r\n")
MAYBE_AFTER_MARK = re.compile(rb"-?|[ \t]{0,64}\r?")


class Field(NamedTuple):
    """`value`, which stands from `start` to `end` of the body, in bytes."""

    start: int
    end: int
    value: bytes


class FieldFinder:
    """`feed` the body until there is what was `found`, or it is `over`. Failure("invalid_request") for what is no form."""

    def __init__(self, boundary: bytes, name: bytes) -> None:
        self._mark = b"\r\n--" + boundary
        self._name = name
        # A mark begins with the end of a line: at the very beginning of the body that is thought of, and after the head of an
        # empty part it is the head's own. `_at` is where the buffer begins, in bytes of the body.
        self._buffer = b"\r\n"
        self._at = -2
        self._in_head = False
        self._wanted = False
        self.found: Field | None = None
        self.over = False

    def feed(self, data: bytes) -> None:
        if self.found is None and not self.over:
            self._buffer += data
            while self._read_head() if self._in_head else self._read_body():
                pass

    def _read_body(self) -> bool:
        """Whether there may be more to read."""
        at, is_there = self._find_mark()
        if self._wanted:
            self._read_value(at, is_there)
            return False
        self._forget(at + len(self._mark) if is_there else at)
        self._in_head = is_there
        return is_there

    def _read_value(self, at: int, is_there: bool) -> None:
        if at - 2 > LONGEST_FIELD:
            raise self._refusal(f"is longer than {LONGEST_FIELD} bytes")
        if is_there:
            self.found = Field(self._at + 2, self._at + max(at, 2), self._buffer[2:at])
            self._buffer = b""

    def _find_mark(self) -> tuple[int, bool]:
        """Where the next mark begins, and whether all of it is there; else where one may begin."""
        at = self._buffer.find(self._mark)
        while at >= 0:
            end = at + len(self._mark)
            if AFTER_MARK.match(self._buffer, end):
                return at, True
            if MAYBE_AFTER_MARK.fullmatch(self._buffer, end):
                return at, False
            at = self._buffer.find(self._mark, at + 1)
        return max(len(self._buffer) - len(self._mark) + 1, 0), False

    def _read_head(self) -> bool:
        if self._buffer.startswith(b"--"):
            self.over = True
            self._buffer = b""
            return False
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > LONGEST_HEAD:
                raise Failure("invalid_request", f"a part of the form has a head of more than {LONGEST_HEAD} bytes")
            return False
        self._wanted = name_in(self._buffer[:end]) == self._name
        self._forget(end + 2)
        self._in_head = False
        return True

    def _forget(self, size: int) -> None:
        self._buffer = self._buffer[size:]
        self._at += size

    def _refusal(self, words: str) -> Failure:
        name = self._name.decode("latin-1")
        return Failure("invalid_request", f"{name} {words}", param=name)


def name_in(head: bytes) -> bytes | None:
    """The name of a field by the head of its part; None for a file."""
    disposition = DISPOSITION.search(head)
    if disposition is None:
        return None
    said = {name.lower(): value.strip(b'"') for name, value in PARAMETER.findall(disposition[1])}
    return None if said.keys() & {b"filename", b"filename*"} else said.get(b"name")


def boundary_in(content_type: str) -> bytes | None:
    """None where it is no multipart form, or does not say how its parts are told apart."""
    found = BOUNDARY.match(content_type.strip())
    if found is None:
        return None
    boundary = found[1] or found[2]
    return boundary.encode("latin-1", "replace") if len(boundary) <= LONGEST_BOUNDARY else None
