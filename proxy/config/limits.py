"""The section `limits` and what belongs to it: how much may be asked in a time, by whom and of whom.

Which limits fit the rest of the configuration is said here, and what they amount to once their defaults are filled in; how
they are kept is not. A limit with a `provider` is kept where a target is chosen, any other where a call comes in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from proxy.config.decode import HIDDEN, ConfigError, near, shown
from proxy.config.values import WRITTEN, ApiKey, Count, CountOrNone, Grace, HeaderName, Name, Seconds, Sources

PERIODS: Mapping[str, float] = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
LONGEST = 31 * 86400.0
MOST = 10**15
VALUES = 1000
SCHEMES = ("redis", "rediss", "unix")


def read_period(value: Any, path: str, sources: Sources) -> float:
    """Seconds: a number, or `second`, `minute`, `hour`, `day`."""
    seconds = PERIODS.get(value) if isinstance(value, str) else value
    if type(seconds) not in (int, float) or not 0.1 <= float(seconds or 0) <= LONGEST:
        allowed = f"{', '.join(PERIODS)} or seconds, 0.1 to {LONGEST:.0f}{near(value, PERIODS)}"
        raise ConfigError(path, shown(value), allowed)
    return float(seconds or 0)


def read_store(value: Any, path: str, sources: Sources) -> str:
    """The address of a Redis or Valkey. The password is a key of its own, so that an address can be shown."""
    if not isinstance(value, str) or not _is_store(value):
        raise ConfigError(path, HIDDEN, "redis://HOST:PORT/NUMBER, rediss:// with TLS, or unix://PATH; no password")
    return value


def _is_store(text: str) -> bool:
    if not re.fullmatch(r"[!-~]+", text) or "@" in text or "?" in text or "#" in text:
        return False
    try:
        parts = urlsplit(text)
        if parts.scheme not in SCHEMES or parts.port == 0:
            return False
    except ValueError:
        return False
    if parts.scheme == "unix":
        return len(parts.path) > 1 and not parts.netloc
    return bool(parts.hostname) and bool(re.fullmatch(r"(/([0-9]{1,3})?)?", parts.path))


Amount = Annotated[int, Meta(ge=1, le=MOST, extra={"allowed": f"a whole number, 1 to {MOST}"})]
Share = Annotated[float, Meta(gt=0, le=1, extra={"allowed": "a share, above 0 and at most 1"})]
Period = Annotated[
    float,
    Meta(
        extra={"read": read_period},
        extra_json_schema={
            WRITTEN: {"anyOf": [{"enum": list(PERIODS)}, {"type": "number", "minimum": 0.1, "maximum": LONGEST}]}
        },
    ),
]
Store = Annotated[
    str,
    Meta(
        extra={"read": read_store},
        extra_json_schema={WRITTEN: {"type": "string", "pattern": "^(rediss?|unix)://[^@?#]+$"}},
    ),
]
Prefix = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_.:-]{1,64}$(?!\n)", extra={"allowed": "1 to 64 letters, digits, `_`, `.`, `:` and `-`"}),
]


def _about(description: str) -> Meta:
    return Meta(description=description)


class LimitEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most so many requests, tokens or both in a time."""

    name: Annotated[Name | None, _about("What it is called in metrics and errors; by default what it is for.")] = None
    provider: Annotated[Name | None, _about("The name of a configured provider: what it may be asked.")] = None
    model: Annotated[
        Name | None, _about("The provider's model; without a provider, the model as the application asks for it.")
    ] = None
    per_key: Annotated[bool, _about("Whether it is meant for each of the provider's keys, which take turns.")] = False
    header: Annotated[
        HeaderName | None, _about("A header of the application: each of its values has this much of its own.")
    ] = None
    values: Annotated[Count | None, _about("Most values of the header told apart; further ones share one.")] = None
    requests: Annotated[Amount | None, _about("Most requests in the time.")] = None
    tokens: Annotated[Amount | None, _about("Most tokens in the time, of prompts and answers.")] = None
    per: Annotated[Period, _about("The time: second, minute, hour, day, or seconds.")] = 60.0
    wait: Annotated[Grace, _about("Seconds that a call may wait for its turn; 0 refuses it at once.")] = 0.0
    queue: Annotated[Count, _about("Most calls that wait.")] = 100
    shared: Annotated[bool, _about("Whether all pods with the same `sharing` have it together.")] = False


class Adaptive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`providers.NAME.limits`: what is learned of a provider's own limits from its answers."""

    adaptive: Annotated[bool, _about("Whether its limits are learned, and calls slowed down before it refuses.")] = (
        False
    )
    share: Annotated[Share, _about("The share of a limit below which what is left is spread over the time left.")] = 0.2
    wait: Annotated[Grace, _about("Seconds that a call may wait for its turn; 0 refuses it at once.")] = 30.0
    queue: Annotated[CountOrNone, _about("Most calls that wait.")] = 1000


class Sharing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`sharing`: the Redis or Valkey through which pods share what is marked `shared`. Calls go on without it."""

    redis: Annotated[Store, _about("Its address, without a password.")]
    username: Annotated[Name | None, _about("Who to log in as.")] = None
    password: Annotated[ApiKey | None, _about("The password, {env: NAME} or {file: PATH}.")] = None
    timeout: Annotated[Seconds, _about("Seconds after which it counts as gone; no call waits for it.")] = 0.5
    prefix: Annotated[Prefix, _about("What its keys begin with: pods with the same one share.")] = "outrider"


class Rule(NamedTuple):
    """What one entry amounts to. `provider` and `header` are "" where it is not for one, `model` where it is for all."""

    name: str
    provider: str
    model: str
    header: str
    values: int
    requests: int | None
    tokens: int | None
    period: float
    wait: float
    queue: int
    shared: bool


def rules_of(limits: Sequence[LimitEntry], keys: Mapping[str, int], where: Literal["caller", "target"]) -> list[Rule]:
    """Those that are kept for callers, or those for targets. `keys`: how many each provider has, one where it is not named."""
    return [_rule(entry, keys) for entry in limits if (entry.provider is None) == (where == "caller")]


def _rule(entry: LimitEntry, keys: Mapping[str, int]) -> Rule:
    times = max(1, keys.get(entry.provider or "", 1)) if entry.per_key else 1
    return Rule(
        name_of(entry),
        entry.provider or "",
        entry.model or "",
        (entry.header or "").lower(),
        VALUES if entry.values is None else entry.values,
        None if entry.requests is None else entry.requests * times,
        None if entry.tokens is None else entry.tokens * times,
        entry.per,
        entry.wait,
        entry.queue,
        entry.shared,
    )


def name_of(entry: LimitEntry) -> str:
    """The entry's name, or what it is for: `provider openai, model gpt-4o per 60s`."""
    if entry.name is not None:
        return entry.name
    said = [(kind, getattr(entry, kind)) for kind in SCOPES]
    return ", ".join(f"{kind} {value}" for kind, value in said if value) + f" per {entry.per:g}s"


SCOPES = ("provider", "model", "header")
WHAT = ("requests", "tokens")


def limit_faults(
    limits: Sequence[LimitEntry], providers: Sequence[str], sharing: Sharing | None
) -> Iterator[ConfigError]:
    """Everything that is wrong with the entries; `providers` are the configured ones."""
    seen: dict[str, int] = {}
    for index, entry in enumerate(limits):
        path = f"limits[{index}]"
        yield from _scope_faults(entry, path, providers)
        if entry.requests is None and entry.tokens is None:
            yield ConfigError(path, "without any amount", f"at least one of {', '.join(WHAT)}")
        if entry.shared and sharing is None:
            yield ConfigError(f"{path}.shared", "true", "false, as there is no section `sharing`")
        first = seen.setdefault(name_of(entry), index)
        if first != index:
            value = f"{shown(name_of(entry))}, as limits[{first}] is called"
            yield ConfigError(f"{path}.name", value, "another name for each limit")


def _scope_faults(entry: LimitEntry, path: str, providers: Sequence[str]) -> Iterator[ConfigError]:
    if entry.provider is not None and entry.provider not in providers:
        allowed = ", ".join(providers) + near(entry.provider, providers)
        yield ConfigError(f"{path}.provider", shown(entry.provider), allowed)
    if not any(getattr(entry, kind) for kind in SCOPES):
        yield ConfigError(path, "for nobody", f"at least one of {', '.join(SCOPES)}")
    if entry.header is not None and entry.provider is not None:
        yield ConfigError(f"{path}.header", "given beside provider", "one of the two")
    if entry.per_key and entry.provider is None:
        yield ConfigError(f"{path}.per_key", "true", "false, as the limit names no provider")
    if entry.values is not None and entry.header is None:
        yield ConfigError(f"{path}.values", str(entry.values), "nothing, as the limit names no header")
