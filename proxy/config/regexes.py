"""Patterns that an operator may write: those that cannot take for ever.

Python's `re` tries one way after another and lets no other thread run meanwhile, so a pattern is refused when there are too many
ways in which it could match from one place. Counted is what repeats and alternatives multiply to. A repeat that gives nothing
back (`x++`, `x{1,9}+`, `(?>...)`, https://docs.python.org/3/library/re.html) counts as one way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants as names  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST = 500
MOST_WAYS = 1024
TOO_MANY = MOST_WAYS + 1


class Unfit(Exception):
    """Why a pattern is not taken, and what would be."""


def compile_bounded(text: str) -> re.Pattern[str]:
    """The pattern. Raises Unfit."""
    if not 0 < len(text) <= LONGEST:
        raise Unfit(f"a pattern of at most {LONGEST} characters")
    try:
        pattern, tree = re.compile(text), parser.parse(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise Unfit(f"a regular expression as Python has them: {error}") from None
    if tree.getwidth()[0] == 0:
        raise Unfit("a pattern that does not match the empty text")
    ways = ways_of(tree, last=True)
    if ways > MOST_WAYS:
        raise Unfit(
            f"a pattern with at most {MOST_WAYS} ways to match from one place, which shorter repeats or {{1,9}}+ give it"
        )
    return pattern


def ways_of(tree: Iterable[tuple[Any, Any]], last: bool) -> int:
    """`last`: nothing comes after it, so that its last repeat gives nothing back."""
    items = list(tree)
    ways = 1
    for number, (code, held) in enumerate(items, 1):
        ways *= ways_of_one(code, held, last and number == len(items))
    return min(ways, TOO_MANY)


def ways_of_one(code: Any, held: Any, last: bool) -> int:
    if code in (names.GROUPREF, names.GROUPREF_EXISTS):
        raise Unfit("a pattern without references to its own groups")
    if code is names.SUBPATTERN:
        return ways_of(held[-1], last)
    if code is names.ATOMIC_GROUP:
        return ways_of(held, False)
    if code in (names.ASSERT, names.ASSERT_NOT):
        return ways_of(held[1], False)
    if code is names.BRANCH:
        return sum(ways_of(branch, last) for branch in held[1])
    if code in (names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT):
        least, most, inner = held
        return ways_of_repeat(code, least, most, ways_of(inner, False), last)
    return 1


def ways_of_repeat(code: Any, least: int, most: int, inner: int, last: bool) -> int:
    """`inner`: the ways of what is repeated."""
    greedy = code is names.MAX_REPEAT
    if inner == 1 and (code is names.POSSESSIVE_REPEAT or (greedy and last)):
        return 1
    if most == names.MAXREPEAT:
        raise Unfit("a pattern whose repeats have an end, as {1,64}, or give nothing back, as ++")
    return sum(min(inner, TOO_MANY) ** times for times in range(least, min(most, least + MOST_WAYS) + 1))
