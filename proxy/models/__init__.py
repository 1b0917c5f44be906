"""What is known of models: how much they take and give, what they can, what they cost. A table, and what the operator says of it.

Nothing is concluded from what is not known. Which provider has which model at this moment is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from proxy.models.line import LETTERS, Entry, Model, meaning, parse_line, priced
from proxy.models.table import Table

__all__ = ["Entry", "Model", "Models", "Table", "capabilities"]

REMEMBERED = 1024
#: What an entry may say.
SAID = ("context_window", "max_output", "dimensions", "can")


class Models:
    """`entries`: what the operator says, by the provider's configured name; a name goes before a pattern."""

    def __init__(self, entries: Sequence[Entry] = (), table: Table | None = None) -> None:
        self._entries = sorted(entries, key=lambda entry: is_pattern(entry.model))
        self._table = table or Table()
        self._found: dict[tuple[str, str, str], Model | None] = {}

    def find(self, kind: str, name: str, provider: str = "") -> Model | None:
        """The model of this name at a provider of this kind; `provider` is its configured name. None where nothing is known.

        The answer is remembered; the memory is bounded, and emptied when full.
        """
        asked = (kind, name, provider)
        try:
            return self._found[asked]
        except KeyError:
            found = self._overlaid(kind, name, provider)
        if len(self._found) >= REMEMBERED:
            self._found.clear()
        self._found[asked] = found
        return found

    def with_capability(self, capability: str, kind: str, provider: str = "") -> Iterator[Model]:
        """The models of a provider that are known to have it."""
        return (model for model in self.all_of(kind, provider) if capability in model.can)

    def all_of(self, kind: str, provider: str = "") -> Iterator[Model]:
        """Those that the operator names, patterns excepted, then those of the table."""
        named = self.named(provider)
        for name in named:
            yield self.find(kind, name, provider) or Model(kind, name)
        for line in self._table.lines(kind):
            model = parse_line(kind, line)
            if model.name not in named:
                yield self._said(model, provider)

    def named(self, provider: str) -> list[str]:
        """The models that the operator names, patterns excepted."""
        return [entry.model for entry in self._entries if entry.provider == provider and not is_pattern(entry.model)]

    @property
    def remembered(self) -> tuple[int, int]:
        """How many answers are kept, and how many may be."""
        return len(self._found), REMEMBERED

    def _overlaid(self, kind: str, name: str, provider: str) -> Model | None:
        entry = self._entry(name, provider)
        if entry is None:
            return self._table.find(kind, name)
        model = self._table.find(kind, entry.like or name) or Model(kind, name)
        return overlay(entry, model)._replace(name=name)

    def _said(self, model: Model, provider: str) -> Model:
        entry = self._entry(model.name, provider)
        return model if entry is None else overlay(entry, model)

    def _entry(self, name: str, provider: str) -> Entry | None:
        fitting = (entry for entry in self._entries if entry.provider == provider and fnmatchcase(name, entry.model))
        return next(fitting, None)


def capabilities(model: Model | None) -> frozenset[str] | None:
    """Words of `proxy.providers.CAPABILITIES`; None where they are not known."""
    return model.can if model is not None and model.can else None


def overlay(entry: Entry, model: Model) -> Model:
    """What is said goes before what is known; a price replaces the other one whole."""
    said = {name: value for name in SAID if (value := getattr(entry, name)) is not None}
    model = model._replace(**said)
    if entry.price is not None:
        model = model._replace(price=priced(entry.price, model.kind))
    if entry.can is None:
        return model
    _, _, inputs, outputs = meaning("".join(letter for letter, word in LETTERS.items() if word in entry.can))
    return model._replace(known=True, inputs=inputs, outputs=outputs)


def is_pattern(name: str) -> bool:
    return not set(name).isdisjoint("*?[")
