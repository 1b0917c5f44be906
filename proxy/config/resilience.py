"""The sections `retry` and `breaker`, and what an alias says of how its targets are chosen: their shape, and what fits together.

What is made of them is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from proxy.config.decode import ConfigError
from proxy.config.values import Count, CountOrNone, Grace, HeaderName, Name, Seconds

Share = Annotated[float, Meta(ge=0, le=1, extra={"allowed": "a share, 0 to 1"})]
Weight = Annotated[float, Meta(gt=0, le=1_000_000, extra={"allowed": "a number above 0"})]
Factor = Annotated[float, Meta(ge=1, le=100, extra={"allowed": "a factor, 1 to 100"})]
Strategy = Literal["priority", "round_robin", "least_connections", "latency", "weighted", "cheapest", "random"]


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all of these have in common: they are never changed, only replaced whole."""


def _about(description: str) -> Meta:
    return Meta(description=description)


class RetryBudget(Part, frozen=True):
    """How many attempts may be made again in all, whatever a single call would like."""

    share: Annotated[Share, _about("Attempts made again, as a share of the calls of the last 10 to 20 seconds.")] = 0.1
    floor: Annotated[CountOrNone, _about("So many in 10 seconds are always allowed.")] = 10


class Retry(Part, frozen=True):
    """When an attempt that failed for a reason that passes is made again."""

    attempts: Annotated[Count, _about("Most attempts at a call, the first one included; 1 never tries again.")] = 3
    initial: Annotated[Seconds, _about("Bound of the first wait.")] = 0.1
    multiplier: Annotated[Factor, _about("How the bound grows.")] = 2.0
    cap: Annotated[Seconds, _about("Where it ends to grow.")] = 10.0
    jitter: Annotated[bool, _about("Whether a wait is any time up to its bound, or the bound.")] = True
    longest_wait: Annotated[Grace, _about("A provider that asks for a longer wait is not waited for.")] = 60.0


class FailureRate(Part, frozen=True):
    """Another reason to open: the share of attempts that failed."""

    share: Annotated[Share, _about("From which share on.")] = 0.5
    window: Annotated[Seconds, _about("Of the attempts of this many seconds.")] = 30.0
    least: Annotated[Count, _about("And of at least so many.")] = 20


class Breaker(Part, frozen=True):
    """When a target is not asked for a while."""

    enabled: Annotated[bool, _about("Whether there is one.")] = True
    failures: Annotated[Count, _about("Failures in a row until it opens.")] = 5
    successes: Annotated[Count, _about("Successes in a row until it closes again.")] = 2
    reset: Annotated[Seconds, _about("Until an open one is tried again.")] = 30.0
    trials: Annotated[Count, _about("Attempts at once while it is tried.")] = 1
    rate: Annotated[FailureRate | None, _about("Another reason to open.")] = None


class Sticky(Part, frozen=True):
    """What a caller keeps its target by."""

    by: Annotated[
        Literal["header", "user", "prompt"],
        _about("The value of a header, the request's `user`, or the beginning of its conversation."),
    ]
    header: Annotated[HeaderName | None, _about("Which header.")] = None
    length: Annotated[Count, _about("Characters of the conversation's beginning that count.")] = 2000


class Hedge(Part, frozen=True):
    """A second attempt beside one that takes unusually long. Both are paid for."""

    after: Annotated[
        Seconds | None, _about("Seconds; by default as long as the slowest twentieth of the target's answers take.")
    ] = None
    share: Annotated[Share, _about("Most second attempts, as a share of the calls.")] = 0.05


class Health(Part, frozen=True):
    """Asking providers whether they are well where no traffic tells. It never costs a completion."""

    interval: Annotated[
        Grace, _about("Seconds between two questions to a provider, give or take half; 0 asks nobody.")
    ] = 0.0
    timeout: Annotated[Seconds, _about("For one answer.")] = 5.0


class Condition(Part, frozen=True):
    """When a call goes another way: all that is said here has to hold."""

    use: Annotated[Name, _about("Who is asked then: an alias, or provider:model.")]
    prompt_tokens_above: Annotated[CountOrNone | None, _about("Estimated tokens of the prompt.")] = None
    prompt_tokens_below: Annotated[Count | None, _about("Estimated tokens of the prompt.")] = None
    complexity_above: Annotated[Share | None, _about("The score of the request, 0 to 1.")] = None
    complexity_below: Annotated[Share | None, _about("The score of the request, 0 to 1.")] = None
    tools: Annotated[bool | None, _about("Whether the request has tools.")] = None
    images: Annotated[bool | None, _about("Whether it shows images.")] = None
    schema: Annotated[bool | None, _about("Whether it asks for an answer by a JSON schema.")] = None
    reasoning: Annotated[bool | None, _about("Whether it asks for reasoning.")] = None
    stream: Annotated[bool | None, _about("Whether it asks for a stream.")] = None
    header: Annotated[
        dict[HeaderName, str] | None, _about("Headers of the request and their values; `*` stands for any.")
    ] = None
    matches: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1000)] | None,
        _about("A regular expression that is found in the last message of the user."),
    ] = None


#: Fields of Condition that are no condition.
NOT_ASKED = frozenset({"use"})


def condition_faults(conditions: tuple[Condition, ...], path: str) -> Iterator[ConfigError]:
    """What one entry alone does not show: a rule that always or never holds, an expression that is none."""
    import re

    for index, condition in enumerate(conditions):
        at = f"{path}[{index}]"
        said = [name for name in condition.__struct_fields__ if name not in NOT_ASKED]
        if all(getattr(condition, name) is None for name in said):
            yield ConfigError(at, "without any condition", f"at least one of {', '.join(said)}")
        if condition.matches is not None:
            try:
                re.compile(condition.matches)
            except re.error as error:
                yield ConfigError(f"{at}.matches", f"no regular expression ({error})", "a regular expression")


def sticky_fault(sticky: Sticky | None, path: str) -> ConfigError | None:
    if sticky is None or (sticky.by == "header") == (sticky.header is not None):
        return None
    if sticky.header is None:
        return ConfigError(f"{path}.header", "missing", "the header to stick to, beside `by: header`")
    return ConfigError(f"{path}.header", f"beside `by: {sticky.by}`", "a header only beside `by: header`")
