"""How long a call may take in all: the configured total, or less where the request asks for less."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from proxy.call import Call, Handler, Outcome


class Deadline:
    """A Policy that only sets `call.deadline`, for whoever waits further in. `time` is monotonic, `total` in seconds."""

    def __init__(self, total: float, time: Callable[[], float]) -> None:
        self._total = total
        self._time = time

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        total = self._total if call.timeout is None else min(self._total, call.timeout)
        call.deadline = self._time() + total
        return next(call)
