"""What was measured in which round: medians, ratios, and what a bar makes of them.

Pure arithmetic; it knows nothing of how a number came about or where it is shown. A ratio is taken within each round, where
both sides met the same machine, and the median of the rounds' ratios is what a bar judges.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Bar:
    """A promise: the value of a row and column, or its ratio to the column `against`, stays on one side of `limit`."""

    row: str
    column: str
    limit: float
    against: str | None = None
    at_least: bool = False

    def verdict(self, value: float | None) -> str:
        if value is None:
            return "not measured"
        return "pass" if (value >= self.limit if self.at_least else value <= self.limit) else "MISS"


@dataclass(slots=True)
class Results:
    """Every number by row and column, one for each round; `absent` says why a column has none."""

    values: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    absent: dict[str, str] = field(default_factory=dict)

    def add(self, row: str, column: str, value: float) -> None:
        self.values[row][column].append(value)

    def rounds(self, row: str, column: str) -> list[float]:
        return self.values.get(row, {}).get(column, [])

    def median(self, row: str, column: str) -> float | None:
        rounds = self.rounds(row, column)
        return median(rounds) if rounds else None

    def ratio(self, row: str, column: str, against: str) -> float | None:
        """The median of the rounds' ratios; None unless both sides were measured in every round."""
        mine, theirs = self.rounds(row, column), self.rounds(row, against)
        if not mine or len(mine) != len(theirs):
            return None
        return median(a / b for a, b in zip(mine, theirs, strict=True))

    def subtract(self, row: str, column: str, less: str, into: str) -> None:
        """Fill the row `into` with this column's values less those of another, round by round."""
        for mine, theirs in zip(self.rounds(row, column), self.rounds(row, less), strict=True):
            self.add(into, column, mine - theirs)

    def measured(self, bar: Bar) -> float | None:
        if bar.against:
            return self.ratio(bar.row, bar.column, bar.against)
        return self.median(bar.row, bar.column)

    def verdict(self, bar: Bar) -> str:
        return bar.verdict(self.measured(bar))
