"""Who is asked when a call's own targets have failed: the models that the route names, in order, in whatever dialect.

Any failure leads on but the caller's own, and those that another model cannot mend. The receipt names who failed, and how.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from proxy.call import Call, Failure, Handler, Outcome, Route, Target

#: Failures for which nobody else is asked, besides those of the caller. A limit or a budget that is met in here is a target's.
FINAL = frozenset({"blocked", "draining", "client_gone", "internal_error"})
#: (call) -> the models to ask then, each as its route and targets. Failure where the call itself names one that there is not.
Named = Callable[[Call], Sequence[tuple[Route | None, Sequence[Target]]]]
#: (call) -> nothing, or Failure where no target of the call can do what is asked.
Fit = Callable[[Call], None]
LONGEST_TRAIL = 20


class Fallback:
    """A Policy. `made` counts by the model that failed and the kind of its failure."""

    def __init__(self, named: Named, fit: Fit, made: Counter[tuple[str, ...]] | None = None) -> None:
        self.made = Counter[tuple[str, ...]]() if made is None else made
        self._named = named
        self._fit = fit

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        named, through = self._named, self._through

        def followed(call: Call) -> Awaitable[Outcome]:
            if call.route is None and "fallbacks" not in call.json:
                return next(call)
            models = named(call)
            return through(call, next, models) if models else next(call)

        return followed

    async def _through(
        self, call: Call, next: Handler, models: Sequence[tuple[Route | None, Sequence[Target]]]
    ) -> Outcome:
        """The latest failure that is not about what another model cannot do, where nobody answers."""
        asked = call.json, call.changed
        try:
            return await next(call)
        except Failure as first:
            if is_final(call, first):
                raise
            failure = first
        try:
            for route, targets in models:
                self._note(call, failure)
                call.json, call.changed = asked
                call.route, call.targets, call.target = route, targets, targets[0]
                try:
                    self._fit(call)
                    return await next(call)
                except Failure as another:
                    if another.party != "caller" and is_final(call, another):
                        raise
                    failure = failure if another.party == "caller" else another
            raise failure
        finally:
            del failure  # its traceback holds this frame, which would hold it

    def _note(self, call: Call, failure: Failure) -> None:
        assert call.target is not None
        self.made[call.target.name, failure.kind] += 1
        failed = f"{call.target.name}:{call.target.model} {failure.kind}"
        call.trail = (*call.trail, failed)[-LONGEST_TRAIL:]
        call.ttft = None


def is_final(call: Call, failure: Failure) -> bool:
    """Whether nobody else is to be asked: the client has heard something, or it would not help."""
    return call.client.started or failure.party == "caller" or failure.kind in FINAL
