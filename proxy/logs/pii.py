"""Takes what belongs to a person out of a text: mail addresses, phone numbers, cards, bank accounts, national numbers.

Where such a number has a check digit it has to be right, so that other numbers stay. No pattern takes a time that grows faster
than the text does. What the operator adds is handed in; keys are redaction's affair.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from proxy.logs.national_ids import NATIONAL

#: Where what was found ends; None where it is not what it looked like.
Check = Callable[[re.Match[str]], int | None]

#: Digits that begin the numbers of a network -> how many there are; ISO/IEC 7812, https://www.binbase.com/card-standards.html.
CARDS: tuple[tuple[str, frozenset[int]], ...] = (
    ("34|37", frozenset({15})),
    ("30|36|38|39", frozenset({14})),
    ("35|6[0245]", frozenset(range(16, 20))),
    ("4", frozenset({13, 16, 19})),
    ("5[1-5]|2[2-7]", frozenset({16})),
    ("50|5[6-8]|6[37]", frozenset(range(13, 20))),
)
NETWORKS = tuple((re.compile(begins), lengths) for begins, lengths in CARDS)

#: Letters and digits of an account number, by country: the IBAN registry, https://www.swift.com/standards/data-standards/iban.
IBAN_LENGTHS: Mapping[str, int] = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
#: What ends names of files beside an `@`, as in `icon@2x.png`.
FILES = frozenset({"gif", "jpeg", "jpg", "png", "svg", "webp"})


class Sort(NamedTuple):
    """`sign`: a character without which there is none."""

    pattern: re.Pattern[str]
    check: Check = re.Match.end
    sign: str = ""


def check_mail(found: re.Match[str]) -> int | None:
    top = found[0].rpartition(".")[2]
    named = (len(top) > 1 and top.isalpha()) or top.startswith("xn--")
    return found.end() if named and top.lower() not in FILES else None


def check_phone(found: re.Match[str]) -> int | None:
    """ITU-T E.164: at most 15 digits, the country's among them."""
    digits = sum(map(str.isdigit, found[0]))
    apart = not found[0].removeprefix("+").removeprefix("00").isdigit()
    return found.end() if 8 <= digits <= 15 and (apart or found[0].startswith("+")) else None


def check_card(found: re.Match[str]) -> int | None:
    """The most of its digits that are a card's: what follows may be a date."""
    text, ends = found[0], [at for at, char in enumerate(found[0], 1) if char.isdigit()]
    digits = [int(text[at - 1]) for at in ends]
    lengths = next(
        (lengths for begins, lengths in NETWORKS if begins.match("".join(map(str, digits)))), frozenset[int]()
    )
    for length in sorted(lengths, reverse=True):
        if length <= len(digits) and not text[ends[length - 1] :][:1].isdigit() and luhn(digits[:length]):
            return found.start() + ends[length - 1]
    return None


def luhn(digits: list[int]) -> bool:
    """ISO/IEC 7812-1, annex B. Nothing but zeros is no number."""
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return any(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def check_iban(found: re.Match[str]) -> int | None:
    """ISO 13616: as long as its country has them, and 1 modulo 97."""
    text, ends = found[0], [at for at, char in enumerate(found[0], 1) if char.isalnum()]
    length = IBAN_LENGTHS.get(text[:2].upper(), len(ends))
    if length > len(ends) or text[ends[length - 1] :][:1].isalnum():
        return None
    plain = "".join(text[at - 1] for at in ends[:length])
    number = int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4]))
    return found.start() + ends[length - 1] if number % 97 == 1 else None


#: A date is no phone number, though it may have as many digits.
NO_DATE = r"(?![0-9]{1,2}([./-])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})(?![./-]?[0-9]))"

SORTS: Mapping[str, tuple[Sort, ...]] = {
    "iban": (
        Sort(re.compile(r"(?<!\w)[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}", re.ASCII | re.IGNORECASE), check_iban),
    ),
    "card": (Sort(re.compile(r"(?<!\w)[2-6](?:[ -]?[0-9]){12,18}", re.ASCII), check_card),),
    "national_id": tuple(Sort(pattern, check) for pattern, check in NATIONAL),
    "phone": (
        Sort(re.compile(r"(?<![\w+])(?:\+|00)[1-9](?:[ ./()-]{0,2}[0-9]){7,14}(?![0-9])"), check_phone),
        Sort(re.compile(r"(?<![\w.,:/+-])" + NO_DATE + r"0[1-9](?:[ ./-]?[0-9]){7,9}(?!\w)"), check_phone),
        Sort(re.compile(r"(?<![\w.-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-. ])[2-9][0-9]{2}[-. ][0-9]{4}(?![\w-])")),
    ),
    "mail": (Sort(re.compile(r"(?<![\w.%+'-])[\w.%+'-]{1,64}+@[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,8}"), check_mail, "@"),),
}


class Scrubber:
    """`clean` a text. sorts: names of SORTS; patterns: the operator's own, by name. What goes leaves its name behind."""

    def __init__(self, sorts: Iterable[str], patterns: Mapping[str, re.Pattern[str]] | None = None) -> None:
        wanted = set(sorts)
        self._sorts = [(f"[redacted:{name}]", sort) for name in SORTS if name in wanted for sort in SORTS[name]]
        self._sorts += [(f"[redacted:{name}]", Sort(pattern)) for name, pattern in (patterns or {}).items()]

    def clean(self, text: str) -> str:
        for instead, sort in self._sorts:
            if sort.sign in text:
                text = replaced(text, sort, instead)
        return text


def replaced(text: str, sort: Sort, instead: str) -> str:
    """What only looks like one may begin before one: then it is looked for again from the next character on."""
    kept, last, at = [], 0, 0
    while (found := sort.pattern.search(text, at)) is not None:
        end = sort.check(found)
        if end is None:
            at = found.start() + 1
            continue
        kept += [text[last : found.start()], instead]
        last = at = end
    return "".join([*kept, text[last:]]) if kept else text
