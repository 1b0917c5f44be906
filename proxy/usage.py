"""What an answer has used, in counts that can be added up, and how an amount of money is written. It imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(slots=True)
class Usage:
    """Token counts in disjoint buckets: their sum is the total, whatever the provider's own overlaps are.

    cache_write:    kept by the provider for its usual time; cache_write_1h for an hour, which costs more.
    searches:       searches of the web that the provider made, and is paid for one by one.
    cost:           dollars, where the provider says itself what it takes; None where it does not.
    tier:           by which service tier it is paid, in the provider's word; "" for the usual one.
    """

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    audio_input: int = 0
    audio_output: int = 0
    estimated: bool = False
    cache_write_1h: int = 0
    audio_cache_read: int = 0
    image_input: int = 0
    image_output: int = 0
    searches: int = 0
    cost: Decimal | None = None
    tier: str = ""

    @property
    def prompt(self) -> int:
        text = self.input + self.cache_read + self.cache_write + self.cache_write_1h
        return text + self.audio_input + self.audio_cache_read + self.image_input

    @property
    def completion(self) -> int:
        return self.output + self.reasoning + self.audio_output + self.image_output

    @property
    def total(self) -> int:
        return self.prompt + self.completion

    def merge(self, other: Usage) -> None:
        """Take in a later report of the same answer: counts are cumulative, so the larger one is true."""
        for name in BUCKETS:
            setattr(self, name, max(getattr(self, name), getattr(other, name)))
        self.searches = max(self.searches, other.searches)
        self.cost = other.cost if other.cost is not None else self.cost
        self.tier = other.tier or self.tier
        self.estimated = self.estimated and other.estimated


BUCKETS = (
    "input",
    "cache_read",
    "cache_write",
    "output",
    "reasoning",
    "audio_input",
    "audio_output",
    "cache_write_1h",
    "audio_cache_read",
    "image_input",
    "image_output",
)


def largest(reports: Iterable[Usage | None]) -> Usage | None:
    """Of several reports of one answer that each tell all of it: the last of the largest."""
    found: Usage | None = None
    for usage in reports:
        if usage is not None and (found is None or usage.total >= found.total):
            found = usage
    return found


def plain(amount: Decimal) -> str:
    """An amount as people and programs write it: no exponent, no zeros at the end."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
