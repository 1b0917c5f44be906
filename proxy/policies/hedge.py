"""A second attempt beside one that takes unusually long; who answers first is heard, and the other is cancelled.

Opt-in, for routes that say so, and for a bounded share of their calls: both attempts are paid for. Until one of them has begun to
answer the client hears nothing of either; from then on its bytes go straight through.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from proxy.call import CUT, Call, Client, Handler, Headers, Outcome, Source, Target
from proxy.policies.retry_budget import RetryBudget
from proxy.policies.standing import Standings

#: So many latencies have to be known before the slowest twentieth of them says anything.
LEAST = 20
SLOWEST = 0.95
#: What is counted: second attempts, those of them that were first, and tokens that were sent to losers, by an estimate.
MADE, WON, WASTED = ("made",), ("won",), ("wasted_tokens",)
#: What the winner tells of the call, besides what both do.
TOLD = ("target", "usage", "ttft", "dropped", "translated", "phase", "credential", "changed", "trail")


class HedgeRule(NamedTuple):
    """after: seconds; None: when the target's slowest twentieth begins. share: of the calls, as extra attempts."""

    after: float | None = None
    share: float = 0.05


class Lost(asyncio.CancelledError):
    """The other attempt was first."""


class Race:
    """Attempts at one call, of which one gets the client."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.winner: Racer | None = None
        self.tasks: dict[asyncio.Task[Outcome], Call] = {}

    def win(self, racer: Racer) -> None:
        """Lost for whoever comes second."""
        if self.winner is not None and self.winner is not racer:
            raise Lost
        self.winner = racer
        for task, call in self.tasks.items():
            if call.client is not racer:
                task.cancel()


class Racer:
    """A Client that gets hold of the real one when it starts."""

    def __init__(self, race: Race) -> None:
        self._race = race
        self.started = False

    def start(self, status: int, headers: Headers) -> None:
        self._race.win(self)
        self.started = True
        client = self._race.client
        client.start(status, headers)
        # From here on nothing stands between.
        self.write = client.write  # type: ignore[method-assign]
        self.finish = client.finish  # type: ignore[method-assign]
        self.follow = client.follow  # type: ignore[method-assign]

    def follow(self, source: Source | None) -> None:
        """Nobody is slowed down by a client that has heard nothing."""

    def write(self, data: bytes) -> None:
        raise AssertionError("written before it was started")

    async def finish(self) -> None:
        raise AssertionError("finished before it was started")


class Hedge:
    """A Policy. `rules` are by the alias; `estimate` tells how many tokens a prompt has; `counted` is of MADE and so on."""

    def __init__(
        self,
        rules: Mapping[str, HedgeRule],
        standings: Standings,
        estimate: Callable[[Call], int],
        time: Callable[[], float],
        counted: Counter[tuple[str, ...]] | None = None,
    ) -> None:
        self.counted = Counter[tuple[str, ...]]() if counted is None else counted
        self._rules = rules
        self._standings = standings
        self._estimate = estimate
        self._budgets = {name: RetryBudget(rule.share, 0, time) for name, rule in rules.items()}

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        rule = self._rules.get(call.route.name) if call.route is not None else None
        if rule is None:
            return next(call)
        return self._race(call, next, rule)

    async def _race(self, call: Call, next: Handler, rule: HedgeRule) -> Outcome:
        assert call.route is not None
        budget = self._budgets[call.route.name]
        budget.earn(call.started)
        race = Race(call.client)
        try:
            first = self._enter(race, call, call.targets, next, 0)
            delay = self._delay(call, rule)
            if delay is not None:
                await asyncio.wait([first], timeout=delay)
                if not first.done() and race.winner is None and budget.spend():
                    self.counted[MADE] += 1
                    second = others(call, race.tasks[first])
                    self._enter(race, call, second, next, race.tasks[first].attempts)
            return await self._heard(call, race, first)
        finally:
            await self._end(call, race)

    def _enter(
        self, race: Race, call: Call, targets: Sequence[Target], next: Handler, made: int
    ) -> asyncio.Task[Outcome]:
        own = replace(call, client=Racer(race), targets=targets, target=targets[0], attempts=made)
        task: asyncio.Task[Outcome] = asyncio.ensure_future(next(own))
        race.tasks[task] = own
        return task

    def _delay(self, call: Call, rule: HedgeRule) -> float | None:
        """Seconds; None where nobody knows yet what is unusually long."""
        if rule.after is not None:
            return rule.after
        assert call.target is not None
        latencies = sorted(self._standings.of(call.target).latencies)
        return latencies[int(len(latencies) * SLOWEST)] if len(latencies) >= LEAST else None

    async def _heard(self, call: Call, race: Race, first: asyncio.Task[Outcome]) -> Outcome:
        """The outcome of the winner, or of the first to end well; the latest failure where none does."""
        failure: BaseException | None = None
        left = set(race.tasks)
        while left:
            done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                own = race.tasks[task]
                if race.winner is not None and own.client is not race.winner:
                    continue
                tell(call, own)
                if not task.cancelled() and task.exception() is None:
                    self.counted[WON] += task is not first
                    return task.result()
                failure = asyncio.CancelledError() if task.cancelled() else task.exception()
        assert failure is not None
        raise failure

    async def _end(self, call: Call, race: Race) -> None:
        """Nobody is left running, and what the losers cost is noted."""
        for task in race.tasks:
            task.cancel()
        await asyncio.gather(*race.tasks, return_exceptions=True)
        if race.winner is None and race.tasks and call.phase != CUT:
            call.phase = next(iter(race.tasks.values())).phase
        for own in list(race.tasks.values()):
            if race.winner is not None and own.client is not race.winner and own.attempts:
                self.counted[WASTED] += self._estimate(own)


def others(call: Call, first: Call) -> Sequence[Target]:
    """The targets that the first attempt does not ask now, or the same again where there is one."""
    return [target for target in call.targets if target is not first.target] or call.targets


def tell(call: Call, own: Call) -> None:
    for name in TOLD:
        setattr(call, name, getattr(own, name))
    call.attempts = max(call.attempts, own.attempts)
    call.upstream_seconds = own.upstream_seconds
