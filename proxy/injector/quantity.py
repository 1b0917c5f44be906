"""Quantities such as `25m`, `96Mi` and `1.5`: how they are written, and which of two is the larger.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/. Neither signs nor suffixes below `m` are read: a
container's resources have no use for them.
"""

from __future__ import annotations

import re
from decimal import Decimal

WRITTEN = re.compile(
    r"([0-9]{1,18}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E|[eE][+-]?[0-9]{1,2}|)"
)
SUFFIXES = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}
ALLOWED = "a quantity above 0, such as 100m, 0.5, 96Mi or 1Gi"


def value_of(text: str) -> Decimal:
    """Its number in units: cores or bytes. Raises ValueError for what is no quantity."""
    found = WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(ALLOWED)
    number, suffix = found.groups()
    return Decimal(number) * (SUFFIXES[suffix] if suffix in SUFFIXES else Decimal(f"1{suffix}"))


def exceeds(one: str, other: object) -> bool:
    """Whether the first is the larger. The other may be a number, as YAML has it; what nobody can read is exceeded by nothing."""
    found = WRITTEN.fullmatch(str(other))
    return found is not None and value_of(one) > value_of(found[0])


def falls_below(one: str, other: object) -> bool:
    """Whether the first is the smaller; as `exceeds`."""
    found = WRITTEN.fullmatch(str(other))
    return found is not None and value_of(one) < value_of(found[0])


def quantity(text: str) -> str:
    """The text itself. Raises ValueError for what is no quantity, or none above 0."""
    if not value_of(text):
        raise ValueError(ALLOWED)
    return text
