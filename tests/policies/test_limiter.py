"""The queue before a limit: in order, bounded, left at once by whoever gives up, and without a timer while nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from proxy.call import Failure
from proxy.policies.bucket import Bucket
from proxy.policies.limiter import Grant, Limiter, Line, Need, Patience
from tests.simulation.clock import simulate

PERIOD = 10.0


def limited(requests: int | None = None, tokens: int | None = None, wait: float = 60.0, queue: int = 100) -> Limiter:
    gates = [None if amount is None else Bucket(amount, PERIOD) for amount in (requests, tokens)]
    line = Line("tight", Patience(wait, queue))
    return Limiter(line, gates[0], gates[1], asyncio.get_running_loop().time)


def need(tokens: int) -> Need:
    return Need(tokens, tokens)


def now() -> float:
    return asyncio.get_running_loop().time()


async def get(limiter: Limiter, tokens: int = 0, deadline: float | None = None) -> Grant:
    grant = limiter.take(need(tokens)) or await limiter.queue(need(tokens), deadline)
    grant.start(now())
    return grant


def virtual(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """The test in virtual time."""

    def run() -> None:
        simulate(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@virtual
async def test_nobody_waits_and_no_timer_is_set() -> None:
    limiter = limited(2, 100)
    first = limiter.take(need(50))
    assert first is not None
    assert limiter.take(need(50)) is not None
    assert limiter.take(need(1)) is None
    assert limiter._timer is None
    assert limiter.line.waited == 0


@virtual
async def test_callers_are_served_in_order_as_it_comes_back() -> None:
    limiter, served, began = limited(2), list[tuple[int, float]](), now()

    async def caller(number: int) -> None:
        await get(limiter)
        served.append((number, now() - began))

    await asyncio.gather(*(caller(number) for number in range(6)))
    assert [number for number, _ in served] == list(range(6))
    assert [round(at / PERIOD) for _, at in served] == [0, 0, 1, 1, 2, 2]
    assert (limiter.line.waiting, limiter.line.waited, limiter._timer) == (0, 4, None)
    assert 2 * 10 + 2 * 20 <= limiter.line.waited_seconds < 62


@virtual
async def test_a_large_request_is_not_overtaken_by_small_ones() -> None:
    limiter, served = limited(tokens=100), list[int]()
    await get(limiter, 60)

    async def caller(tokens: int) -> None:
        await get(limiter, tokens)
        served.append(tokens)

    tasks = [asyncio.create_task(caller(tokens)) for tokens in (90, 10, 20)]
    await asyncio.sleep(1)
    assert limiter.take(need(10)) is None, "there is room, but somebody stands before"
    await asyncio.gather(*tasks)
    assert served == [90, 10, 20]


@virtual
async def test_what_comes_back_early_goes_to_the_first() -> None:
    limiter, began = limited(tokens=100), now()
    first = await get(limiter, 100)
    second = asyncio.create_task(get(limiter, 60))
    await asyncio.sleep(1)
    first.settle(30, now())
    await second
    assert now() - began == pytest.approx(1)


@virtual
async def test_without_patience_nobody_waits() -> None:
    limiter = limited(1, wait=0)
    await get(limiter)
    with pytest.raises(Failure, match="the limit tight is used up") as refused:
        await get(limiter)
    assert refused.value.kind == "rate_limited"
    assert refused.value.retry_after == pytest.approx(PERIOD, abs=0.2)
    assert limiter.line.refused == {"exhausted": 1}


@virtual
async def test_whoever_would_wait_in_vain_is_told_at_once() -> None:
    limiter, began = limited(1, wait=5), now()
    await get(limiter)
    with pytest.raises(Failure, match="is used up") as refused:
        await get(limiter)
    assert now() == began
    assert refused.value.retry_after == pytest.approx(PERIOD, abs=0.2)


@pytest.mark.parametrize(("wait", "deadline"), [(3.0, None), (60.0, 3.0), (3.0, 60.0)])
def test_the_wait_ends_with_the_patience_or_the_deadline(wait: float, deadline: float | None) -> None:
    async def main() -> None:
        limiter, began = limited(tokens=10, wait=wait), now()
        await get(limiter, 10)
        with pytest.raises(Failure, match="tight was used up for as long as the call may wait") as refused:
            await get(limiter, 5, None if deadline is None else began + deadline)
        assert now() - began == pytest.approx(3)
        assert refused.value.retry_after == pytest.approx(PERIOD - 3, abs=0.2)
        assert (limiter.line.waiting, limiter.line.refused, limiter._timer) == (0, {"waited": 1}, None)

    simulate(main())


@virtual
async def test_the_queue_is_bounded() -> None:
    limiter = limited(1, queue=2)
    await get(limiter)
    tasks = [asyncio.create_task(get(limiter)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Failure, match="2 calls wait") as refused:
        await get(limiter)
    assert refused.value.retry_after == pytest.approx(3 * PERIOD, abs=0.5)
    assert limiter.line.refused == {"queue_full": 1}
    await asyncio.gather(*tasks)


@virtual
async def test_whoever_gives_up_leaves_at_once_and_nothing_is_lost() -> None:
    limiter, began = limited(tokens=100), now()
    held = await get(limiter, 100)
    large, small = (asyncio.create_task(get(limiter, tokens)) for tokens in (100, 10))
    await asyncio.sleep(1)
    held.settle(50, now())
    large.cancel()
    await small
    assert now() - began == pytest.approx(1), "the first in the queue had gone, so the next one went"
    assert limiter.tokens is not None
    assert limiter.tokens.fill(now()) == (60, 100)
    assert (limiter.line.waiting, limiter._timer) == (0, None)


@virtual
async def test_a_grant_that_comes_with_the_cancellation_goes_back() -> None:
    limiter = limited(tokens=100)
    held = await get(limiter, 100)
    first, second = (asyncio.create_task(get(limiter, 100)) for _ in range(2))
    await asyncio.sleep(1)
    held.refund(now())
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    grant = await second
    assert first.cancelled()
    grant.refund(now())
    assert limiter.idle


@virtual
async def test_the_prompt_must_fit_and_the_answer_need_not() -> None:
    limiter = limited(tokens=100)
    with pytest.raises(Failure, match="takes about 101 tokens, and the limit tight is 100 in all") as refused:
        limiter.take(Need(101, 200))
    assert refused.value.kind == "request_too_large"
    assert limiter.take(Need(100, 5000)) is not None
    with pytest.raises(Failure, match="101 tokens"):
        limiter.take(Need(101, 200))
    assert limiter.line.refused == {"too_large": 2}


@virtual
async def test_a_limit_made_smaller_ends_a_wait_that_would_last_for_ever() -> None:
    limiter = limited(tokens=100)
    first = await get(limiter, 100)
    waiting = asyncio.create_task(get(limiter, 80))
    await asyncio.sleep(1)
    assert isinstance(limiter.tokens, Bucket)
    limiter.tokens.resize(50)
    first.settle(100, now())
    with pytest.raises(Failure, match="takes about 80 tokens"):
        await waiting
    assert limiter.line.waiting == 0


@virtual
async def test_how_long_one_would_wait() -> None:
    limiter = limited(2, 100)
    assert limiter.wait_for(need(100)) == 0
    await get(limiter, 60)
    assert limiter.wait_for(need(40)) == 0
    assert limiter.wait_for(need(41)) == pytest.approx(PERIOD, abs=0.2)
    waiting = asyncio.create_task(get(limiter, 60))
    await asyncio.sleep(0)
    assert limiter.wait_for(need(60)) == pytest.approx(2 * PERIOD, abs=0.2)
    await waiting
    with pytest.raises(Failure, match="101 tokens"):
        limiter.wait_for(need(101))


@virtual
async def test_requests_are_not_used_up_while_tokens_are_lacking() -> None:
    limiter = limited(5, 100)
    await get(limiter, 100)
    for _ in range(10):
        assert limiter.take(need(1)) is None
    assert limiter.requests is not None
    assert limiter.requests.fill(now()) == (1, 5)
