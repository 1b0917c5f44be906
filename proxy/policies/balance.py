"""Which of a call's targets is asked next: those that are fit, by the route's strategy, or the one that a caller sticks to.

Who is unfit is avoided, not forgotten: where nobody is fit, whoever may be asked at all is. It asks nobody itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from proxy.call import Call, Failure, Target
from proxy.policies.standings import Standings
from proxy.policies.strategies import STRATEGIES, Candidate, Dice, Price, Round, kept

#: What a caller sticks to a target by; "" where the call does not tell.
Key = Callable[[Call], str]


class Balance:
    """`choose` one of `call.targets`. `keys` are by the route's name, for routes that are sticky."""

    def __init__(self, standings: Standings, dice: Dice, price: Price, keys: Mapping[str, Key] | None = None) -> None:
        self._standings = standings
        self._dice = dice
        self._price = price
        self._keys = keys or {}
        self._turns: dict[str, int] = {}

    def choose(self, call: Call, tried: Sequence[Target] = ()) -> Target:
        """One that was not tried yet. Failure("no_healthy_target") says when it is worth asking again."""
        there = [
            Candidate(target, self._standings.of(target), target.weight)
            for target in call.targets
            if not any(target is each for each in tried)
        ]
        fit = [each for each in there if each.standing.fit]
        if not fit:
            return self._least_unfit(there).target
        if len(fit) == 1:
            return fit[0].target
        sticky = self._keys.get(call.route.name) if call.route is not None else None
        key = sticky(call) if sticky is not None else ""
        return (kept(fit, key) if key else self._by_strategy(call, fit)).target

    def another(self, call: Call, tried: Sequence[Target]) -> Target | None:
        """One that is fit and was not tried yet; None where there is none."""
        left = [each for each in call.targets if not any(each is one for one in tried)]
        if not any(self._standings.of(each).fit for each in left):
            return None
        return self.choose(call, tried)

    def _by_strategy(self, call: Call, fit: Sequence[Candidate]) -> Candidate:
        if call.route is None:
            return fit[0]
        turn = self._turns.get(call.route.name, 0)
        self._turns[call.route.name] = turn + 1
        return STRATEGIES[call.route.strategy](fit, Round(call, turn, self._dice, self._price))

    def _least_unfit(self, there: Sequence[Candidate]) -> Candidate:
        """Of those whose breaker lets an attempt through, the one that may be asked first."""
        open_to = [each for each in there if each.standing.breaker.admits]
        if open_to:
            return min(open_to, key=lambda each: each.standing.retry_after)
        why = "; ".join(f"{each.standing.name}: {', '.join(each.standing.reasons)}" for each in there)
        after = min((each.standing.retry_after for each in there), default=None)
        raise Failure("no_healthy_target", f"no target can be asked now ({why or 'all were tried'})", retry_after=after)
