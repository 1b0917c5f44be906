"""Targets whose models can do what is asked, and an answer no longer than the model gives: seen before anyone is called.

Of several targets those that fit are left. It refuses to know what a model can; it asks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from proxy.call import Call, Failure, Handler, Outcome, Target
from proxy.models import Model
from proxy.needs import LIMITS, TELLING, LimitsRule, check_limits, check_needs, needs_of

#: (target) -> what is known of its model; None where nothing is.
Find = Callable[[Target], Model | None]
#: (call, target) -> what of the request would be left out there.
Drops = Callable[[Call, Target], Sequence[str]]
LIMITED = frozenset(LIMITS)
#: What is known of so many models is remembered for so many seconds: lists change.
MOST, REMEMBERED_SECONDS = 1000, 60.0


class Fitting:
    """A Policy. Failure("unsupported_capability") where no target's model can, Failure("invalid_request") for a limit beyond.

    `rule` says whether a limit above the model's own is refused, cut and named in the receipt, or left to the provider.
    """

    def __init__(self, find: Find, rule: LimitsRule, drops: Drops = lambda call, target: ()) -> None:
        self._find = find
        self._rule: LimitsRule = rule
        self._limits = rule != "ignore"
        #: What models were seen to give: a limit below is not looked at any closer.
        self._ceilings: dict[tuple[str, str], float] = {}
        self._fresh_until = 0.0
        self._drops = drops

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        fit, ceilings = self.fit, self._ceilings

        def fitted(call: Call) -> Awaitable[Outcome]:
            asked, target = call.json, call.target
            if call.route is not None or call.operation != "chat" or not TELLING.isdisjoint(asked):
                fit(call)
                return next(call)
            # What shows the model more than text stands in a list of parts. Spelled out: every call is asked this.
            for message in asked["messages"]:
                if type(message.get("content")) is list:
                    fit(call)
                    return next(call)
            if "max_tokens" in asked or "max_completion_tokens" in asked:
                assert target is not None
                most = ceilings.get((target.name, target.model), 0) if call.started < self._fresh_until else 0
                if (asked.get("max_tokens") or 0) > most or (asked.get("max_completion_tokens") or 0) > most:
                    fit(call)
            return next(call)

        return fitted

    def fit(self, call: Call) -> None:
        """Leave the call the targets that can honour it."""
        if call.started >= self._fresh_until or len(self._ceilings) >= MOST:
            self._ceilings.clear()
            self._fresh_until = call.started + REMEMBERED_SECONDS
        needs = needs_of(call.json, call.operation)
        if needs:
            self._leave(call, lambda target: check_needs(self._find(target), needs, target.name))
        if call.route is not None and call.route.requires:
            self._leave(call, lambda target: self._lacking(call, target))
        if not LIMITED.isdisjoint(call.json):
            self._limit(call)

    def _leave(self, call: Call, unfit: Callable[[Target], Failure | None]) -> None:
        """Those that are not known to be unfit; what the first one lacks is told where all are."""
        found = [(target, unfit(target)) for target in call.targets]
        kept = tuple(target for target, failure in found if failure is None)
        if not kept:
            assert found[0][1] is not None
            raise found[0][1]
        if len(kept) < len(call.targets):
            call.targets, call.target = kept, kept[0]

    def _lacking(self, call: Call, target: Target) -> Failure | None:
        try:
            names = self._drops(call, target)
        except Failure as failure:
            return failure
        if not names:
            return None
        detail = f"{target.name} cannot honour {', '.join(names)}, and the alias requires all parameters"
        return Failure("unsupported_capability", detail, param=names[0])

    def _limit(self, call: Call) -> None:
        """Those whose models give as much; else the one that gives most, by the rule."""
        most = [self._most(target) for target in call.targets]
        if len(most) > 1:
            asked = max((value for name in LIMITS if type(value := call.json.get(name)) is int), default=0)
            kept = tuple(target for target, gives in zip(call.targets, most, strict=True) if gives >= asked)
            kept = kept or (call.targets[most.index(max(most))],)
            if len(kept) < len(most):
                call.targets, call.target = kept, kept[0]
        assert call.target is not None
        self._ceilings[call.target.name, call.target.model] = most[0] if len(most) == 1 else 0
        model = self._find(call.target) if self._limits else None
        request, cut = check_limits(call.json, model, self._rule, call.dialect)
        if cut:
            call.json, call.changed = request, cut

    def _most(self, target: Target) -> float:
        """Tokens of an answer; no limit where none is known, or none counts."""
        model = self._find(target) if self._limits else None
        return float("inf") if model is None or model.max_output is None else model.max_output
