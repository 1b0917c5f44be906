"""What most sidecars do without: made where the configuration says so, and imported only then. Idle memory is a feature."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from proxy.call import Call, Failure, Handler, Outcome, Policy, Target, Usage
from proxy.config import Config, ConfigError
from proxy.config.tracing import settings_of
from proxy.estimate import prompt_tokens
from proxy.models import Model

if TYPE_CHECKING:
    from proxy.budgeting import Budgeting
    from proxy.logs import Sink
    from proxy.policies.batching import Batching
    from proxy.roads import Roads
    from proxy.server.feed import Feed
    from proxy.tokens import Counter as TokenCounter
    from proxy.traces import Traces
    from proxy.translate import Rules
    from proxy.upstream.body import Price
    from proxy.upstream.jobs import Jobs
    from proxy.upstream.road import Road
    from proxy.upstream.shares import Shares


def batching_of(config: Config, batches: Counter[tuple[str, ...]]) -> Batching | None:
    """`batches` counts what happens."""
    aliases = {alias.model: alias.batching for alias in config.models if alias.batching is not None}
    if not (config.batching.enabled or any(aliases.values())):
        return None
    from proxy.policies.batching import Batching
    from proxy.upstream.batched import Telling

    words = Telling(time.monotonic, time.time)
    return Batching(config.batching, aliases, words, prompt_tokens, time.monotonic, batches)


def budgets_of(
    config: Config,
    environ: Mapping[str, str],
    model_of: Callable[[Target], Model | None],
    shares: Shares | None,
    previous: Budgeting | None,
) -> Budgeting | None:
    """`previous` is whose amounts go on."""
    if not config.budgets:
        return None
    from proxy.budgeting import Budgeting, weighing_by

    return Budgeting(config, environ, weighing_by(model_of, prompt_tokens), shares, previous)


def counter_of(config: Config, environ: Mapping[str, str]) -> TokenCounter | None:
    """What counts prompts exactly; None where they are estimated. ConfigError where its package or tables are not there."""
    if config.tokens.counter == "estimate":
        return None
    from proxy.tokens import Counter, TablesError

    try:
        return Counter(config.tokens.tables, environ)
    except TablesError as error:
        raise ConfigError("tokens", str(error), "an installed package and its tables") from None


def counting_of(counter: TokenCounter | None) -> Policy | None:
    if counter is None:
        return None
    from proxy.policies.counting import Counting

    return Counting(counter)


def traces_of(
    config: Config, environ: Mapping[str, str], hide: Callable[[str], None], clean: Callable[[bytes], bytes]
) -> Traces | None:
    """Spans of calls; None where nobody says where they go. What the environment says wrongly is warned of and left out."""
    said = config.tracing.otlp is not None or any(name.startswith("OTEL_EXPORTER_OTLP") for name in environ)
    settings = settings_of(config.tracing, environ, logging.getLogger(__name__).warning) if said else None
    if settings is None:
        return None
    from proxy.traces import Traces

    return Traces(settings, hide, clean, scrubbing(config) if config.tracing.content else None)


def scrubbing(config: Config) -> Callable[[str], str]:
    """Takes what belongs to a person out of a text, as it is said for the log."""
    import re

    from proxy.logs.pii import Scrubber

    asked = config.logging.content
    return Scrubber(asked.redact, {name: re.compile(pattern) for name, pattern in asked.patterns.items()}).clean


def jobs_of(roads: Roads, rules: Rules, loop: asyncio.AbstractEventLoop, price: Price) -> Jobs | None:
    """What asks providers whose answers are jobs; None where no road leads to one."""
    if all(road.endpoint.provider.job is None for road in roads.by_name.values()):
        return None
    from proxy.upstream.jobs import Jobs

    return Jobs(roads.by_name, rules, roads.dial, loop, time.monotonic, time.time, price)


def with_jobs(exchange: Handler, jobs: Handler, roads: Mapping[str, Road]) -> Handler:
    """A Handler that knows which of both a road is for; `exchange` itself where no road leads to jobs."""
    theirs = frozenset(name for name, road in roads.items() if road.endpoint.provider.job is not None)
    if not theirs:
        return exchange

    def choose(call: Call) -> Awaitable[Outcome]:
        assert call.target is not None
        return (jobs if call.target.name in theirs and call.operation == "chat" else exchange)(call)

    return choose


def teller_of_ends(feed: Feed, sink: Sink, traces: Traces | None) -> Callable[[Call, Outcome | Failure, float], None]:
    """What the gateway tells of each call that has ended: its line, the page's news, and a span where it failed untraced."""

    def ended(call: Call, end: Outcome | Failure, duration: float) -> None:
        feed.ended(call, end, duration, sink.log_call(call, end, duration))

    if traces is None:
        return ended
    late = traces.policy.late

    def traced(call: Call, end: Outcome | Failure, duration: float) -> None:
        ended(call, end, duration)
        if isinstance(end, Failure):
            late(call, end)

    return traced


MOST_PRICED, PRICED_SECONDS = 1000, 60.0


def pricing(model_of: Callable[[Target], Model | None], wall: Callable[[], float]) -> Price:
    """What was used of a target -> dollars. What is known of models is remembered for a while: lists of providers change."""
    known: dict[tuple[str, str], Model | None] = {}
    fresh_until = 0.0
    reckon: Callable[[Usage, Model | None, float], Decimal | None] | None = None

    def price(target: Target, usage: Usage) -> Decimal | None:
        nonlocal fresh_until, reckon
        if reckon is None:
            # Imported once something has been used: an idle sidecar does not pay for prices.
            from proxy.prices import cost

            reckon = cost
        now = wall()
        if now >= fresh_until or len(known) >= MOST_PRICED:
            known.clear()
            fresh_until = now + PRICED_SECONDS
        asked = target.name, target.model
        try:
            model = known[asked]
        except KeyError:
            model = known[asked] = model_of(target)
        return reckon(usage, model, now)

    return price
