"""The section `cache` and what an alias may say otherwise: which answers are kept, how long, how many, and for whom.

How an answer is kept is not said here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from proxy.config.decode import ConfigError
from proxy.config.limits import Sharing
from proxy.config.values import Count, HeaderName, Size

LONGEST = 31 * 86400.0
Lifetime = Annotated[float, Meta(gt=0, le=LONGEST, extra={"allowed": f"seconds, above 0 and at most {LONGEST:.0f}"})]
Namespace = Annotated[
    str,
    Meta(pattern=r"^[!-~]{0,200}$(?!\n)", extra={"allowed": "at most 200 visible ASCII characters"}),
]
Which = Literal["deterministic", "all"]
Streams = Literal["pass", "store"]
Pace = Literal["at_once", "recorded"]
Followers = Literal["fail", "retry"]


def _about(description: str) -> Meta:
    return Meta(description=description)


class Caching(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`cache`: answers that are kept for those who ask the same again."""

    enabled: Annotated[bool, _about("Whether answers are kept at all.")] = False
    ttl: Annotated[Lifetime, _about("Seconds that an answer is kept.")] = 300.0
    entries: Annotated[Count, _about("Most answers kept.")] = 1000
    bytes: Annotated[Size, _about("Most bytes that they take together.")] = 64 << 20
    largest: Annotated[Size, _about("The largest answer that is kept, in bytes.")] = 1 << 20
    which: Annotated[Which, _about("Which answers: of requests that fix their sampling, or of all.")] = "deterministic"
    streams: Annotated[Streams, _about("Whether streams pass by, or are kept too.")] = "pass"
    pace: Annotated[Pace, _about("Whether a stream that was kept is told at once, or as fast as it came.")] = "at_once"
    single_flight: Annotated[bool, _about("Whether those who ask the same at the same time share one call.")] = True
    followers: Annotated[Followers, _about("What becomes of those who shared a call that failed.")] = "fail"
    namespace: Annotated[Namespace | None, _about("Whose answers they are; by default the pod's namespace.")] = None
    by: Annotated[tuple[HeaderName, ...], _about("Headers that tell tenants apart: each has answers of its own.")] = ()
    shared: Annotated[bool, _about("Whether pods with the same `sharing` have their answers together.")] = False


class AliasCaching(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`models[].cache`: what differs from the section `cache`. With `entries` or `bytes` the alias has a cache of its own."""

    enabled: Annotated[bool | None, _about("Whether its answers are kept.")] = None
    ttl: Annotated[Lifetime | None, _about("Seconds that an answer is kept.")] = None
    entries: Annotated[Count | None, _about("Most answers kept.")] = None
    bytes: Annotated[Size | None, _about("Most bytes that they take together.")] = None
    which: Annotated[Which | None, _about("Which answers are kept.")] = None
    streams: Annotated[Streams | None, _about("Whether streams are kept too.")] = None
    pace: Annotated[Pace | None, _about("How a stream that was kept is told.")] = None
    single_flight: Annotated[bool | None, _about("Whether calls at the same time are shared.")] = None
    followers: Annotated[Followers | None, _about("What becomes of those who shared a call that failed.")] = None


class Rule(NamedTuple):
    """What holds for the calls of one model. `own`: whether it has a cache of its own."""

    enabled: bool
    ttl: float
    entries: int
    bytes: int
    largest: int
    every: bool
    streams: bool
    paced: bool
    single_flight: bool
    retry: bool
    own: bool = False


def rule_of(common: Caching, said: AliasCaching | None = None) -> Rule:
    """The section's, or an alias's laid over it."""
    of = {name: value for name in FIELDS if said is not None and (value := getattr(said, name)) is not None}
    told = {name: getattr(common, name) for name in FIELDS} | of
    return Rule(
        enabled=told["enabled"],
        ttl=told["ttl"],
        entries=told["entries"],
        bytes=told["bytes"],
        largest=common.largest,
        every=told["which"] == "all",
        streams=told["streams"] == "store",
        paced=told["pace"] == "recorded",
        single_flight=told["single_flight"],
        retry=told["followers"] == "retry",
        own=not of.keys().isdisjoint(("entries", "bytes")),
    )


FIELDS = ("enabled", "ttl", "entries", "bytes", "which", "streams", "pace", "single_flight", "followers")


def cache_faults(
    common: Caching, aliases: Sequence[AliasCaching | None], sharing: Sharing | None
) -> Iterator[ConfigError]:
    """Everything that does not fit together."""
    if common.shared and sharing is None:
        yield ConfigError("cache.shared", "true", "false, as there is no section `sharing`")
    if common.largest > common.bytes:
        yield ConfigError("cache.largest", str(common.largest), f"at most cache.bytes, which is {common.bytes}")
    for index, said in enumerate(aliases):
        if said is not None and said.bytes is not None and said.bytes < common.largest:
            allowed = f"at least cache.largest, which is {common.largest}"
            yield ConfigError(f"models[{index}].cache.bytes", str(said.bytes), allowed)
