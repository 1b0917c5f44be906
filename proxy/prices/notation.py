"""How a price is written on one line, as the table of models holds it and a configuration is turned into.

Pure. `2.5,10,1.25;>200000:5,15;@flex/batch:x0.5` is 2.50 for the input, 10 for the output, 1.25 for what comes out of a cache, in
dollars per million tokens; above 200,000 tokens of prompt 5 and 15 for all of them; half of it in the tiers `flex` and `batch`.
What the numbers are multiplied by is not known here.

    price   = sheet *( "|" date " " sheet )         a later sheet holds from its day on (UTC), in place of the one before
    sheet   = clause *( ";" clause )                the first clause has no condition; the others are laid over it
    clause  = [ condition ":" ] item *( "," item )
    condition = [ "@" tier *( "/" tier ) ] [ ">" tokens ] / time "-" time [ "/" days ]      UTC; days are 1 (Monday) to 7
    item    = [ key ] number / key "?" / "x" factor  without a key: input, output, cache read, cache write, in this order
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

#: Key -> what it is the price of: buckets of `call.Usage` by the million, and what is paid one by one.
KEYS: Mapping[str, str] = {
    "i": "input",
    "o": "output",
    "cr": "cache_read",
    "cw": "cache_write",
    "w": "cache_write_1h",
    "r": "reasoning",
    "ai": "audio_input",
    "ac": "audio_cache_read",
    "ao": "audio_output",
    "ii": "image_input",
    "io": "image_output",
    "s": "search",
    "q": "request",
}
SHORT: Mapping[str, str] = {name: key for key, name in KEYS.items()}
POSITIONS = ("input", "output", "cache_read", "cache_write")
UNKNOWN = "?"
FACTOR = "x"
DAY = 86400
EPOCH = date(1970, 1, 1).toordinal()
EVERY_DAY = "1234567"
CONDITION = re.compile(r"(?:@([^>:]+))?(?:>(\d+))?|(\d\d)(\d\d)-(\d\d)(\d\d)(?:/([1-7]+))?")
ITEM = re.compile(r"([a-z]*)([\d.]+|\?)")

#: None is what costs something, and nobody has said how much.
Said = Mapping[str, Decimal | None]


class Window(NamedTuple):
    """A time of each of some days, in minutes since midnight (UTC). It may go over midnight; from and to the same is all day."""

    start: int
    end: int
    days: str = EVERY_DAY

    def holds(self, at: float) -> bool:
        """`at` in seconds since the epoch, whose day was a Thursday."""
        days, second = divmod(int(at), DAY)
        if str((days + 3) % 7 + 1) not in self.days:
            return False
        minute = second // 60
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


class Clause(NamedTuple):
    """Where a price differs: `tiers` it is paid by, prompts of more than `above` tokens, or a window of time. Empty: always."""

    said: Said
    tiers: tuple[str, ...] = ()
    above: int = 0
    window: Window | None = None
    factor: Decimal | None = None


class Sheet(NamedTuple):
    """What holds from `since` on, in seconds since the epoch."""

    since: int
    clauses: tuple[Clause, ...]


def parse_price(text: str) -> tuple[Sheet, ...]:
    """Oldest first. ValueError where the text is none of ours."""
    first, *later = text.split("|")
    return (parse_sheet(0, first), *(parse_sheet(day_of(part[:10]), part[11:]) for part in later))


def day_of(written: str) -> int:
    return (date.fromisoformat(written).toordinal() - EPOCH) * DAY


def parse_sheet(since: int, text: str) -> Sheet:
    first, *others = text.split(";")
    return Sheet(since, (Clause(*parse_items(first)[:1]), *map(parse_clause, others)))


def parse_clause(text: str) -> Clause:
    condition, _, items = text.partition(":")
    found = CONDITION.fullmatch(condition)
    if found is None or not condition:
        raise ValueError(f"no condition of a price: {condition!r}")
    said, factor = parse_items(items)
    tiers, above, *times = found.groups()
    if times[0] is not None:
        hours, minutes, to_hours, to_minutes = map(int, times[:4])
        return Clause(said, window=Window(hours * 60 + minutes, to_hours * 60 + to_minutes, times[4] or EVERY_DAY))
    return Clause(said, tuple((tiers or "").split("/")) if tiers else (), int(above or 0), None, factor)


def parse_items(text: str) -> tuple[Said, Decimal | None]:
    said: dict[str, Decimal | None] = {}
    factor = None
    for position, item in enumerate(text.split(",") if text else ()):
        if not item:
            continue
        found = ITEM.fullmatch(item)
        if found is None:
            raise ValueError(f"no item of a price: {item!r}")
        key, number = found.groups()
        if key == FACTOR:
            factor = Decimal(number)
        else:
            name = KEYS[key] if key else POSITIONS[position]
            said[name] = None if number == UNKNOWN else Decimal(number)
    return said, factor


# ---- and the other way round


def write_items(said: Mapping[str, str], factor: str | None = None) -> str:
    """`said`: name -> number, or `?`."""
    if factor is not None:
        return ",".join([FACTOR + factor, *(SHORT[name] + number for name, number in said.items())])
    placed = ",".join(said.get(name, "") for name in POSITIONS).rstrip(",")
    keyed = [SHORT[name] + number for name, number in said.items() if name not in POSITIONS]
    return ",".join([placed, *keyed] if placed else keyed)


def write_clause(
    items: str, *, tiers: Iterable[str] = (), above: int = 0, window: tuple[str, str, str] | None = None
) -> str:
    """`window`: two times as HHMM, and the days."""
    if window is not None:
        start, end, days = window
        return f"{start}-{end}{'' if days == EVERY_DAY else '/' + days}:{items}"
    condition = ("@" + "/".join(tiers) if tiers else "") + (f">{above}" if above else "")
    return f"{condition}:{items}" if condition else items
