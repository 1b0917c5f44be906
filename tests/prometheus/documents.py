"""What docs/metrics.md says there is: each metric with its type and labels, and each alert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.prometheus.server import ROOT

TEXT = (ROOT / "docs" / "metrics.md").read_text("utf-8")
METRIC = re.compile(r"`([a-z_]+)(?:\{([a-z_, ]*)\})?`")
TYPES = ("counter", "gauge", "histogram")


class Documented(NamedTuple):
    """`labels`: those that stand with the name."""

    name: str
    type: str
    labels: frozenset[str]


def rows(text: str = TEXT) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def metrics() -> list[Documented]:
    """Every metric of every table that tells a type."""
    return [
        Documented(name, cells[1], frozenset(re.findall(r"[a-z_]+", labels or "")))
        for cells in rows()
        if len(cells) > 1 and cells[1] in TYPES
        for name, labels in METRIC.findall(cells[0])
    ]


def bounds() -> list[str]:
    table = TEXT.partition("\n### Bounds\n")[2].partition("\n## ")[0]
    return [name for cells in list(rows(table))[2:] for name in re.findall(r"`([^`]+)`", cells[0])]


def alerts() -> list[str]:
    return [cells[0].strip("`") for cells in rows() if cells[0].startswith("`Outrider")]
