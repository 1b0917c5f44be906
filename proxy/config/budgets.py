"""The sections `budgets` and `budget_state`: how much may be spent in a time, by whom and where, and where that is remembered.

Which budgets fit the rest of the configuration is said here, and what they amount to once their defaults are filled in; how
they are kept is not. A budget with a `provider` is kept where a target is chosen, any other where a call comes in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct

from proxy.config.catalog import CatalogEntry, entries_of
from proxy.config.decode import ConfigError, near, shown
from proxy.config.limits import VALUES, Amount, Sharing
from proxy.config.values import WRITTEN, Count, HeaderName, Name, Sources
from proxy.models import Models

#: Money is counted in whole picodollars: a token of the cheapest model is some thousands of them.
PICO = Decimal(10) ** 12
MOST_DOLLARS = Decimal(10) ** 9
LEAST_DOLLARS = Decimal(10) ** -6
UTC = "UTC"
LONGEST_PATH = 1000
NAMESPACE_ENV = "POD_NAMESPACE"


def read_money(value: Any, path: str, sources: Sources) -> str:
    """Dollars as plain digits: `25` or, to be exact to the last one, "0.05"."""
    try:
        money = Decimal(str(value)) if type(value) in (int, float, str) else Decimal("NaN")
    except InvalidOperation:
        money = Decimal("NaN")
    if not money.is_finite() or not LEAST_DOLLARS <= money <= MOST_DOLLARS:
        raise ConfigError(path, shown(value), f"dollars, {LEAST_DOLLARS:f} to {MOST_DOLLARS:f}")
    return f"{money:f}"


def read_soft(value: Any, path: str, sources: Sources) -> float | None:
    """A share, or `none`."""
    if value in (None, "none"):
        return None
    if type(value) not in (int, float) or not 0 < value <= 1:
        raise ConfigError(path, shown(value), "a share, above 0 and at most 1, or none")
    return float(value)


def read_zone(value: Any, path: str, sources: Sources) -> str:
    """A name of the time zone database. UTC needs none."""
    if value == UTC:
        return UTC
    import zoneinfo  # only who names one pays for it

    try:
        return zoneinfo.ZoneInfo(value if isinstance(value, str) else "").key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
    without = "UTC, as this system has no time zone database: install the package tzdata for any other"
    allowed = f"UTC or an IANA name such as Europe/Berlin{near(value, known)}" if known else without
    raise ConfigError(path, shown(value), allowed)


def read_folder(value: Any, path: str, sources: Sources) -> str:
    """A directory; a relative one starts at the directory of the configuration file."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_PATH or "\0" in value:
        raise ConfigError(path, shown(value), "the path of a directory that can be written")
    return str(sources.directory / value)


def _about(description: str) -> Meta:
    return Meta(description=description)


def _written(read: Any, schema: Mapping[str, Any]) -> Meta:
    return Meta(extra={"read": read}, extra_json_schema={WRITTEN: dict(schema)})


DOLLARS = {"type": ["number", "string"], "exclusiveMinimum": 0, "pattern": r"^[0-9]+(\.[0-9]+)?$"}
SOFT = {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 1}, {"enum": ["none", None]}]}
Money = Annotated[str, _written(read_money, DOLLARS)]
Soft = Annotated[float | None, _written(read_soft, SOFT)]
Zone = Annotated[str, _written(read_zone, {"type": "string", "minLength": 1})]
Folder = Annotated[str, _written(read_folder, {"type": "string", "minLength": 1, "maxLength": LONGEST_PATH})]
Per = Literal["minute", "hour", "day", "month", "request"]
Reach = Literal["pod", "namespace", "fleet"]
Unpriced = Literal["allow", "refuse"]


class BudgetEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most so much money, so many tokens or both, by the calendar."""

    name: Annotated[Name | None, _about("What it is called in metrics and errors; by default what it is for.")] = None
    provider: Annotated[Name | None, _about("The name of a configured provider: what may be spent there.")] = None
    model: Annotated[
        Name | None, _about("The provider's model; without a provider, the model as the application asks for it.")
    ] = None
    header: Annotated[
        HeaderName | None, _about("A header of the application: each of its values has this much of its own.")
    ] = None
    values: Annotated[Count | None, _about("Most values of the header told apart; further ones share one.")] = None
    scope: Annotated[Reach, _about("Who has it together: this pod, the pods of its namespace, all that share.")] = "pod"
    per: Annotated[Per, _about("The time, by the calendar; or each single request.")]
    money: Annotated[Money | None, _about("Dollars in the time.")] = None
    tokens: Annotated[Amount | None, _about("Tokens in the time, of prompts and answers.")] = None
    soft: Annotated[Soft, _about("The share from which on it warns; none: never.")] = 0.8
    hard: Annotated[bool, _about("Whether calls are refused when it is spent; else it only warns.")] = True
    zone: Annotated[Zone, _about("Whose calendar, by its name in the IANA time zone database.")] = UTC
    unpriced: Annotated[Unpriced, _about("Whether models without a known price may be asked.")] = "allow"


class BudgetState(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`budget_state`: where what was spent is remembered over a restart."""

    path: Annotated[Folder, _about("A directory of this sidecar's own, which outlives its container.")]


class BudgetRule(NamedTuple):
    """What one entry amounts to. `provider`, `model` and `header` are "" where it is not for one; `money` in picodollars."""

    name: str
    provider: str
    model: str
    header: str
    values: int
    scope: Reach
    per: Per
    money: int | None
    tokens: int | None
    soft: float | None
    hard: bool
    zone: str
    unpriced: Unpriced

    @property
    def identity(self) -> tuple[str, ...]:
        """What is spent belongs to this: it goes on while this stays the same, whatever the amounts are."""
        return self.name, self.provider, self.model, self.header, self.scope, self.per


def rule_of(entry: BudgetEntry) -> BudgetRule:
    return BudgetRule(
        budget_name(entry),
        entry.provider or "",
        entry.model or "",
        (entry.header or "").lower(),
        VALUES if entry.values is None else entry.values,
        entry.scope,
        entry.per,
        None if entry.money is None else int(Decimal(entry.money) * PICO),
        entry.tokens,
        entry.soft,
        entry.hard,
        entry.zone,
        entry.unpriced,
    )


def budget_name(entry: BudgetEntry) -> str:
    """The entry's name, or what it is for: `provider openai, model gpt-4o per day`, `all per month`."""
    if entry.name is not None:
        return entry.name
    said = [(kind, getattr(entry, kind)) for kind in ("scope", "provider", "model", "header")]
    words = [f"{kind} {value}" for kind, value in said if value and value != "pod"]
    return f"{', '.join(words) or 'all'} per {entry.per}"


def budget_faults(
    budgets: Sequence[BudgetEntry],
    kinds: Mapping[str, str],
    asked: Sequence[str],
    catalog: Sequence[CatalogEntry],
    sharing: Sharing | None,
    environ: Mapping[str, str],
) -> Iterator[ConfigError]:
    """Everything that is wrong with the entries. `kinds` of the configured providers by name, `asked`: the aliases."""
    seen: dict[str, int] = {}
    models = Models(entries_of(catalog)) if any(entry.model for entry in budgets) else None
    for index, entry in enumerate(budgets):
        path = f"budgets[{index}]"
        if entry.provider is not None and entry.provider not in kinds:
            yield ConfigError(f"{path}.provider", shown(entry.provider), ", ".join(kinds) + near(entry.provider, kinds))
        elif models is not None and entry.model and not is_known(entry.model, entry.provider, models, kinds, asked):
            allowed = "an alias, or a model of the table or of the section catalog"
            yield ConfigError(f"{path}.model", shown(entry.model), allowed + near(entry.model, asked))
        yield from _amount_faults(entry, path)
        yield from _reach_faults(entry, path, sharing, environ)
        first = seen.setdefault(budget_name(entry), index)
        if first != index:
            value = f"{shown(budget_name(entry))}, as budgets[{first}] is called"
            yield ConfigError(f"{path}.name", value, "another name for each budget")


def is_known(model: str, provider: str | None, models: Models, kinds: Mapping[str, str], asked: Sequence[str]) -> bool:
    """Whether the table or the operator knows it. Without a provider it is written as the application asks for it."""
    if provider is not None:
        return models.find(kinds[provider], model, provider) is not None
    if model in asked:
        return True
    for mark in ":/":
        name, _, rest = model.partition(mark)
        if name in kinds and rest and models.find(kinds[name], rest, name) is not None:
            return True
    return any(models.find(kind, model, name) is not None for name, kind in kinds.items())


def _amount_faults(entry: BudgetEntry, path: str) -> Iterator[ConfigError]:
    if entry.money is None and entry.tokens is None:
        yield ConfigError(path, "without any amount", "at least one of money, tokens")
    if entry.money is None and entry.unpriced == "refuse":
        yield ConfigError(f"{path}.unpriced", "refuse", "allow, as the budget names no money")
    if entry.values is not None and entry.header is None:
        yield ConfigError(f"{path}.values", str(entry.values), "nothing, as the budget names no header")


def _reach_faults(
    entry: BudgetEntry, path: str, sharing: Sharing | None, environ: Mapping[str, str]
) -> Iterator[ConfigError]:
    if entry.scope == "pod":
        return
    if sharing is None:
        yield ConfigError(f"{path}.scope", entry.scope, "pod, as there is no section `sharing`")
    if entry.per == "request":
        yield ConfigError(f"{path}.scope", entry.scope, "pod, as a single request is nobody else's")
    if entry.scope == "namespace" and not environ.get(NAMESPACE_ENV):
        yield ConfigError(f"{path}.scope", entry.scope, f"pod or fleet, as {NAMESPACE_ENV} is not set")
