"""A ledger as text: each line is an entry and its checksum, and says all that is settled: the latest one alone is true. Pure.

    outrider-ledger 1
    3f2a9c01 ["1f0c…:other:team",1767225600,"1250000000000",318]

Money is in picodollars and as text, since it may be more than 64 bits hold. A line that does not vouch for itself is not
believed; where it is the last one and not complete, whoever wrote it was cut off, which is no corruption.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import NamedTuple

import orjson

HEAD = b"outrider-ledger 1\n"
LONGEST_KEY = 400
LONGEST_MONEY = 30
MOST_TOKENS = 2**63

#: purse, start of the window, picodollars, tokens.
Line = tuple[str, int, int, int]


class Read(NamedTuple):
    """`whole`: how many bytes of it are good from the beginning on; `bad`: lines that do not vouch for themselves."""

    lines: list[Line]
    whole: int
    bad: int


def render_lines(lines: Iterable[Line]) -> bytes:
    return b"".join([render_line(line) for line in lines])


def render_line(line: Line) -> bytes:
    purse, start, money, tokens = line
    said = orjson.dumps([purse, start, str(money), tokens])
    return b"%08x %b\n" % (zlib.crc32(said), said)


def parse_lines(data: bytes) -> Read:
    """The entries in their order, the later ones of a purse and window standing for the earlier ones."""
    found: dict[tuple[str, int], Line] = {}
    if not data.startswith(HEAD):
        return Read([], 0, int(not HEAD.startswith(data)))
    body, _, rest = data[len(HEAD) :].rpartition(b"\n")
    bad = 0
    for text in body.split(b"\n") if body else ():
        line = parse_line(text)
        if line is None:
            bad += 1
            continue
        found.pop(line[:2], None)
        found[line[:2]] = line
    return Read(list(found.values()), len(data) - len(rest), bad)


def parse_line(text: bytes) -> Line | None:
    """None where it does not vouch for itself, or makes no sense."""
    if text[:9] != b"%08x " % zlib.crc32(text[9:]):
        return None
    try:
        said = orjson.loads(text[9:])
    except ValueError:
        return None
    match said:
        case [str(purse), int(start), str(money), int(tokens)] if (
            len(purse) <= LONGEST_KEY
            and type(start) is type(tokens) is int
            and start >= 0
            and money.isascii()
            and money.isdecimal()
            and len(money) <= LONGEST_MONEY
            and 0 <= tokens < MOST_TOKENS
        ):
            return purse, start, int(money), tokens
    return None
