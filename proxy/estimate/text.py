"""How many tokens a text has, without the tables of a tokenizer: what it is made of is counted, and each has a weight. Pure.

A tokenizer cuts a text where letters, digits, marks and spaces meet, and has a token of its own for what is frequent. So the
places where they meet say most of it, and which script the rest is in. A character becomes a byte with one bit set for its kind
and the text one large integer: places are then found by shifts, and counted in C without a branch. The weights are in weights.py,
fitted to real tokenizers; how wrong they are is told in docs/tokens.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import mul

from proxy.estimate.weights import FAMILIES

#: Of a longer text only pieces are read, spread evenly over it: a prompt of megabytes must not hold up other calls.
LONGEST = 32 << 10
PIECES = 64
PIECE = LONGEST // PIECES

LOWER, UPPER, DIGIT, MARK, SPACE, BREAK = (1 << bit for bit in range(6))
#: The features of any text.
ASCII = (
    *("words", "letters", "letters after 7", "letters after 15", "capitals", "capitals after 15", "humps"),
    *("digits", "numbers", "marks", "marks after a space", "indented lines"),
)
#: Those of one that is not ASCII only: the script's name and the first bytes of its characters (RFC 3629, section 3).
SCRIPTS: Mapping[str, range | tuple[int, ...]] = {
    "Latin-1": (0xC3,),
    "other Latin": range(0xC4, 0xCD),
    "Greek": range(0xCD, 0xD0),
    "Cyrillic": range(0xD0, 0xD4),
    "Hebrew": range(0xD4, 0xD8),
    "Arabic": range(0xD8, 0xE0),
    "Indic": (0xE0,),
    "Georgian": (0xE1,),
    "marks beyond ASCII": (0xC2, 0xE2),
    "kana": (0xE3,),
    "Han": range(0xE4, 0xEA),
    "Hangul": range(0xEA, 0xEE),
    "full width": (0xEF,),
    "emoji": (0xEE, *range(0xF0, 0xF8)),
}
#: Scripts that share the first byte with others: name, the one they are counted under otherwise, their first two bytes.
BLOCKS: Sequence[tuple[str, str, bytes, bytes]] = (
    ("Devanagari", "Indic", b"\xe0\xa4", b"\xe0\xa5"),
    ("Bengali", "Indic", b"\xe0\xa6", b"\xe0\xa7"),
    ("Thai", "Indic", b"\xe0\xb8", b"\xe0\xb9"),
    ("Vietnamese", "Georgian", b"\xe1\xba", b"\xe1\xbb"),
)
#: A Latin letter beyond ASCII tells that so many around it are of a language that tokenizers know less well than English.
AROUND = 50
FEATURES = (*ASCII, *SCRIPTS, *(name for name, *_ in BLOCKS), "foreign letters", "foreign words")


def table_of(kinds: Iterable[tuple[int, Iterable[int]]], rest: int) -> bytes:
    """What each byte becomes."""
    table = bytearray([rest] * 256)
    for kind, codes in kinds:
        for code in codes:
            table[code] = kind
    return bytes(table)


def every(kind: int) -> int:
    """`kind` in each byte of the longest text."""
    return int.from_bytes(bytes([kind]) * LONGEST, "little")


LATIN = (*range(0x61, 0x7B), *range(0xC3, 0xCD))
KINDS = table_of(
    [
        *((LOWER, LATIN), (UPPER, range(0x41, 0x5B)), (DIGIT, range(0x30, 0x3A))),
        *((SPACE, b" \t"), (BREAK, b"\n\r"), (0, range(0xCD, 0x100)), (0, (0xC2,))),
    ],
    MARK,
)
NUMBERED = table_of(enumerate(SCRIPTS.values()), 0xFF)
CONTINUATION = bytes(range(0x80, 0xC0))
NEITHER = bytes(range(0xC0))
LOWERS, UPPERS, DIGITS, MARKS, SPACES, BREAKS = map(every, (LOWER, UPPER, DIGIT, MARK, SPACE, BREAK))
POSITION = {name: index for index, name in enumerate(SCRIPTS)}


def weigh_text(text: str, family: str = "") -> float:
    """Tokens of `text` in a family of FAMILIES."""
    whole = len(text) <= LONGEST
    tokens: float = sum(map(mul, features(text if whole else sampled(text)), FAMILIES[family]))
    return tokens if whole else tokens * len(text) / LONGEST


def sampled(text: str) -> str:
    """Pieces of a text longer than LONGEST, which together are as long as that."""
    step = (len(text) - PIECE) / (PIECES - 1)
    return "".join([text[start : start + PIECE] for start in (round(step * index) for index in range(PIECES))])


def features(text: str) -> list[int]:
    """What a text of at most LONGEST characters has, by ASCII; for one that is not ASCII only, by FEATURES."""
    raw = text.encode("utf-8", "replace")
    if len(raw) == len(text):
        return ascii_features(raw.translate(KINDS))
    plain, scripts = ascii_features(raw.translate(KINDS, CONTINUATION)), script_features(raw)
    words, letters = plain[:2]
    foreign = min(letters, AROUND * (scripts[0] + scripts[1]))
    return [*plain, *scripts, foreign, round(words * foreign / letters) if letters else 0]


def ascii_features(kinds: bytes) -> list[int]:
    """A shift by 8 bits is one character on, one by 8 more or less another kind at once."""
    every = int.from_bytes(kinds, "little")
    lower, upper, digit, mark, space = every & LOWERS, every & UPPERS, every & DIGITS, every & MARKS, every & SPACES
    letter = lower | (upper >> 1)
    eight = in_row(lower)
    capitals, digits = upper.bit_count(), digit.bit_count()
    return [
        (letter ^ (letter << 8)).bit_count() >> 1,
        letter.bit_count(),
        eight.bit_count(),
        beyond(eight),
        capitals,
        beyond(in_row(upper)) if capitals > 15 else 0,
        ((lower << 9) & upper).bit_count() if capitals else 0,
        digits,
        (digit ^ (digit << 8)).bit_count() >> 1 if digits else 0,
        mark.bit_count(),
        ((space << 7) & mark).bit_count(),
        (((every & BREAKS) << 7) & space).bit_count(),
    ]


def in_row(kind: int) -> int:
    """The places from which on eight characters are of one kind."""
    kind &= kind >> 8
    kind &= kind >> 16
    return kind & (kind >> 32)


def beyond(eight: int) -> int:
    return (eight & (eight >> 64)).bit_count()


def script_features(raw: bytes) -> list[int]:
    """A block's characters count as the block's, and not as those of its first byte."""
    numbers = raw.translate(NUMBERED, NEITHER)
    scripts = [numbers.count(number) for number in range(len(SCRIPTS))]
    for _, under, one, other in BLOCKS:
        found = raw.count(one) + raw.count(other)
        scripts.append(found)
        scripts[POSITION[under]] -= found
    return scripts
