"""Everything that one configuration amounts to, besides the sockets it is served on: roads, routes, and the stack of policies.

A reload makes another one and swaps it whole. What lasts longer is handed in: metrics, and how targets are doing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from random import random
from typing import TYPE_CHECKING, NamedTuple

from proxy.awaiting import AwaitingRouter
from proxy.caching import Caching
from proxy.call import Call, Handler, Outcome, Policy, Target
from proxy.config import Config, InPod, aliases, awaited, endpoints, entries_of, fingerprint, secrets_in, surroundings
from proxy.estimate import prompt_tokens
from proxy.extras import batching_of, budgets_of, counter_of, counting_of, jobs_of, pricing, with_jobs
from proxy.limiting import Limiting
from proxy.lookup import Lookup, Offers
from proxy.models import Model, Models
from proxy.policies.balance import Balance
from proxy.policies.deadline import Deadline
from proxy.policies.fallback import Fallback
from proxy.policies.fitting import Fitting
from proxy.policies.hedge import Hedge
from proxy.policies.metrics import Metrics
from proxy.policies.retry import Retry
from proxy.policies.retry_budget import RetryBudget
from proxy.policies.routes import OVERRIDES, Routes
from proxy.policies.standings import Standings
from proxy.providers import Endpoint
from proxy.resilience import breaker_rules, hedge_rules, plans, price_by, retry_rules, sticky_keys
from proxy.roads import Roads, alias_rules, common_rules, reach_of
from proxy.routing import Router
from proxy.stack import Passing, Policies, build_stack
from proxy.translate import DIALECTS, dropped_by
from proxy.upstream.exchange import Exchange
from proxy.upstream.fetch import Fetcher
from proxy.upstream.health import Health, Probing
from proxy.upstream.raw import Raw

if TYPE_CHECKING:
    from proxy.budgeting import Budgeting
    from proxy.journal import Journal
    from proxy.traces import Traces


class Tallies(NamedTuple):
    """What is counted over all configurations, by labels."""

    retries: Counter[tuple[str, ...]]
    refused: Counter[tuple[str, ...]]
    fallbacks: Counter[tuple[str, ...]]
    hedges: Counter[tuple[str, ...]]
    opened: Counter[tuple[str, ...]]
    batches: Counter[tuple[str, ...]]
    moved: Counter[tuple[str, ...]]

    @staticmethod
    def new() -> Tallies:
        return Tallies(*(Counter() for _ in Tallies._fields))


class Lasting(NamedTuple):
    """What outlives a configuration. `admitting` and `admit_relayed` are the server's, the first policies of both stacks."""

    loop: asyncio.AbstractEventLoop
    hide: Callable[[str], None]
    environ: Mapping[str, str]
    metrics: Metrics
    standings: Standings
    admitting: Callable[[Handler], Handler]
    admit_relayed: Policy
    tallies: Tallies
    traces: Traces | None = None
    journal: Journal | None = None


class Generation:
    """`start`, then `close` when none of its calls is in flight any more."""

    def __init__(self, config: Config, lasting: Lasting, previous: Generation | None = None) -> None:
        """Raises ConfigError where something is configured that is not installed. Nothing of `previous` is taken then."""
        self.config = config
        self.fingerprint = fingerprint(config)
        self.settings_hash = fingerprint(config, secrets=False)
        on, off = endpoints(config)
        for secret in secrets_in(config):
            lasting.hide(secret)
        environ = surroundings(config, lasting.environ)
        self.roads = Roads(config, on, lasting.loop, lasting.hide, environ)
        for road in self.roads.by_name.values():
            # What is going to be spoken is loaded before anyone waits for it.
            if not road.endpoint.provider.mock:
                DIALECTS[road.endpoint.provider.dialect]
        self.fetcher = Fetcher(reach_of(config))
        self.models = Models(entries_of(config.catalog))
        self._offers = Offers(self.models, self.roads.lists)
        self.router = self._router(config, on, off)
        self.standings = lasting.standings
        self.lookup = Lookup(self.router, self._offers, self._is_well)
        self.health = self._health(config) if config.health.interval else None
        # What may be refused is made before anything takes over what `previous` has.
        self.counter = counter_of(config, environ)
        before: Limiting | None = None if previous is None else previous.limits
        self.limits: Limiting = Limiting(config, self.roads.by_name, environ, before)
        kept = None if previous is None else previous.caching
        self.caching: Caching = Caching(config, common_rules(config), lasting.loop, environ, kept)
        spent: Budgeting | None = None if previous is None else previous.budgets
        self.budgets: Budgeting | None = budgets_of(config, environ, self._model_of, self.limits.shares, spent)
        self._add_policies(config, lasting)

    def _router(self, config: Config, on: Mapping[str, Endpoint], off: Mapping[str, str]) -> Router:
        rules, may_come = alias_rules(config), awaited(config, off)
        no_file = config.no_file if isinstance(config, InPod) else ""
        if not may_come and not no_file:
            return Router(on, off, aliases(config), rules=rules, offers=self._offers)
        return AwaitingRouter(on, off, aliases(config), None, rules, self._offers, may_come, no_file)

    def _add_policies(self, config: Config, lasting: Lasting) -> None:
        totals = {name: entry.timeouts.total for name, entry in config.providers.items()}
        ways = plans(config)
        self.routes = Routes(ways, self.router.resolve, frozenset(config.overrides))
        self.fitting = Fitting(self._model_of, config.model_limits, dropped_by(common_rules(config)))
        self.fallback = Fallback(self.routes.fallbacks, self.fitting.fit, lasting.tallies.fallbacks)
        hedges = hedge_rules(config)
        self.hedge = (
            Hedge(hedges, self.standings, prompt_tokens, time.monotonic, lasting.tallies.hedges) if hedges else None
        )
        self.retry = self._retry(config, lasting.tallies)
        self.batching = batching_of(config, lasting.tallies.batches)
        tracing, journal = None if lasting.traces is None else lasting.traces.policy, lasting.journal
        policies = Policies(
            tracing=tracing,
            metrics=lasting.metrics,
            admit=Passing(lasting.admitting),
            counting=counting_of(self.counter),
            routes=self.routes if ways or len(config.overrides) < len(OVERRIDES) else None,
            fitting=self.fitting,
            deadline=Deadline(totals, time.monotonic),
            rate_limit=self.limits.caller,
            cache=self.caching.policy,
            overhear=None if journal is None else journal.overhear,
            batching=self.batching,
            budget=None if self.budgets is None else self.budgets.caller,
            fallback=self.fallback,
            hedge=self.hedge,
            retry=self.retry,
            target_limits=self.limits.target,
            target_budget=None if self.budgets is None else self.budgets.target,
            attempt_log=None if journal is None else journal.attempts,
            attempts=None if tracing is None else tracing.attempts,
        )
        self._add_handlers(config, lasting, policies)

    def _add_handlers(self, config: Config, lasting: Lasting, policies: Policies) -> None:
        roads, rules, loop = self.roads.by_name, common_rules(config), lasting.loop
        price = pricing(self._model_of, time.time)
        exchange = Exchange(roads, rules, self.fetcher.inline, loop, time.monotonic, time.time, price, self.counter)
        self.jobs = jobs_of(self.roads, rules, loop, price)
        self.handler = build_stack(policies, exchange if self.jobs is None else with_jobs(exchange, self.jobs, roads))
        self._ways = build_stack(Policies(routes=policies.routes, fitting=self.fitting), nobody)
        self.seen = partial(build_stack, Policies(metrics=lasting.metrics, tracing=policies.tracing))
        relaying = Policies(metrics=lasting.metrics, admit=lasting.admit_relayed, tracing=policies.tracing)
        relaying.attempt_log, relaying.attempts = policies.attempt_log, policies.attempts
        self.relay = build_stack(relaying, Raw(roads, loop, time.monotonic))

    def _retry(self, config: Config, tallies: Tallies) -> Retry:
        balance = Balance(self.standings, random, price_by(self._model_of), sticky_keys(config))
        budget = RetryBudget(config.retry_budget.share, config.retry_budget.floor, time.monotonic)
        return Retry(
            self.standings,
            balance,
            budget,
            retry_rules(config),
            asyncio.sleep,
            random,
            time.monotonic,
            tallies.retries,
            tallies.refused,
        )

    def _health(self, config: Config) -> Health:
        rule = Probing(config.health.interval, config.health.timeout)
        ended, probed = self.standings.ended, self.standings.probed
        return Health(self.roads.by_name, rule, self.roads.asker, ended, probed, random, time.time)

    # ---- life

    def start(self) -> None:
        """From here on its targets' rules hold. Nothing is asked of anyone yet."""
        self.standings.adopt(breaker_rules(self.config))
        self.roads.start()
        self.limits.start()
        if self.budgets is not None:
            self.budgets.start()
        if self.health is not None:
            self.health.start()

    async def close(self) -> None:
        if self.health is not None:
            await self.health.close()
        if self.jobs is not None:
            await self.jobs.close()
        if self.budgets is not None:
            await self.budgets.close()
        await self.limits.close()
        await self.caching.close()
        await self.roads.close()
        await self.fetcher.close()

    async def key_of(self, call: Call) -> str | None:
        """Under which key an answer to `call` is kept, once its way is known. Failure for what nobody could be asked."""
        await self._ways(call)
        key = self.caching.keys(call)
        return key if key is None or isinstance(key, str) else await key

    # ---- what policies ask

    def _model_of(self, target: Target) -> Model | None:
        return self._offers.model(target.endpoint, target.model)

    def _is_well(self, endpoint: Endpoint) -> bool:
        """Whether a provider has a target that may be asked; one that was never asked may."""
        known = [standing for provider, _, standing in self.standings.all() if provider == endpoint.name]
        return not known or any(standing.fit for standing in known)


async def nobody(call: Call) -> Outcome:
    """Nobody is asked."""
    return Outcome(200)
