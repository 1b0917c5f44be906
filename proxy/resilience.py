"""From the configuration to the rules of attempts, breakers and routes, in the words of the policies that keep them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from decimal import Decimal

import msgspec

from proxy.call import Call, Route, Target
from proxy.config import Config, fallbacks_of
from proxy.config.resilience import Breaker, Condition, Retry, Sticky
from proxy.estimate import prompt_tokens
from proxy.models import Model
from proxy.policies.backoff import RetryRule
from proxy.policies.balance import Key
from proxy.policies.breaker import BreakerRule, Rate
from proxy.policies.hedge import HedgeRule
from proxy.policies.routes import Plan
from proxy.policies.strategies import Price
from proxy.selection import When, beginning_of

#: Failures in a row that never come.
NEVER = 1 << 60
#: Of an answer whose length nobody has limited.
USUAL_ANSWER = 500
#: Of operations whose answers are no tokens.
USUAL_ANSWERS = {"embeddings": 0, "rerank": 0, "moderations": 0}


def retry_rules(config: Config) -> dict[str, RetryRule]:
    return {name: retry_rule(entry.retry) for name, entry in config.providers.items()}


def retry_rule(said: Retry) -> RetryRule:
    return RetryRule(said.attempts, said.initial, said.multiplier, said.cap, said.jitter, said.longest_wait)


def breaker_rules(config: Config) -> dict[str, BreakerRule]:
    return {name: breaker_rule(entry.breaker) for name, entry in config.providers.items()}


def breaker_rule(said: Breaker) -> BreakerRule:
    rate = Rate(said.rate.share, said.rate.window, said.rate.least) if said.rate is not None else None
    failures = said.failures if said.enabled else NEVER
    return BreakerRule(failures, said.successes, said.reset, said.trials, rate if said.enabled else None)


def hedge_rules(config: Config) -> dict[str, HedgeRule]:
    return {
        alias.model: HedgeRule(alias.hedge.after, alias.hedge.share)
        for alias in config.models
        if alias.hedge is not None
    }


def plans(config: Config) -> dict[str, Plan]:
    fallbacks = fallbacks_of(config)
    return {
        alias.model: Plan(
            Route(alias.model, alias.strategy, fallbacks[alias.model], alias.timeout, alias.require_parameters),
            tuple(map(when, alias.when)),
        )
        for alias in config.models
    }


def when(said: Condition) -> When:
    fields = msgspec.structs.asdict(said)
    header = {name.lower(): value for name, value in (said.header or {}).items()}
    matches = None if said.matches is None else re.compile(said.matches)
    return When(**fields | {"header": header, "matches": matches})


def sticky_keys(config: Config) -> dict[str, Key]:
    return {alias.model: key_of(alias.sticky) for alias in config.models if alias.sticky is not None}


def key_of(sticky: Sticky) -> Key:
    if sticky.by == "header":
        name = (sticky.header or "").lower()
        return lambda call: call.caller.get(name, "")
    if sticky.by == "user":
        return lambda call: str(call.json.get("user") or "")
    return lambda call: beginning_of(call.json, sticky.length)


def price_by(model_of: Callable[[Target], Model | None], wall: Callable[[], float] = time.time) -> Price:
    """What a call costs, roughly: its prompt estimated, its answer as long as it may be, or of a usual length.

    `wall` tells the time in seconds since the epoch: some prices depend on it.
    """

    def price(target: Target, call: Call) -> Decimal | None:
        from proxy.prices import estimate

        limit = call.json.get("max_completion_tokens") or call.json.get("max_tokens")
        answer = limit if type(limit) is int and limit > 0 else USUAL_ANSWERS.get(call.operation, USUAL_ANSWER)
        return estimate(model_of(target), prompt_tokens(call), answer, wall(), tier=tier_of(call))

    return price


def tier_of(call: Call) -> str:
    """The service tier that is asked for, "" where none is."""
    tier = call.json.get("service_tier")
    return tier if isinstance(tier, str) else ""
