"""What the operator says of a model's price, in the section `catalog`: by bucket, length of the prompt, service tier and hour.

It is turned into the notation of `proxy.prices.notation`, in which the built-in table is written too. What a call costs by it is
not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from proxy.config.decode import ConfigError, shown
from proxy.config.values import WRITTEN, Sources

DEAREST = Decimal(1_000_000)
LARGEST_FACTOR = Decimal(100)
#: So many digits behind the point: no product of a price, a factor and a count is ever rounded.
DIGITS = 12
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def read_number(value: Any, path: str, most: Decimal, allowed: str) -> str:
    try:
        number = Decimal(str(value)) if type(value) in (int, float, str) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    text = f"{number:f}" if number.is_finite() and 0 <= number <= most else ""
    if not text or len(text.partition(".")[2]) > DIGITS:
        raise ConfigError(path, shown(value), f"{allowed}, 0 to {most}, at most {DIGITS} digits behind the point")
    return text.removeprefix("-")


def read_price(value: Any, path: str, sources: Sources) -> str:
    """Dollars per million tokens as plain digits: `2.5` or, to be exact to the last one, "2.50"."""
    return read_number(value, path, DEAREST, "dollars per million tokens")


def read_fee(value: Any, path: str, sources: Sources) -> str:
    return read_number(value, path, DEAREST, "dollars")


def read_factor(value: Any, path: str, sources: Sources) -> str:
    return read_number(value, path, LARGEST_FACTOR, "a factor")


def read_time(value: Any, path: str, sources: Sources) -> str:
    """As HHMM. YAML takes 16:30 without quotes for the number 990."""
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", value) if isinstance(value, str) else None
    if found is None:
        raise ConfigError(path, shown(value), 'a time of day (UTC) in quotes, "00:00" to "23:59"')
    return found[1] + found[2]


def _number(read: Any) -> Meta:
    schema = {"type": ["number", "string"], "minimum": 0, "pattern": r"^[0-9]+(\.[0-9]+)?$"}
    return Meta(extra={"read": read}, extra_json_schema={WRITTEN: schema})


TIME = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
Price = Annotated[str, _number(read_price)]
Fee = Annotated[str, _number(read_fee)]
Factor = Annotated[str, _number(read_factor)]
Time = Annotated[str, Meta(extra={"read": read_time}, extra_json_schema={WRITTEN: TIME})]
Tokens = Annotated[int, Meta(ge=1, le=1_000_000_000, extra={"allowed": "tokens, 1 to 1000000000"})]
TierName = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}$(?!\n)", extra={"allowed": "lower-case letters, digits, `_` and `-`"})
]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Days = Annotated[tuple[Day, ...], Meta(min_length=1, extra={"allowed": f"a list of at least one of {', '.join(DAYS)}"})]


def _about(description: str) -> Meta:
    return Meta(description=description)


class PriceRates(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Dollars per million tokens of each sort."""

    input: Annotated[Price | None, _about("Of the prompt.")] = None
    output: Annotated[Price | None, _about("Of the answer.")] = None
    cache_read: Annotated[Price | None, _about("Of the prompt where it came out of the provider's cache.")] = None
    cache_write: Annotated[Price | None, _about("Of the prompt where it went into the provider's cache.")] = None
    cache_write_1h: Annotated[Price | None, _about("The same, where it is kept for an hour.")] = None
    reasoning: Annotated[Price | None, _about("Of what the model thinks; that of the answer where absent.")] = None
    audio_input: Annotated[Price | None, _about("Of audio in the prompt.")] = None
    audio_cache_read: Annotated[Price | None, _about("Of audio that came out of the provider's cache.")] = None
    audio_output: Annotated[Price | None, _about("Of audio in the answer.")] = None
    image_input: Annotated[Price | None, _about("Of images in the prompt.")] = None
    image_output: Annotated[Price | None, _about("Of images in the answer.")] = None


class PriceTier(PriceRates, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What costs something else for longer prompts, for all tokens of the call."""

    above: Annotated[Tokens, _about("Prompts of more than so many tokens, those out of a cache included.")]


class PriceWindow(PriceRates, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What costs something else for some hours of the day."""

    start: Annotated[Time, _about("When it begins, UTC, in quotes.")] = field(name="from")
    end: Annotated[Time, _about("When it ends; before the beginning is on the next day, the same is all day.")] = field(
        name="to"
    )
    days: Annotated[Days, _about("On which days, UTC.")] = DAYS  # type: ignore[assignment]


class CatalogPrice(PriceRates, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model costs. What is not said is not known."""

    search: Annotated[Fee | None, _about("Dollars for one search of the web.")] = None
    per_request: Annotated[Fee | None, _about("Dollars for one request, beside its tokens.")] = None
    tiers: Annotated[tuple[PriceTier, ...], _about("What differs for longer prompts.")] = ()
    windows: Annotated[tuple[PriceWindow, ...], _about("What differs for some hours.")] = ()
    service_tiers: Annotated[
        dict[TierName, Factor], _about("Service tier, and what all tokens are multiplied by.")
    ] = {}
    batch: Annotated[Factor | None, _about("The same for what is answered as a batch.")] = None


RATES = PriceRates.__struct_fields__


def price_text(said: CatalogPrice) -> str:
    """The same in the notation of `proxy.prices.notation`."""
    from proxy.prices.notation import write_clause, write_items

    singles = {name: price for name, price in (("search", said.search), ("request", said.per_request)) if price}
    clauses = [write_items(rates(said) | singles)]
    for window in said.windows:
        days = "".join(str(DAYS.index(day) + 1) for day in window.days)
        clauses.append(write_clause(write_items(rates(window)), window=(window.start, window.end, days)))
    clauses += [write_clause(write_items(rates(tier)), above=tier.above) for tier in said.tiers]
    factors = said.service_tiers | ({} if said.batch is None else {"batch": said.batch})
    clauses += [write_clause(write_items({}, factor), tiers=(name,)) for name, factor in factors.items()]
    return ";".join(clauses)


def rates(said: PriceRates) -> dict[str, str]:
    return {name: price for name in RATES if (price := getattr(said, name)) is not None}


def price_faults(said: CatalogPrice, path: str) -> Iterator[ConfigError]:
    lengths: set[int] = set()
    for place, tier in enumerate(said.tiers):
        if tier.above in lengths:
            yield ConfigError(f"{path}.tiers[{place}].above", f"{tier.above} again", "each length once")
        lengths.add(tier.above)
    for name, others in (("tiers", said.tiers), ("windows", said.windows)):
        for place, one in enumerate(others):
            if not rates(one):
                yield ConfigError(f"{path}.{name}[{place}]", "without any price", f"at least one of {', '.join(RATES)}")
    if said.batch is not None and "batch" in said.service_tiers:
        yield ConfigError(f"{path}.batch", shown(said.batch), "nothing, beside service_tiers.batch")
