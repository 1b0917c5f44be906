"""A sidecar without sockets: the policies of resilience, composed as the product composes them, and applications that call it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import log
from typing import Any, NamedTuple, cast

from proxy.call import Call, Client, Failure, Route, Target
from proxy.config.resilience import Sticky
from proxy.policies.backoff import RetryRule
from proxy.policies.balance import Balance
from proxy.policies.breaker import BreakerRule
from proxy.policies.deadline import Deadline
from proxy.policies.fallback import Fallback
from proxy.policies.hedge import Hedge, HedgeRule
from proxy.policies.retry import Retry
from proxy.policies.retry_budget import RetryBudget
from proxy.policies.routes import Plan, Routes
from proxy.policies.standing import Standing
from proxy.policies.standings import Standings
from proxy.resilience import NEVER, key_of
from proxy.stack import Policies, build_stack
from tests.simulation.world import START, Ended, World

#: What applications ask for.
ALIAS = "chat"
ONE_ATTEMPT = RetryRule(attempts=1)
NO_BREAKER = BreakerRule(failures=NEVER)
#: Nobody counts how often.
UNBOUNDED = 1e9


class Rules(NamedTuple):
    """What an operator configures; as it is by default."""

    strategy: str = "priority"
    weights: Mapping[str, float] = {}
    fallback: Sequence[str] = ()
    sticky: bool = False
    retry: RetryRule = RetryRule()
    share: float = 0.1
    floor: int = 10
    breaker: BreakerRule = BreakerRule()
    hedge: HedgeRule | None = None
    prices: Mapping[str, int] = {}
    total: float = 600.0


class Listening:
    """A client that only notes that it was answered."""

    def __init__(self) -> None:
        self.started = False

    def start(self, status: int, headers: Any) -> None:
        self.started = True

    def follow(self, source: Any) -> None: ...

    def write(self, data: bytes) -> None: ...

    async def finish(self) -> None: ...


class Pod:
    """`targets`: names of the world's providers, as the alias has them. `ended` keeps its calls."""

    def __init__(self, world: World, targets: Sequence[str], rules: Rules) -> None:
        self.world = world
        self.ended: list[Ended] = []
        self.targets = tuple(Target(name, "m", None, weight=rules.weights.get(name, 1.0)) for name in targets)
        self.rules = rules
        self.moved: list[tuple[float, str, str]] = []
        self.standings = Standings(
            dict.fromkeys(world.providers, rules.breaker),
            world.time,
            lambda name, state: self.moved.append((world.now, name.removesuffix(":m"), state)),
        )
        self.retry = self._retry(rules)
        self.hedge = None
        if rules.hedge is not None:
            self.hedge = Hedge({ALIAS: rules.hedge}, self.standings, lambda call: 1, world.time)
        routes = Routes({ALIAS: Plan(Route(ALIAS, rules.strategy, rules.fallback))}, self._resolve, frozenset())
        policies = Policies(
            routes=routes,
            deadline=Deadline(dict.fromkeys(world.providers, rules.total), world.time),
            fallback=Fallback(routes.fallbacks, lambda call: None),
            hedge=self.hedge,
            retry=self.retry,
        )
        self.handler = build_stack(policies, world)

    def _retry(self, rules: Rules) -> Retry:
        world = self.world
        keys = {ALIAS: key_of(Sticky(by="header", header="x-user"))} if rules.sticky else {}
        balance = Balance(self.standings, world.dice.random, self._price, keys)
        retries = dict.fromkeys(world.providers, rules.retry)
        budget = RetryBudget(rules.share, rules.floor, world.time)
        return Retry(self.standings, balance, budget, retries, asyncio.sleep, world.dice.random, world.time)

    def _resolve(self, name: str) -> Sequence[Target]:
        return (Target(name, "m", None),)

    def _price(self, target: Target, call: Call) -> Decimal | None:
        price = self.rules.prices.get(target.name)
        return None if price is None else Decimal(price)

    def standing(self, name: str) -> Standing:
        return self.standings.known[name, "m"]

    async def ask(self, user: str = "", stream: bool = False) -> None:
        """One call of the application, to its end."""
        time = self.world.time
        client = cast(Client, Listening())
        call = Call("id", "openai", "chat", b"", {}, ALIAS, stream, {"x-user": user}, client, time())
        call.targets, call.target = self.targets, self.targets[0]
        kind = None
        try:
            await self.handler(call)
        except Failure as failure:
            kind = failure.kind
        seconds = time() - call.started
        self.ended.append(Ended(call.started - START, seconds, kind, call.target.name, call.attempts, user))


async def arrivals(pods: Sequence[Pod], rate: float, until: float, users: int = 1, stream: bool = False) -> list[Ended]:
    """Calls that come by chance, `rate` of them a second over all pods, until a time; then all are waited for.

    The applications do not wait for one answer before they ask again: what is slow does not slow them down.
    """
    world, loop = pods[0].world, asyncio.get_running_loop()
    dice = world.dice.random
    over = loop.create_future()
    going: list[asyncio.Task[None]] = []

    def come() -> None:
        if world.now >= until:
            over.set_result(None)
            return
        pod = pods[int(dice() * len(pods))]
        going.append(loop.create_task(pod.ask(f"user {int(dice() * users)}", stream)))
        loop.call_later(-log(1.0 - dice()) / rate, come)

    loop.call_later(-log(1.0 - dice()) / rate, come)
    await over
    for task in going:
        await task
    return sorted((call for pod in pods for call in pod.ended), key=lambda call: call.began)
