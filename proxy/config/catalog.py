"""The section `catalog`: what the operator knows of models better than the table, or of models that the table cannot know.

Which entries fit the rest of the configuration is said here; what is made of them is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from msgspec import Meta, Struct

from proxy.config.decode import ConfigError, near, shown
from proxy.config.values import WRITTEN, Name, Sources
from proxy.models import Entry, Models, Prices
from proxy.providers import CAPABILITIES

DEAREST = Decimal(1_000_000)


def read_price(value: Any, path: str, sources: Sources) -> str:
    """Dollars per million tokens as plain digits: `2.5` or, to be exact to the last one, "2.50"."""
    try:
        price = Decimal(str(value)) if type(value) in (int, float, str) else Decimal("NaN")
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or not 0 <= price <= DEAREST:
        raise ConfigError(path, shown(value), f"dollars per million tokens, 0 to {DEAREST}")
    return f"{price:f}"


Price = Annotated[
    str,
    Meta(
        extra={"read": read_price},
        extra_json_schema={WRITTEN: {"type": ["number", "string"], "minimum": 0, "pattern": r"^[0-9]+(\.[0-9]+)?$"}},
    ),
]
Tokens = Annotated[int, Meta(ge=1, le=1_000_000_000, extra={"allowed": "tokens, 1 to 1000000000"})]
Capability = Annotated[
    str, Meta(pattern=rf"^({'|'.join(CAPABILITIES)})$(?!\n)", extra={"allowed": ", ".join(CAPABILITIES)})
]


def _about(description: str) -> Meta:
    return Meta(description=description)


class CatalogPrice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Dollars per million tokens. What is not said is not known."""

    input: Annotated[Price | None, _about("Of the prompt.")] = None
    output: Annotated[Price | None, _about("Of the answer.")] = None
    cache_read: Annotated[Price | None, _about("Of the prompt where it came out of the provider's cache.")] = None
    cache_write: Annotated[Price | None, _about("Of the prompt where it went into the provider's cache.")] = None


class CatalogEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one model, or of all whose names fit a pattern. It is laid over what the built-in table says."""

    provider: Annotated[Name, _about("The name of a configured provider.")]
    model: Annotated[Name, _about("The model, as that provider calls it; `*` stands for anything.")]
    like: Annotated[
        Name | None, _about("The model that it is, by its usual name: for deployments with a name of their own.")
    ] = None
    context_window: Annotated[Tokens | None, _about("Most tokens of prompt and answer.")] = None
    max_output: Annotated[Tokens | None, _about("Most tokens of the answer.")] = None
    dimensions: Annotated[Tokens | None, _about("Of its embeddings.")] = None
    capabilities: Annotated[tuple[Capability, ...] | None, _about("All that it can.")] = None
    price: Annotated[CatalogPrice | None, _about("What it costs.")] = None


def entries_of(catalog: Sequence[CatalogEntry]) -> tuple[Entry, ...]:
    """The same in the words of `proxy.models`."""
    return tuple(
        Entry(
            said.provider,
            said.model,
            said.like,
            said.context_window,
            said.max_output,
            said.dimensions,
            None if said.capabilities is None else frozenset(said.capabilities),
            None
            if said.price is None
            else Prices(said.price.input, said.price.output, said.price.cache_read, said.price.cache_write),
        )
        for said in catalog
    )


def catalog_faults(catalog: Sequence[CatalogEntry], kinds: Mapping[str, str]) -> Iterator[ConfigError]:
    """Everything that is wrong with the entries; `kinds` are those of the configured providers, by name."""
    seen: set[tuple[str, str]] = set()
    for index, entry in enumerate(catalog):
        path = f"catalog[{index}]"
        if entry.provider not in kinds:
            allowed = ", ".join(kinds) + near(entry.provider, kinds)
            yield ConfigError(f"{path}.provider", shown(entry.provider), allowed)
        elif entry.like is not None and (fault := _like_fault(entry, kinds[entry.provider], path)) is not None:
            yield fault
        if (entry.provider, entry.model) in seen:
            yield ConfigError(f"{path}.model", f"{shown(entry.model)} again", "each model of a provider once")
        seen.add((entry.provider, entry.model))
        if _says_nothing(entry):
            yield ConfigError(path, "without any fact", f"at least one of {', '.join(FACTS)}")


FACTS = ("like", "context_window", "max_output", "dimensions", "capabilities", "price")


def _says_nothing(entry: CatalogEntry) -> bool:
    return all(getattr(entry, name) is None for name in FACTS)


def _like_fault(entry: CatalogEntry, kind: str, path: str) -> ConfigError | None:
    models = Models()
    if entry.like is None or models.find(kind, entry.like) is not None:
        return None
    names = [model.name for model in models.all_of(kind)]
    allowed = f"a model that the table has for {kind}" + near(entry.like, names)
    return ConfigError(f"{path}.like", shown(entry.like), allowed)
