"""Each attempt is told of as it ended, with its own times and not those of the attempts before it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any, cast

import pytest

from proxy.call import Call, Client, Failure, Outcome
from proxy.policies.attempt_log import AttemptLog


class Clock:
    now = 10.0

    def __call__(self) -> float:
        return self.now


def new_call() -> Call:
    return Call("1", "openai", "chat", b"", {}, "m", True, {}, cast(Client, None), upstream_seconds=5.0)


@pytest.mark.parametrize("ends", [Outcome(200), Failure("timeout", "late"), asyncio.CancelledError(), ValueError()])
async def test_it_is_told_how_it_ended(ends: BaseException | Outcome) -> None:
    clock, told, call = Clock(), list[Any](), new_call()

    async def provider(call: Call) -> Outcome:
        clock.now += 2.0
        call.upstream_seconds += 1.5
        if isinstance(ends, Outcome):
            return ends
        raise ends

    policy = AttemptLog(lambda *said: told.append(said), clock)
    if isinstance(ends, Outcome):
        assert await policy(call, provider) is ends
    else:
        with pytest.raises(type(ends)):
            await policy(call, provider)
    assert told == [(call, ends if isinstance(ends, Outcome | Failure) else None, 2.0, 1.5)]


async def test_a_failure_is_not_held_on_to() -> None:
    policy = AttemptLog(lambda *said: None, Clock())

    async def provider(call: Call) -> Outcome:
        raise Failure("timeout", "late")

    gc.disable()
    try:
        try:
            await policy(new_call(), provider)
        except Failure as failure:
            seen = weakref.ref(failure)
        assert seen() is None
    finally:
        gc.enable()
