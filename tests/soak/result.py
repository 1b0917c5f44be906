"""What a soak is to do, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from tests.soak.book import Book
from tests.soak.house import Rest, Sample


@dataclass(frozen=True)
class Plan:
    """In seconds: `seconds` in all, of which `warm` before memory is compared; weather of about `spell`."""

    seconds: float = 600.0
    warm: float = 120.0
    spell: float = 5.0
    reload: float = 10.0
    sample: float = 5.0
    applications: int = 24
    seed: str = "soak"


def plan_for(seconds: float, applications: int, seed: str) -> Plan:
    """A shorter one has everything of the long one, more often."""
    share = min(1.0, seconds / 600)
    return Plan(
        seconds,
        warm=max(seconds / 5, 3.0),
        spell=max(5.0 * share, 0.7),
        reload=max(10.0 * share, 0.9),
        sample=max(5.0 * share, 0.25),
        applications=applications,
        seed=seed,
    )


@dataclass
class Result:
    plan: Plan
    book: Book
    samples: list[Sample] = field(default_factory=list)
    before: Rest | None = None
    after: Rest | None = None
    opened: int = 0
    hedged: float = 0.0
    retried: float = 0.0
    fallen_back: float = 0.0
    code: int | None = None
    ending: float = 0.0
    lines: int = 0

    @property
    def growth(self) -> float:
        """Bytes: the median of the last third of the samples over that of as many after the warm-up."""
        kept = [sample.resident for sample in self.samples if sample.at >= self.plan.warm]
        part = max(1, len(kept) // 3)
        return median(kept[-part:]) - median(kept[:part]) if kept else 0.0
