"""`make tokens`: fit the weights of proxy/estimate to real tokenizers, measure them, and write what was found.

What tokenizers count is told in a table by class and tokenizer, of pieces that the fit has not seen. With --write go the weights
into proxy/estimate/weights.py, the tables into docs/tokens.md, and the counts of our own texts into tests/tokens/counts.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from proxy.estimate.text import weigh_text
from proxy.estimate.weights import FAMILIES
from tests.tokens.corpus import ROOT, classes
from tests.tokens.fit import BASES, EVERYDAY, Counted, fit, source_of
from tests.tokens.paths import COUNTS, TEXTS
from tests.tokens.tables import Count, fetch, tokenizers

PAGE = ROOT / "docs" / "tokens.md"
LENGTHS = (60, 200, 600, 1500)
MINUS = "\N{MINUS SIGN}"
Errors = list[float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tokens", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the packages with the tokenizers' tables lie, or go")
    parser.add_argument("--write", action="store_true", help="write weights, tables and counts")
    said = parser.parse_args()
    fetch(said.folder)
    counts = tokenizers(said.folder)
    counted = {name: [(text, counted_by(counts, text)) for text in pieces] for name, pieces in classes().items()}
    fitted = {family: tuple(fit(counted, names)) for family, names in BASES.items()}
    if said.write:
        FAMILIES.update(fitted)
        (ROOT / "proxy" / "estimate" / "weights.py").write_text(source_of(fitted), "utf-8")
        COUNTS.write_text(json.dumps(own(counts), indent=2) + "\n", "utf-8")
    tables = {"classes": by_class(counted), "lengths": by_length(counted, counts)}
    if said.write:
        PAGE.write_text(with_tables(PAGE.read_text("utf-8"), tables), "utf-8")
    sys.stdout.write("\n\n".join("\n".join(rows) for rows in tables.values()) + "\n")


def counted_by(counts: Mapping[str, Count], text: str) -> Mapping[str, int]:
    return {name: count(text) for name, count in counts.items()}


def own(counts: Mapping[str, Count]) -> dict[str, Mapping[str, int]]:
    """Of our own texts, by class and tokenizer."""
    return {path.stem: counted_by(counts, path.read_text("utf-8")) for path in sorted(TEXTS.glob("*.txt"))}


def true_count(counts: Mapping[str, int], family: str) -> float:
    return sum(counts[name] for name in BASES[family]) / len(BASES[family])


# ---- tables


def by_class(counted: Counted) -> Sequence[str]:
    rows = [*head("class", *(heading(family) for family in BASES))]
    every: dict[str, Errors] = {family: [] for family in BASES}
    for name, pieces in counted.items():
        cells = []
        for family in BASES:
            found = [weigh_text(text, family) / true_count(counts, family) - 1 for text, counts in pieces[1::2]]
            every[family] += found
            cells.append(cell(found))
        rows.append(row(name, *cells))
    return [*rows, row("**all**", *(f"**{cell(found)}**" for found in every.values()))]


def heading(family: str) -> str:
    return BASES[family][0] if family else "unknown"


def by_length(counted: Counted, counts: Mapping[str, Count]) -> Sequence[str]:
    """What is sent every day, in pieces of several lengths, by o200k_base; and one text of all of it, of which a part is read."""
    count = counts["o200k_base"]
    daily = [
        text for name, pieces in counted.items() if name in EVERYDAY for text, _ in pieces[1::2] if EVERYDAY[name] > 1
    ]
    rows = [*head("characters", "mean", "p95", "worst")]
    for length in LENGTHS:
        found = [weigh_text(text[:length], "openai") / count(text[:length]) - 1 for text in daily]
        rows.append(row(f"{length:,}", *cell(found).split(" / ")))
    whole = "\n".join(daily)
    error = percent(weigh_text(whole, "openai") / count(whole) - 1)
    return [*rows, row(f"{len(whole):,}, one text", "", "", error)]


def head(*names: str) -> Iterator[str]:
    yield row(*names)
    yield "|---" + "|---:" * (len(names) - 1) + "|"


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def cell(errors: Errors) -> str:
    """The mean, what one in twenty exceeds, and the worst with its sign, in percent."""
    sizes = sorted(map(abs, errors))
    return f"{100 * sum(sizes) / len(sizes):.0f} / {100 * sizes[len(sizes) * 19 // 20]:.0f} / {percent(max(errors, key=abs))}"


def percent(error: float) -> str:
    return f"{100 * error:+.0f}".replace("-", MINUS)


def with_tables(page: str, tables: Mapping[str, Sequence[str]]) -> str:
    """The page with what stands between the marks of each table replaced."""
    for name, rows in tables.items():
        begin, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, rest = page.partition(begin)
        _, mark, after = rest.partition(end)
        if not mark:
            raise SystemExit(f"{PAGE} has no {begin.strip()} ... {end}")
        page = before + begin + "\n".join(["", *rows, "", mark]) + after
    return page


if __name__ == "__main__":
    main()
