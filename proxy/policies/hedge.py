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
from proxy.policies.standings import Standings

#: So many latencies have to be known before the slowest twentieth of them says anything.
LEAST = 20
SLOWEST = 0.95
#: What is counted: second attempts, those of them that were first, and tokens that were sent to losers, by an estimate.
MADE, WON, WASTED = ("made",), ("won",), ("wasted_tokens",)
#: What the winner tells of the call, besides what both do.
TOLD = ("target", "usage", "ttft", "dropped", "translated", "phase", "credential", "changed", "trail", "cost")


class HedgeRule(NamedTuple):
    """after: seconds; None: when the target's slowest twentieth begins. share: of the calls, as extra attempts."""

    after: float | None = None
    share: float = 0.05


class Lost(asyncio.CancelledError):
    """The other attempt was first."""


class Race:
    """Attempts at one call, of which one gets the client. `lost` is told of each that was overtaken."""

    def __init__(self, client: Client, lost: Callable[[Call], None]) -> None:
        self.client = client
        self._lost = lost
        self.winner: Racer | None = None
        self.tasks: dict[asyncio.Task[Outcome], Call] = {}

    @property
    def outcome(self) -> Outcome | None:
        """The winner's, once it has one."""
        for task, call in self.tasks.items():
            if call.client is self.winner and task.done() and not task.cancelled() and task.exception() is None:
                return task.result()
        return None

    @property
    def heard(self) -> Call:
        """The attempt that the client hears, or as long as there is none the first one."""
        return next((call for call in self.tasks.values() if call.client is self.winner), self.first)

    @property
    def first(self) -> Call:
        return next(iter(self.tasks.values()))

    def forget(self) -> None:
        """Attempts know the race and it knows them: calls and their bodies would wait for the collector."""
        self.winner = None
        self.tasks.clear()

    def win(self, racer: Racer) -> None:
        """Lost for whoever comes second."""
        if self.winner is not None and self.winner is not racer:
            raise Lost
        self.winner = racer
        for task, call in self.tasks.items():
            if call.client is not racer and not task.done():
                self._lost(call)
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
        self._time = time
        self._budgets = {name: RetryBudget(rule.share, 0, time) for name, rule in rules.items()}

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        rule = self._rules.get(call.route.name) if call.route is not None else None
        if rule is None:
            return next(call)
        return self._race(call, next, rule)

    async def _race(self, call: Call, next: Handler, rule: HedgeRule) -> Outcome:
        assert call.route is not None
        self._budgets[call.route.name].earn(call.started)
        race = Race(call.client, self._lost)
        try:
            outcome = await self._settled(call, next, rule, race)
            self.counted[WON] += race.heard is not race.first
            return outcome
        finally:
            race.forget()

    async def _settled(self, call: Call, next: Handler, rule: HedgeRule, race: Race) -> Outcome:
        """The race's outcome, also where whoever has heard all of it hangs up before this wakes."""
        try:
            return await self._run(call, next, rule, race)
        except asyncio.CancelledError:
            if race.tasks:
                tell_of_the_end(call, race.heard)
            if race.outcome is None:
                raise
            return race.outcome

    async def _run(self, call: Call, next: Handler, rule: HedgeRule, race: Race) -> Outcome:
        assert call.route is not None
        try:
            first = self._enter(race, call, call.targets, next, call.attempts)
            # By its first wait it has been chosen who is asked.
            await asyncio.sleep(0)
            delay = self._delay(race.tasks[first], rule)
            if delay is not None:
                await asyncio.wait([first], timeout=delay)
                if not first.done() and race.winner is None and self._budgets[call.route.name].spend():
                    self.counted[MADE] += 1
                    second = others(call, race.tasks[first])
                    self._enter(race, call, second, next, race.tasks[first].attempts)
            return await self._heard(call, race)
        finally:
            await self._end(race)

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

    def _lost(self, own: Call) -> None:
        """The first one would have taken longer than this: were only winners remembered, every target would look quick."""
        if own.attempts == 1 and own.target is not None:
            self._standings.of(own.target).took(self._time() - own.started)

    async def _heard(self, call: Call, race: Race) -> Outcome:
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
                    return task.result()
                failure = asyncio.CancelledError() if task.cancelled() else task.exception()
        assert failure is not None
        raise failure

    async def _end(self, race: Race) -> None:
        """What the losers cost is noted, and nobody is left running."""
        for task, own in race.tasks.items():
            task.cancel()
            if race.winner is not None and own.client is not race.winner and own.attempts:
                self.counted[WASTED] += self._estimate(own)
        await asyncio.gather(*race.tasks, return_exceptions=True)


def others(call: Call, first: Call) -> Sequence[Target]:
    """The targets that the first attempt does not ask now, or the same again where there is one."""
    return [target for target in call.targets if target is not first.target] or call.targets


def tell(call: Call, own: Call) -> None:
    for name in TOLD:
        setattr(call, name, getattr(own, name))
    call.attempts = max(call.attempts, own.attempts)
    call.upstream_seconds = own.upstream_seconds


def tell_of_the_end(call: Call, own: Call) -> None:
    """The same of attempts that were ended from outside; whoever cuts the call has said so in its phase."""
    phase = call.phase
    tell(call, own)
    if phase == CUT:
        call.phase = CUT
