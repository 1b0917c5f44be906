"""What a call that does not end well gets back: all, the tokens, or nothing, by what the provider may have counted."""

from __future__ import annotations

import asyncio

import pytest

from proxy.call import Call, Failure, Outcome, Usage
from tests.policies.limited import FAST, answering, asked, policy, used

REFUSED = Failure("invalid_request", "no", provider_status=400)
ENDS: list[tuple[str, BaseException, str, Usage | None, tuple[int, int]]] = [
    ("never sent", Failure("network_error", "refused"), "connecting", None, (0, 0)),
    ("no connection came free", Failure("rate_limited", "busy"), "connecting", None, (0, 0)),
    ("no credentials", Failure("authentication_failed", "none"), "queued", None, (0, 0)),
    ("the client left early", asyncio.CancelledError(), "connecting", None, (0, 0)),
    ("refused by the provider", REFUSED, "waiting", None, (1, 0)),
    ("429", Failure("provider_rate_limited", "slow down", provider_status=429), "waiting", None, (1, 0)),
    ("broken there", Failure("provider_error", "oops", provider_status=500), "waiting", None, (1, 300)),
    ("lost on the way", Failure("network_error", "reset"), "waiting", None, (1, 300)),
    ("never answered", Failure("timeout", "late"), "waiting", None, (1, 300)),
    ("cut", Failure("provider_stream_cut", "cut"), "streaming", Usage(input=90, output=7), (1, 97)),
    ("the client left", asyncio.CancelledError(), "streaming", Usage(input=90, output=8), (1, 98)),
    ("the client left unheard", asyncio.CancelledError(), "waiting", None, (1, 300)),
    ("a fault of ours", KeyError("x"), "waiting", None, (1, 300)),
]


@pytest.mark.parametrize(("end", "phase", "usage", "left"), [each[1:] for each in ENDS], ids=[each[0] for each in ENDS])
async def test_what_a_call_that_fails_gets_back(
    end: BaseException, phase: str, usage: Usage | None, left: tuple[int, int]
) -> None:
    limits = policy(FAST)
    with pytest.raises(type(end)):
        await limits(asked(max_tokens=200), answering(usage, phase, end))
    assert used(limits) == left


async def test_what_nobody_was_asked_for_is_given_back() -> None:
    async def cached(call: Call) -> Outcome:
        return Outcome(200, Usage(input=5, output=5), attempts=0)

    async def refused(call: Call) -> Outcome:
        raise Failure("circuit_open", "not now")

    limits = policy(FAST)
    await limits(asked(), cached)
    with pytest.raises(Failure, match="not now"):
        await limits(asked(), refused)
    assert used(limits) == (0, 0)


async def test_usage_of_an_earlier_attempt_is_not_counted_again() -> None:
    limits, call = policy(FAST), asked(max_tokens=200)
    call.usage = Usage(input=1, output=1)

    async def handler(call: Call) -> Outcome:
        call.attempts, call.phase = call.attempts + 1, "waiting"
        raise Failure("timeout", "late")

    with pytest.raises(Failure, match="late"):
        await limits(call, handler)
    assert used(limits) == (1, 300)
