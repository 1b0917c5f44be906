"""What `outrider models` does: every provider with its models, what they can, how much they take and what they cost.

It opens no connection: shown is what the table and the configuration know. What servers list themselves, a running sidecar tells
at `GET /v1/models`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from proxy.terminal import complain, write

if TYPE_CHECKING:
    from proxy.config import Config
    from proxy.models import Model, Models

OK = 0
REFUSED = 2
#: Those that are shown; `outrider prices` shows all.
BUCKETS = ("input", "output", "cache_read", "cache_write")


class Wanted(NamedTuple):
    """`provider`: one alone, by its configured name or its kind. `can`: models that are known to have a capability."""

    provider: str | None = None
    can: str | None = None


def models(path: str | None, wanted: Wanted, *, as_json: bool = False) -> int:
    """Print them. 0: done; 2: the configuration has a fault, or there is no such provider or capability."""
    from proxy import config
    from proxy.models import Models

    try:
        loaded = config.load(path, os.environ)
    except config.ConfigError as error:
        complain(str(fault) for fault in error.every)
        return REFUSED
    fault = _fault(loaded, wanted)
    if fault is not None:
        complain([fault])
        return REFUSED
    report = list(_report(loaded, Models(config.entries_of(loaded.catalog)), wanted))
    text = json.dumps({"providers": report}, indent=2) if as_json else "\n".join(_lines(report, wanted))
    write(f"{text}\n")
    return OK


def _fault(config: Config, wanted: Wanted) -> str | None:
    from proxy.providers import CAPABILITIES, all_providers

    known = dict.fromkeys([*config.providers, *all_providers()])
    if wanted.can is not None and wanted.can not in CAPABILITIES:
        return f"--can {wanted.can}: there is {', '.join(CAPABILITIES)}{_near(wanted.can, CAPABILITIES)}"
    if wanted.provider is not None and wanted.provider not in known:
        return f"--provider {wanted.provider}: there is {', '.join(known)}{_near(wanted.provider, known)}"
    return None


def _near(word: str, known: Iterable[str]) -> str:
    found = get_close_matches(word, list(known), n=1)
    return f" (did you mean {found[0]}?)" if found else ""


def _report(config: Config, models: Models, wanted: Wanted) -> Iterator[dict[str, Any]]:
    from proxy.config import endpoints
    from proxy.providers import CAPABILITIES, all_providers

    _, off = endpoints(config)
    kinds = {name: entry.kind for name, entry in config.providers.items()}
    if wanted.provider is not None:
        kinds = {wanted.provider: kinds.get(wanted.provider, wanted.provider)}
    for name, kind in kinds.items():
        can = all_providers()[kind].can
        why = off.get(name) if name in config.providers else "not configured (list it under providers)"
        found = models.all_of(kind, name) if wanted.can is None else models.with_capability(wanted.can, kind, name)
        yield {
            "name": name,
            "kind": kind,
            "on": why is None,
            "why": why,
            "capabilities": [word for word in CAPABILITIES if word in can],
            "models": [_shown(model) for model in found],
        }


def _shown(model: Model) -> dict[str, Any]:
    """What is not known is null."""
    from proxy.providers import CAPABILITIES

    start = _first_tier(model)
    return {
        "model": model.name,
        "context_window": model.context_window,
        "max_output": model.max_output,
        "dimensions": model.dimensions,
        "capabilities": [word for word in CAPABILITIES if word in model.can],
        "all_known": model.known,
        "inputs": model.inputs,
        "outputs": model.outputs,
        "price": _price(model, 0),
        "price_above": None if start is None else {"tokens": start, **(_price(model, start + 1) or {})},
    }


def _first_tier(model: Model) -> int | None:
    """From which prompt on it costs something else."""
    if model.price is None:
        return None
    usual = (clause.above for clause in model.price.sheet(time.time()).clauses if clause.above and not clause.tiers)
    return min(usual, default=None)


def _price(model: Model, prompt: int) -> dict[str, str | None] | None:
    """Dollars per million tokens, at this time, for a prompt of so many."""
    from proxy.prices import plain

    rates = None if model.price is None else model.price.rates("", prompt, time.time())
    if rates is None:
        return None
    found = {name: rates.get(name) for name in BUCKETS}
    return {name: None if rate is None else plain(rate.scaleb(6)) for name, rate in found.items()}


# ---- for people


def _lines(report: Iterable[Mapping[str, Any]], wanted: Wanted) -> Iterator[str]:
    """Of a provider that is off, only how many models it would bring, unless it was asked for."""
    for provider in report:
        state = "on" if provider["on"] else f"off  {provider['why']}"
        kind = "" if provider["kind"] == provider["name"] else f" ({provider['kind']})"
        yield f"{provider['name']}{kind}  {state}"
        yield f"  can: {', '.join(provider['capabilities'])}"
        models = provider["models"]
        if not models:
            yield (
                "  models: only its server knows"
                if wanted.can is None
                else f"  models that can {wanted.can}: none known"
            )
        elif provider["on"] or wanted.provider is not None:
            yield from _table(models)
        else:
            yield f"  models: {len(models)} known"


def _table(models: list[Mapping[str, Any]]) -> Iterator[str]:
    rows = [
        (model["model"], _number(model["context_window"]), _number(model["max_output"]), _dollars(model["price"]))
        for model in models
    ]
    heads = ("model", "context", "output", "$/M in, out")
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    yield _row(heads, widths) + "  can"
    for row, model in zip(rows, models, strict=True):
        yield _row(row, widths) + "  " + " ".join(model["capabilities"]) + ("" if model["all_known"] else " ?")


def _row(cells: Iterable[str], widths: Iterable[int]) -> str:
    name, *rest = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return "  " + "  ".join([name, *rest])


def _number(tokens: int | None) -> str:
    return "" if tokens is None else f"{tokens:,}"


def _dollars(price: Mapping[str, str | None] | None) -> str:
    return "" if price is None else f"{price['input'] or '?'}, {price['output'] or '?'}"
