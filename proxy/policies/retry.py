"""The attempts of a call: the first one, and others where it fails for a reason that passes, until one ends well.

One frame for the good case. Each attempt is noted in its target's standing, and no target is asked against its breaker. After the
client has heard a byte nothing is tried again. What a wait is, and how many there may be, is said in backoff and retry_budget.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from proxy.call import Call, Failure, Handler, Outcome, Target
from proxy.policies.backoff import RetryRule, attempts_left, wait_before
from proxy.policies.balance import Balance
from proxy.policies.retry_budget import RetryBudget
from proxy.policies.standing import Standing
from proxy.policies.standings import Standings

Sleep = Callable[[float], Awaitable[object]]
#: Failures after which another target may be asked, though the same one not again.
ELSEWHERE = frozenset({"circuit_open", "authentication_failed", "rate_limited", "budget_exceeded"})
#: Failures of attempts that nobody heard of.
UNMADE = frozenset({"circuit_open", "rate_limited", "budget_exceeded"})
#: A trail that a header can hold.
LONGEST_TRAIL = 20


class Retry:
    """A Policy. `rules` are by the provider's name; `dice` rolls 0 to 1; `time` is the clock of `call.deadline`.

    `made` counts the attempts made again, by provider and the kind of the failure before; `refused` those that the budget
    forbade, by provider.
    """

    def __init__(
        self,
        standings: Standings,
        balance: Balance,
        budget: RetryBudget,
        rules: Mapping[str, RetryRule],
        sleep: Sleep,
        dice: Callable[[], float],
        time: Callable[[], float],
        made: Counter[tuple[str, ...]] | None = None,
        refused: Counter[tuple[str, ...]] | None = None,
    ) -> None:
        self.made = Counter[tuple[str, ...]]() if made is None else made
        self.refused = Counter[tuple[str, ...]]() if refused is None else refused
        #: Seconds that calls have waited between attempts, by the provider of the one that failed.
        self.backed_off: dict[str, float] = {}
        self.budget = budget
        self._standings = standings
        self._balance = balance
        self._rules = rules
        self._sleep = sleep
        self._dice = dice
        self._time = time

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        budget, known, of = self.budget, self._standings.known, self._standings.of
        choose, again, further = self._balance.choose, self._again, self._further

        async def attempted(call: Call) -> Outcome:
            if call.started >= budget.turn:
                budget.rotate(call.started)
            budget.calls += 1
            target = call.target = call.target if len(call.targets) < 2 else choose(call)
            assert target is not None
            standing = known.get((target.name, target.model)) or of(target)
            if call.attempts:
                return await further(call, next, standing)
            try:
                if not standing.breaker.quiet:
                    standing.breaker.admit(standing.name)
                standing.in_flight += 1
                outcome = await next(call)
            except Failure as failure:
                trouble = failure
            except BaseException:
                standing.left()
                raise
            else:
                standing.went_well(call.started, call.upstream_seconds if call.ttft is None else call.ttft)
                return outcome
            if trouble.kind != "circuit_open":
                standing.went_wrong(trouble)
            try:
                return await again(call, next, trouble)
            finally:
                del trouble  # its traceback holds this frame, which would hold it

        return attempted

    async def _further(self, call: Call, next: Handler, standing: Standing) -> Outcome:
        """The first attempt at other targets of a call that others were asked for: what those took is not this one's latency."""
        try:
            return await self._attempt(call, next, standing)
        except Failure as failure:
            return await self._again(call, next, failure)

    async def _again(self, call: Call, next: Handler, failure: Failure) -> Outcome:
        """After a first attempt that failed, or was not allowed."""
        tried: list[Target] = []
        made = 0
        try:
            while True:
                assert call.target is not None
                tried.append(call.target)
                made += failure.kind not in UNMADE
                target = await self._prepare(call, failure, tried, made)
                if target is None:
                    raise failure
                self.made[target.name, failure.kind] += 1
                call.trail = (*call.trail, f"{call.target.name}:{call.target.model} {failure.kind}")[-LONGEST_TRAIL:]
                call.target = target
                try:
                    return await self._attempt(call, next, self._standings.of(target))
                except Failure as another:
                    failure = another
        finally:
            del failure

    async def _prepare(self, call: Call, failure: Failure, tried: list[Target], made: int) -> Target | None:
        """Wait as long as has to be, and say who is asked then; None where nobody is to be."""
        assert call.target is not None
        elsewhere = failure.kind in ELSEWHERE
        if call.client.started or not (failure.retryable or elsewhere):
            return None
        rule = self._rules.get(call.target.name, RetryRule())
        if made >= attempts_left(rule, call.caller):
            return None
        target = self._balance.another(call, tried) if len(call.targets) > 1 else None
        if target is None and elsewhere:
            return None
        wait = 0.0 if target is not None else wait_before(rule, max(made, 1), self._dice, failure.retry_after)
        if wait > rule.longest or (call.deadline is not None and self._time() + wait >= call.deadline):
            return None
        if not self.budget.spend():
            self.refused[call.target.name,] += 1
            return None
        if wait:
            call.phase = "backing_off"
            await self._sleep(wait)
            call.queued += wait
            name = call.target.name
            self.backed_off[name] = self.backed_off.get(name, 0.0) + wait
        return target or call.target

    async def _attempt(self, call: Call, next: Handler, standing: Standing) -> Outcome:
        standing.enter()
        began, spent = self._time(), call.upstream_seconds
        call.ttft = None
        try:
            outcome = await next(call)
        except Failure as failure:
            standing.went_wrong(failure)
            raise
        except BaseException:
            standing.left()
            raise
        seconds = call.upstream_seconds - spent if call.ttft is None else call.started + call.ttft - began
        standing.went_well(call.started, max(seconds, 0.0))
        return outcome
