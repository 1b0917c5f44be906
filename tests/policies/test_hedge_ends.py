"""What is left of a race when it is over: what was heard is known however it ended, and nothing holds on to the calls."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from proxy.call import Call, Outcome, Usage
from proxy.policies.hedge import WON
from tests.policies.racing import B, Providers, asked, begin, heard, policy, turns


@pytest.fixture
def providers() -> Providers:
    return Providers()


async def test_who_has_heard_everything_may_hang_up_at_once(providers: Providers) -> None:
    hedge, call = policy(), asked()
    going = begin(hedge, call, providers)
    await providers.wait_for(2)
    providers.let(1)
    while heard(call)[-1:] != ["end"]:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    going.cancel()
    assert (await going).usage == Usage(input=5)
    assert (call.target, call.attempts, hedge.counted[WON]) == (B, 2, 1)


async def test_what_was_heard_until_a_hang_up_is_known() -> None:
    """It was paid for."""
    spoken = asyncio.Event()

    async def speak(own: Call) -> Outcome:
        own.attempts += 1
        own.phase = "streaming"
        own.client.start(200, [])
        spoken.set()
        try:
            await asyncio.Event().wait()
            return Outcome(200)
        finally:
            own.usage = Usage(output=3)

    call = asked()
    going = begin(policy(), call, speak)
    await spoken.wait()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert (call.usage, call.attempts, call.phase) == (Usage(output=3), 1, "streaming")


async def test_no_attempt_waits_for_the_collector(providers: Providers) -> None:
    """A call holds its body, and that may be large."""
    hedge, call = policy(), asked()
    going = begin(hedge, call, providers)
    await providers.wait_for(2)
    attempts = [weakref.ref(own.client) for own, _ in providers.attempts]
    gc.disable()
    try:
        providers.let(1)
        await going
        providers.attempts.clear()
        del going
        await turns()
        assert [each() for each in attempts] == [None, None]
    finally:
        gc.enable()
