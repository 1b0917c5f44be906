"""The shape of the configuration: one struct for each section, its defaults, and what each key means.

The descriptions go into the JSON Schema that editors read; docs/config.md says the same at length. It knows neither
where the values come from nor what is made of them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from proxy.config.batching import Batching
from proxy.config.budgets import BudgetEntry, BudgetState
from proxy.config.cache import AliasCaching, Caching
from proxy.config.catalog import CatalogEntry
from proxy.config.drain import Drain
from proxy.config.limits import Adaptive, LimitEntry, Sharing
from proxy.config.listen import Hosts, Listen
from proxy.config.logging import Logging
from proxy.config.resilience import Breaker, Condition, Health, Hedge, Retry, RetryBudget, Sticky, Strategy, Weight
from proxy.config.tokens import Tokens
from proxy.config.tracing import TracingEntry
from proxy.config.values import (
    ApiKey,
    BaseUrl,
    Count,
    CountOrNone,
    Delay,
    HeaderName,
    HeaderValue,
    Milliseconds,
    Name,
    OptionName,
    OptionValue,
    Port,
    ProviderName,
    Seconds,
    Size,
)


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all sections have in common: they are never changed, only replaced whole."""


def _about(description: str) -> Meta:
    return Meta(description=description)


Unsupported = Literal["auto", "reject", "drop", "warn"]
Override = Literal["timeout", "fallbacks", "tags", "cache"]
ModelLimits = Literal["reject", "clamp", "ignore"]


class Ops(Section, frozen=True):
    """The port for probes, metrics and the operator."""

    hosts: Annotated[Hosts, _about("Addresses to listen on.")] = ("0.0.0.0", "::")
    port: Annotated[Port, _about("Port to listen on.")] = 11412
    local_only: Annotated[bool, _about("Whether the operator's paths are served to loopback only.")] = True
    pod_labels: Annotated[bool, _about("Whether every metric carries the pod's namespace, workload and name.")] = False


class Timeouts(Section, frozen=True):
    """How long to wait for a provider, in seconds."""

    connect: Annotated[Seconds, _about("Until the connection stands, TLS included.")] = 5.0
    first_byte: Annotated[Seconds, _about("From the request until the first byte of the answer.")] = 120.0
    idle: Annotated[Seconds, _about("Between two bytes of the answer.")] = 60.0
    total: Annotated[Seconds, _about("For the whole call.")] = 600.0
    opening: Annotated[Seconds, _about("Longest hold of an answer that has not said anything yet.")] = 5.0


class Pool(Section, frozen=True):
    """The connections to one provider."""

    connections: Annotated[Count, _about("Most connections at once.")] = 100
    idle: Annotated[CountOrNone, _about("Most idle connections kept.")] = 20
    idle_seconds: Annotated[Seconds, _about("How long an idle connection is kept.")] = 90.0
    queue: Annotated[CountOrNone, _about("Most calls that wait for a connection.")] = 1000


class MockDelays(Section, frozen=True):
    """How fast the embedded mock answers, in milliseconds."""

    first_token_ms: Annotated[Milliseconds, _about("Until the first token; one number or two.")] = Delay(100, 200)
    inter_token_ms: Annotated[Milliseconds, _about("Between two tokens; one number or two.")] = Delay(20, 20)


class ProviderEntry(Section, frozen=True):
    """One provider. Once loaded, `kind`, `base_url`, `timeouts` and `pool` are filled in from what they default to."""

    kind: Annotated[str, _about("Which provider it is; the entry's own name where absent.")] = ""
    api_key: Annotated[ApiKey | None, _about("The key, {env: NAME} or {file: PATH}.")] = None
    api_keys: Annotated[tuple[ApiKey, ...], _about("Several keys that are used in turn, in place of `api_key`.")] = ()
    options: Annotated[
        dict[OptionName, OptionValue], _about("What this kind of provider has to be told: a region, a project, a role.")
    ] = {}
    base_url: Annotated[BaseUrl | None, _about("The address, as that provider's official SDK takes it.")] = None
    headers: Annotated[dict[HeaderName, HeaderValue], _about("Headers sent with every request.")] = {}
    timeouts: Annotated[Timeouts, _about("What differs from the section `timeouts`.")] = Timeouts()
    pool: Annotated[Pool, _about("What differs from the section `pool`.")] = Pool()
    retry: Annotated[Retry, _about("What differs from the section `retry`.")] = Retry()
    breaker: Annotated[Breaker, _about("What differs from the section `breaker`.")] = Breaker()
    limits: Annotated[Adaptive, _about("Learning what it lets through, and slowing down before it refuses.")] = (
        Adaptive()
    )
    list_models: Annotated[
        bool | None, _about("Whether it is asked which models it has; by default if only its server can know.")
    ] = None
    mock: Annotated[MockDelays | None, _about("Only for the embedded mocks.")] = None


class AliasTarget(Section, frozen=True):
    """What an alias stands for."""

    provider: Annotated[Name, _about("The name of a configured provider.")]
    model: Annotated[Name, _about("The model, as that provider calls it.")]
    weight: Annotated[Weight | None, _about("How often it is chosen, beside the others.")] = None
    tags: Annotated[tuple[Name, ...], _about("What a request may choose it by.")] = ()


class Alias(Section, frozen=True):
    """A model name of the operator's own."""

    model: Annotated[Name, _about("What the application asks for.")]
    targets: Annotated[
        tuple[AliasTarget, ...],
        Meta(
            description="What it stands for.",
            min_length=1,
            extra={"allowed": "a list of at least one target"},
        ),
    ]
    strategy: Annotated[Strategy, _about("How one of them is chosen, of those that can.")] = "priority"
    sticky: Annotated[Sticky | None, _about("What a caller keeps its target by.")] = None
    when: Annotated[
        tuple[Condition, ...], _about("Calls that go elsewhere; the first rule that holds is followed.")
    ] = ()
    fallback: Annotated[tuple[Name, ...], _about("Who is asked, in order, when all targets have failed.")] = ()
    timeout: Annotated[Seconds | None, _about("For a whole call, attempts and waits included.")] = None
    require_parameters: Annotated[bool, _about("Whether a target that would leave out a parameter is passed over.")] = (
        False
    )
    hedge: Annotated[Hedge | None, _about("A second attempt beside one that takes unusually long.")] = None
    unsupported: Annotated[Unsupported | None, _about("What differs from the key `unsupported`.")] = None
    cache: Annotated[AliasCaching | None, _about("What differs from the section `cache`.")] = None
    batching: Annotated[bool | None, _about("Whether embeddings of it are merged, if not as `batching` says.")] = None


class Fetching(Section, frozen=True):
    """Images and files that a request gives by web address and a provider takes by value only."""

    enabled: Annotated[bool, _about("Whether they are fetched at all.")] = True
    allow_http: Annotated[bool, _about("Whether addresses without TLS are fetched.")] = False
    allow_private: Annotated[bool, _about("Whether private and loopback addresses are fetched.")] = False
    limit: Annotated[Size, _about("Largest content, in bytes.")] = 20 << 20
    timeout: Annotated[Seconds, _about("Seconds for one address, redirects included.")] = 10.0


class Config(Section, frozen=True):
    """The whole configuration of Outrider."""

    listen: Annotated[Listen, _about("The data port.")] = Listen()
    ops: Annotated[Ops, _about("The port for probes, metrics and the operator.")] = Ops()
    providers: Annotated[dict[ProviderName, ProviderEntry], _about("Providers by name.")] = {}
    models: Annotated[tuple[Alias, ...], _about("Aliases: model names of your own.")] = ()
    catalog: Annotated[tuple[CatalogEntry, ...], _about("What you know of models, over the built-in table.")] = ()
    model_limits: Annotated[ModelLimits, _about("What happens to an answer's limit above the model's own.")] = "reject"
    timeouts: Annotated[Timeouts, _about("How long to wait for a provider.")] = Timeouts()
    pool: Annotated[Pool, _about("The connections to each provider.")] = Pool()
    retry: Annotated[Retry, _about("When an attempt that failed is made again.")] = Retry()
    retry_budget: Annotated[RetryBudget, _about("How many attempts may be made again in all.")] = RetryBudget()
    breaker: Annotated[Breaker, _about("When a target is not asked for a while.")] = Breaker()
    health: Annotated[Health, _about("Asking providers whether they are well.")] = Health()
    limits: Annotated[tuple[LimitEntry, ...], _about("How much may be asked in a time, by whom and of whom.")] = ()
    cache: Annotated[Caching, _about("Answers that are kept for those who ask the same again.")] = Caching()
    budgets: Annotated[tuple[BudgetEntry, ...], _about("How much may be spent in a time, by whom and where.")] = ()
    budget_state: Annotated[BudgetState | None, _about("Where it is remembered what was spent.")] = None
    sharing: Annotated[Sharing | None, _about("The store through which pods share limits.")] = None
    overrides: Annotated[tuple[Override, ...], _about("What a request may say itself.")] = (
        "timeout",
        "fallbacks",
        "tags",
        "cache",
    )
    unsupported: Annotated[Unsupported, _about("What happens to a parameter that the target cannot honour.")] = "auto"
    stream_usage: Annotated[
        Literal["as_sent", "ask"],
        _about("Whether streams are asked for their token counts where the application did not."),
    ] = "as_sent"
    batching: Annotated[Batching, _about("Embeddings that go up as one request.")] = Batching()
    tokens: Annotated[Tokens, _about("Who counts a prompt before a provider has.")] = Tokens()
    fetch: Annotated[Fetching, _about("Fetching of images and files for providers that take no addresses.")] = (
        Fetching()
    )
    drain: Annotated[Drain, _about("How the process ends.")] = Drain()
    tracing: Annotated[TracingEntry, _about("Spans of calls, for an OpenTelemetry collector.")] = TracingEntry()
    logging: Annotated[Logging, _about("What is written to the log, how and where.")] = Logging()
