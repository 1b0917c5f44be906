"""How long a call may take in all: the configured total, or less where the alias or the request asks for less."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from proxy.call import Call, Handler, Outcome


class Deadline:
    """A Policy that only sets `call.deadline`, for whoever waits further in.

    `total` is in seconds from the start of the call. `time` is the clock of `Call.started`, and stands in where a call has none.
    """

    def __init__(self, total: float, time: Callable[[], float]) -> None:
        self._total = total
        self._time = time

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        longest, time = self._total, self._time

        def limited(call: Call) -> Awaitable[Outcome]:
            total = longest if call.timeout is None else min(longest, call.timeout)
            if call.route is not None and call.route.timeout is not None:
                total = min(total, call.route.timeout)
            call.deadline = (call.started or time()) + total
            return next(call)

        return limited
