"""The section `catalog`: what the operator knows of models better than the table, or of models that the table cannot know.

Which entries fit the rest of the configuration is said here; what is made of them is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from proxy.config.decode import ConfigError, near, shown
from proxy.config.prices import CatalogPrice, Tokens, price_faults, price_text
from proxy.config.values import Name
from proxy.models import Entry, Models
from proxy.providers import CAPABILITIES

Capability = Annotated[
    str, Meta(pattern=rf"^({'|'.join(CAPABILITIES)})$(?!\n)", extra={"allowed": ", ".join(CAPABILITIES)})
]


def _about(description: str) -> Meta:
    return Meta(description=description)


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
            None if said.price is None else price_text(said.price),
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
        if entry.price is not None:
            yield from price_faults(entry.price, f"{path}.price")
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
