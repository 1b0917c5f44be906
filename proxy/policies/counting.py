"""Counting a prompt exactly, before anyone asks how long it is. What counts is handed in; who asks finds it in `call.tokens`.

It stands where the request is understood and nothing has been decided by its length. Where nobody counts exactly, there is none.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from proxy.call import Call, Handler, Outcome


class Counter(Protocol):
    """`fits`: whether it can count this call; `count_aside` does so into `call.tokens`, and holds nobody up."""

    def fits(self, call: Call) -> bool: ...
    async def count_aside(self, call: Call) -> None: ...


class Counting:
    """A Policy. A call that asks for nothing but a count is counted by whoever answers it."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        if call.operation == COUNT or not self._counter.fits(call):
            return next(call)
        return self._counted(call, next)

    async def _counted(self, call: Call, next: Handler) -> Outcome:
        await self._counter.count_aside(call)
        return await next(call)


COUNT = "count_tokens"
