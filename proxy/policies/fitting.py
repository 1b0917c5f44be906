"""A target whose model can do what is asked, and an answer no longer than the model gives: seen before anyone is called.

Of several targets the first that fits is taken. It refuses to know what a model can; it asks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from proxy.call import Call, Failure, Handler, Outcome, Target
from proxy.models import Model
from proxy.needs import LIMITS, LimitsRule, check_limits, check_needs, needs_of

#: (target) -> what is known of its model; None where nothing is.
Find = Callable[[Target], Model | None]
LIMITED = frozenset(LIMITS)


class Fitting:
    """A Policy. Failure("unsupported_capability") where no target's model can, Failure("invalid_request") for a limit beyond.

    `rule` says whether a limit above the model's own is refused, cut and named in the receipt, or left to the provider.
    """

    def __init__(self, find: Find, rule: LimitsRule) -> None:
        self._find = find
        self._rule: LimitsRule = rule
        self._limits = rule != "ignore"

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        needs = needs_of(call.json, call.body, call.operation)
        if needs:
            call.target = self._fit(call, needs)
        if self._limits and not LIMITED.isdisjoint(call.json):
            self._limit(call)
        return next(call)

    def _fit(self, call: Call, needs: frozenset[str]) -> Target:
        """The first that is not known to be unfit; what the first one lacks is told where all are."""
        first: Failure | None = None
        for target in call.targets:
            unfit = check_needs(self._find(target), needs, target.name)
            if unfit is None:
                return target
            first = first or unfit
        assert first is not None
        raise first

    def _limit(self, call: Call) -> None:
        assert call.target is not None
        request, cut = check_limits(call.json, self._find(call.target), self._rule, call.dialect)
        if cut:
            call.json, call.changed = request, cut
