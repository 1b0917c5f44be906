"""What `outrider prices` does: what a model costs, what a call of so many tokens would cost, and which model is the cheapest.

It opens no connection. The prices are those of the table, and over them those of the configuration; the arithmetic is that of the
running sidecar.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from proxy.terminal import columns, complain, write

if TYPE_CHECKING:
    from proxy.pricelist import Asked

OK = 0
UNKNOWN = 1
REFUSED = 2
#: What is paid one by one, and how it is called among people.
SINGLE: Mapping[str, str] = {"search": "search, each", "request": "request, each"}
UNSAID = "?"


class Wanted(NamedTuple):
    """`counts`: bucket of `call.Usage` -> tokens. `at`: a date or a time, None for now. `can`: for the cheapest only."""

    model: str | None = None
    counts: Mapping[str, int] = {}
    at: str | None = None
    tier: str = ""
    cheapest: bool = False
    provider: str | None = None
    can: tuple[str, ...] = ()
    limit: int = 10


def prices(path: str | None, wanted: Wanted, *, as_json: bool = False) -> int:
    """Print them. 0: done; 1: the price is not known; 2: the question or the configuration has a fault."""
    from proxy import config
    from proxy.models import Models
    from proxy.pricelist import Fault, cheapest, price_list

    try:
        asked = asked_of(wanted)
        loaded = config.load(path, os.environ)
        models = Models(config.entries_of(loaded.catalog))
        report = (cheapest if wanted.cheapest else price_list)(loaded, models, asked)
    except config.ConfigError as error:
        complain(str(fault) for fault in error.every)
        return REFUSED
    except Fault as fault:
        complain([str(fault)])
        return REFUSED
    lines = ranking(report) if wanted.cheapest else sheets(report)
    text = json.dumps(report, indent=2) if as_json else "\n".join(lines)
    write(f"{text}\n")
    found = report["models"]
    return OK if found and all(is_known(model, wanted) for model in found) else UNKNOWN


def asked_of(wanted: Wanted) -> Asked:
    """Fault where the question makes no sense."""
    from proxy.pricelist import Asked, Fault

    if (wanted.model is None) is not wanted.cheapest:
        raise Fault("name a model, or say --cheapest" if wanted.model is None else "a model or --cheapest, not both")
    for name, value in (("--provider", wanted.provider), ("--capability", wanted.can)):
        if value and not wanted.cheapest:
            raise Fault(f"{name} goes with --cheapest; a model of one provider is written provider:model")
    counts = {name: count for name, count in wanted.counts.items() if count}
    return Asked(
        moment_of(wanted.at), wanted.model or "", counts, wanted.tier, wanted.provider, wanted.can, wanted.limit
    )


def moment_of(written: str | None) -> float:
    """Seconds since the epoch."""
    from proxy.pricelist import Fault

    if written is None:
        return time.time()
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        told = "a date or a time, 2026-12-01 or 2026-12-01T18:30, UTC unless it says otherwise"
        raise Fault(f"--at {written}: {told}") from None
    return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp()


def is_known(model: Mapping[str, Any], wanted: Wanted) -> bool:
    return model["price"] is not None and (model["cost"] is not None or not any(wanted.counts.values()))


# ---- for people


def sheets(report: Mapping[str, Any]) -> Iterator[str]:
    for model in report["models"]:
        whence = report["table"] if model["from"] == "table" else "the configuration"
        yield f"{model['provider']}:{model['model']}  $ per million tokens, from {whence}"
        yield from sheet(model, report["tier"])
        if report["counts"]:
            yield f"  {counted(report['counts'])}: {dollars(model['cost'])}"


def sheet(model: Mapping[str, Any], tier: str) -> Iterator[str]:
    if model["price"] is None:
        yield f"  the price {f'in the tier {tier} ' if tier else ''}is not known"
    moments = [{"when": tier or "now", "price": model["price"]}, *model["conditions"]]
    moments = [moment for moment in moments if moment["price"] is not None]
    names = [
        name for name in (moments[0]["price"] if moments else ()) if any(is_said(moment, name) for moment in moments)
    ]
    heads = ["", *(str(moment["when"]) for moment in moments)]
    rows = [
        [SINGLE.get(name, name.replace("_", " ")), *(moment["price"][name] or UNSAID for moment in moments)]
        for name in names
    ]
    yield from aligned([heads, *rows] if rows else [])


def is_said(column: Mapping[str, Any], name: str) -> bool:
    """A request as such costs nothing where nobody says that it does."""
    return column["price"][name] not in (("0",) if name == "request" else (None,))


def counted(counts: Mapping[str, int]) -> str:
    return " + ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())


def dollars(amount: str | None) -> str:
    return "not known" if amount is None else f"${amount}"


def ranking(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"$ of {counted(report['counts'])}, from {report['table']}"
    rows = [[f"{model['provider']}:{model['model']}", model["cost"]] for model in report["models"]]
    yield from aligned(rows) if rows else ["  no model with a known price"]


def aligned(rows: list[list[str]]) -> Iterator[str]:
    for row in columns(rows):
        yield "  " + "  ".join(row).rstrip()
