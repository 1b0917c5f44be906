"""What many had together, given to each: portions by weight, and exact, for they add up to the whole again.

By largest remainder: each gets its share rounded down, and what is left goes to those who lost most by it. It does not know what
is shared out, or why.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from proxy.call import BUCKETS, Usage

#: Money is shared out in millionths of the last digit that it is written with.
FINER = 6


def split(total: int, weights: Sequence[int]) -> list[int]:
    """`total`, not below 0, by weights of which one at least is above 0 and none is below."""
    whole = sum(weights)
    portions = [total * weight // whole for weight in weights]
    lost = [total * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: -lost[place])
    for place in order[: total - sum(portions)]:
        portions[place] += 1
    return portions


def split_money(total: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """The same for dollars, without the rounding of any context."""
    sign, digits, exponent = total.as_tuple()
    assert isinstance(exponent, int), "money is a finite number"
    units = int("".join(map(str, digits))) * 10**FINER
    return [as_decimal(sign, portion, exponent - FINER) for portion in split(units, weights)]


def as_decimal(sign: int, units: int, exponent: int) -> Decimal:
    """In as few digits as say it."""
    while units and units % 10 == 0 and exponent < 0:
        units, exponent = units // 10, exponent + 1
    return Decimal((sign, tuple(map(int, str(units))), exponent if units else 0))


def split_usage(usage: Usage, weights: Sequence[int]) -> list[Usage]:
    """Bucket by bucket."""
    found = [Usage(estimated=usage.estimated, tier=usage.tier) for _ in weights]
    for name in (*BUCKETS, "searches"):
        for each, portion in zip(found, split(getattr(usage, name), weights), strict=True):
            setattr(each, name, portion)
    if usage.cost is not None:
        for each, cost in zip(found, split_money(usage.cost, weights), strict=True):
            each.cost = cost
    return found
