"""What most sidecars do without: made where the configuration says so, and imported only then. Idle memory is a feature."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from proxy.call import Call, Handler, Outcome, Policy, Target
from proxy.config import Config, ConfigError
from proxy.estimate import prompt_tokens
from proxy.models import Model

if TYPE_CHECKING:
    from proxy.budgeting import Budgeting
    from proxy.policies.batching import Batching
    from proxy.roads import Roads
    from proxy.tokens import Counter as TokenCounter
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
