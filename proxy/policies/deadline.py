"""How long a call may take in all: the configured total, or less where the alias or the request asks for less."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from proxy.call import Call, Handler, Outcome


class Deadline:
    """A Policy that only sets `call.deadline`, for whoever waits further in.

    `totals` are by the provider's name, in seconds from the start of the call: one's own where one is asked, the longest where
    others may be. `time` is the clock of `Call.started`, and stands in where a call has none.
    """

    def __init__(self, totals: Mapping[str, float], time: Callable[[], float]) -> None:
        self._totals = totals
        self._time = time

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        totals, time = self._totals, self._time
        longest = max(totals.values())

        def limited(call: Call) -> Awaitable[Outcome]:
            target, route = call.target, call.route
            if route is None and target is not None and "fallbacks" not in call.json:
                total = totals[target.name]
            else:
                total = longest if route is None or route.timeout is None else min(longest, route.timeout)
            if call.timeout is not None and call.timeout < total:
                total = call.timeout
            call.deadline = (call.started or time()) + total
            return next(call)

        return limited
