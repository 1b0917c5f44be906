"""The price list: which models a name means, what they cost and under which conditions, and who is the cheapest. As plain data.

It knows the configuration, so that the operator's prices count, and no clock: the time is an argument. How any of it is shown is
not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple

from proxy.call import Usage
from proxy.config import Config, endpoints
from proxy.models import Model, Models, Table
from proxy.prices import Price, Rates, cost, plain
from proxy.prices.notation import DAY, KEYS, Window
from proxy.prices.price import SINGLE
from proxy.providers import CAPABILITIES, all_providers

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: What is ranked by, where nobody says how long a call is.
USUAL_CALL: Mapping[str, int] = {"input": 1000, "output": 500}
#: Those whose answers are no tokens.
ANSWERLESS = frozenset({"embeddings", "rerank"})


class Asked(NamedTuple):
    """`counts`: bucket of `call.Usage` -> tokens. `at`: seconds since the epoch. `can`: what a cheapest model can, all of it."""

    at: float
    model: str = ""
    counts: Mapping[str, int] = {}
    tier: str = ""
    provider: str | None = None
    can: Sequence[str] = ()
    limit: int = 10


class Place(NamedTuple):
    """A model, where it is had. `provider` is the configured name, or the kind."""

    provider: str
    kind: str
    model: Model


class Fault(Exception):
    """What is wrong with the question, in words."""


def near(word: str, those: Iterable[str]) -> str:
    found = get_close_matches(word, list(those), n=3)
    return f" (did you mean {' or '.join(found)}?)" if found else ""


# ---- which models are meant


def kinds_of(config: Config) -> dict[str, str]:
    """Name -> kind: the configured providers, then every kind by its own name."""
    return {name: entry.kind for name, entry in config.providers.items()} | {
        kind: kind for kind in all_providers() if kind not in config.providers
    }


def meant(config: Config, models: Models, name: str) -> list[Place]:
    """By an alias, `provider:model`, `provider/model`, or a bare name: at whom claims it, else at everyone who has it."""
    kinds = kinds_of(config)
    for alias in config.models:
        if alias.model == name:
            return [placed(models, each.provider, kinds[each.provider], each.model) for each in alias.targets]
    for mark in ":/":
        provider, _, model = name.partition(mark)
        # A slash may be part of a model's own name.
        if model and provider in kinds and (mark == ":" or models.find(kinds[provider], model, provider) is not None):
            return [existing(models, provider, kinds[provider], model)]
    return bare(models, [(own, kinds[own]) for own in config.providers], name) or bare(
        models, list(kinds.items()), name
    )


def bare(models: Models, kinds: Sequence[tuple[str, str]], name: str) -> list[Place]:
    having = [placed(models, own, kind, name) for own, kind in kinds if models.find(kind, name, own) is not None]
    claiming = [place for place in having if all_providers()[place.kind].claims(name)]
    return claiming[:1] or having


def placed(models: Models, provider: str, kind: str, name: str) -> Place:
    return Place(provider, kind, models.find(kind, name, provider) or Model(kind, name))


def existing(models: Models, provider: str, kind: str, name: str) -> Place:
    if models.find(kind, name, provider) is None:
        those = [model.name for model in models.all_of(kind, provider)]
        raise Fault(f"{provider} has no model {name} that is known{near(name, those)}; `catalog` tells of more")
    return placed(models, provider, kind, name)


# ---- what they cost


def price_list(config: Config, models: Models, asked: Asked) -> dict[str, Any]:
    """What the model costs that is asked for, at each place where it is had. Fault where there is none."""
    name = asked.model
    found = meant(config, models, name)
    if not found:
        kinds = kinds_of(config)
        those = dict.fromkeys(model.name for own, kind in kinds.items() for model in models.all_of(kind, own))
        raise Fault(f"no model {name} is known{near(name, (*those, *(alias.model for alias in config.models)))}")
    return report_of([shown(place, asked) for place in found], asked)


def report_of(models: list[dict[str, Any]], asked: Asked) -> dict[str, Any]:
    moment = datetime.fromtimestamp(int(asked.at), UTC).isoformat().replace("+00:00", "Z")
    return {"table": Table().source, "at": moment, "tier": asked.tier, "counts": dict(asked.counts), "models": models}


def shown(place: Place, asked: Asked) -> dict[str, Any]:
    """Prices in dollars per million tokens, or for one; what is not known is null."""
    price = place.model.price
    usage = usage_of(asked)
    rates = None if price is None else price.rates(asked.tier, usage.prompt, asked.at)
    bill = cost(usage, place.model, asked.at)
    table = Table().find(place.kind, place.model.name)
    return {
        "provider": place.provider,
        "model": place.model.name,
        "from": "table" if table is not None and table.price == price else "configuration",
        "price": None if rates is None else numbers(rates),
        "conditions": [] if price is None else list(conditions(price, asked.at)),
        "cost": None if bill is None or not asked.counts else plain(bill),
    }


def usage_of(asked: Asked) -> Usage:
    usage = Usage(tier=asked.tier)
    for name, count in asked.counts.items():
        setattr(usage, name, count)
    return usage


def numbers(rates: Rates) -> dict[str, str | None]:
    each = {name: rates.get(name) for name in KEYS.values()}
    return {
        name: None if rate is None else plain(rate if name in SINGLE else rate.scaleb(6)) for name, rate in each.items()
    }


def conditions(price: Price, at: float) -> Iterator[dict[str, Any]]:
    """What else it costs: longer prompts, other tiers, other hours, days to come."""
    for clause in price.sheet(at).clauses[1:]:
        moment = at if clause.window is None else next_time(clause.window, at)
        for tier in clause.tiers or ("",):
            rates = price.rates(tier, clause.above + 1 if clause.above else 0, moment)
            words = [
                tier,
                f"above {clause.above:,}" if clause.above else "",
                "" if clause.window is None else hours(clause.window),
            ]
            yield {"when": " ".join(filter(None, words)), "price": None if rates is None else numbers(rates)}
    for start in price.coming(at):
        rates = price.rates("", 0, start)
        assert rates is not None
        yield {"when": f"from {datetime.fromtimestamp(start, UTC):%Y-%m-%d}", "price": numbers(rates)}


def next_time(window: Window, at: float) -> float:
    midnight = int(at) // DAY * DAY
    starts = (midnight + day * DAY + window.start * 60 for day in range(8))
    return next((start for start in starts if window.holds(start)), at)


def hours(window: Window) -> str:
    start, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (window.start, window.end))
    days = [DAYS[int(day) - 1] for day in window.days]
    return f"{start}-{end} UTC" + ("" if len(days) == len(DAYS) else f" {','.join(days)}")


# ---- who is the cheapest


def cheapest(config: Config, models: Models, asked: Asked) -> dict[str, Any]:
    """The cheapest first, of those with a price at the providers that are on; where none of them has one, at all kinds."""
    check(config, asked)
    can = asked.can or ("chat",)
    usual = {"input": 1000} if ANSWERLESS & set(can) else USUAL_CALL
    asked = asked._replace(counts=asked.counts or usual, can=can)
    kinds = kinds_of(config)
    on, _ = endpoints(config)
    wanted = on if asked.provider is None else [asked.provider]
    found = ranked(models, {name: kinds[name] for name in wanted}, asked)
    if not found and asked.provider is None:
        found = ranked(models, {kind: kind for kind in all_providers()}, asked)
    return report_of([shown(place, asked) for _, place in found[: asked.limit]], asked)


def check(config: Config, asked: Asked) -> None:
    for capability in asked.can:
        if capability not in CAPABILITIES:
            raise Fault(
                f"--capability {capability}: there is {', '.join(CAPABILITIES)}{near(capability, CAPABILITIES)}"
            )
    kinds = kinds_of(config)
    if asked.provider is not None and asked.provider not in kinds:
        raise Fault(f"--provider {asked.provider}: there is {', '.join(kinds)}{near(asked.provider, kinds)}")


def ranked(models: Models, kinds: Mapping[str, str], asked: Asked) -> list[tuple[Decimal, Place]]:
    usage = usage_of(asked)
    found = []
    for provider, kind in kinds.items():
        for model in models.all_of(kind, provider):
            bill = cost(usage, model, asked.at) if model.can.issuperset(asked.can) else None
            if bill is not None:
                found.append((bill, Place(provider, kind, model)))
    return sorted(found, key=lambda each: (each[0], each[1].provider, each[1].model.name))
