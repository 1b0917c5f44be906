"""The learned limits of a provider: model by model, for all keys together, from every answer and above all from refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import pytest

from proxy.call import Call, Client, Failure, Outcome, Target
from proxy.policies.adaptive import AWAY, MODELS, Adaptive
from proxy.policies.learned import Learned
from proxy.policies.limiter import Limiter, Need, Patience
from proxy.policies.rate_limit import RateLimit
from tests.simulation.clock import simulate


class Told(NamedTuple):
    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None


class Both(NamedTuple):
    requests: Told = Told()
    tokens: Told = Told()


def read(headers: Mapping[str, str]) -> Both | None:
    """`requests: 100 50 60` as the test writes it."""
    found = {name: Told(*map(int, headers[name].split())) for name in ("requests", "tokens") if name in headers}
    return Both(**found) if found else None


def read_wait(headers: Mapping[str, str]) -> float | None:
    return float(headers["retry-after"]) if "retry-after" in headers else None


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def learning(clock: Clock | None = None, **more: Any) -> Adaptive:
    return Adaptive("there", read, read_wait, clock or Clock(), **more)


def asked(model: str = "m") -> Call:
    call = Call("id", "openai", "chat", b"", {}, model, False, {}, cast(Client, None))
    call.target = Target("there", model, None)
    return call


def gates(adaptive: Adaptive, model: str = "m") -> tuple[Learned, Learned]:
    limiter = adaptive.limiter(asked(model))
    assert isinstance(limiter.requests, Learned)
    assert isinstance(limiter.tokens, Learned)
    return limiter.requests, limiter.tokens


def test_each_model_has_its_own_limits() -> None:
    adaptive = learning()
    adaptive.heard({"requests": "100 50 60", "tokens": "9000 100 60"}, 200, asked("a"))
    assert [gate.limit for gate in gates(adaptive, "a")] == [100, 9000]
    assert [gate.limit for gate in gates(adaptive, "b")] == [None, None]
    assert adaptive.models == (2, MODELS)


def test_tokens_are_counted_once_it_is_known_that_they_are_limited() -> None:
    adaptive = learning()
    assert not adaptive.weighs
    adaptive.heard({"requests": "100 50 60"}, 200, asked())
    assert not adaptive.weighs
    adaptive.heard({"tokens": "100 50 60"}, 200, asked())
    assert adaptive.weighs


def test_keys_that_take_turns_are_one_limit() -> None:
    adaptive = learning(keys=3)
    adaptive.heard({"requests": "100 50 60"}, 200, asked())
    requests, _ = gates(adaptive)
    assert requests.fill(1000.0) == (150, 300)


def test_what_was_told_is_shown_and_is_whole_again_after_the_reset() -> None:
    clock = Clock()
    adaptive = learning(clock)
    assert list(adaptive.told(clock())) == []
    adaptive.heard({"requests": "100 40 60"}, 200, asked("a"))
    adaptive.heard({"tokens": "9000 0 60"}, 200, asked("b"))
    assert list(adaptive.told(clock())) == [("a", "requests", 100, 40), ("b", "tokens", 9000, 0)]
    assert list(adaptive.told(clock() + 100)) == [("a", "requests", 100, 100), ("b", "tokens", 9000, 9000)]


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"retry-after": "7"}, (7, 7)),
        ({"retry-after": "7", "requests": "100 50 60", "tokens": "1000 0 60"}, (0, 7)),
        ({"retry-after": "7", "requests": "100 0 60", "tokens": "1000 900 60"}, (7, 0)),
        ({}, (AWAY[0], AWAY[0])),
    ],
)
def test_a_refusal_is_of_what_is_used_up(headers: dict[str, str], waits: tuple[float, float]) -> None:
    adaptive = learning()
    adaptive.heard(headers, 429, asked())
    assert tuple(max(0.0, gate.away_until - 1000.0) for gate in gates(adaptive)) == waits


def test_refusals_that_say_nothing_are_answered_with_more_and_more_patience() -> None:
    clock, waits = Clock(), list[float]()
    adaptive = learning(clock)
    for _ in range(9):
        adaptive.heard({}, 429, asked())
        waits.append(gates(adaptive)[0].away_until - clock.now)
        clock.now += 100
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    adaptive.heard({}, 200, asked())
    adaptive.heard({}, 429, asked())
    assert gates(adaptive)[0].away_until - clock.now == AWAY[0]


def test_other_errors_are_no_refusals() -> None:
    adaptive = learning()
    for status in (400, 500, 529):
        adaptive.heard({}, status, asked())
    assert gates(adaptive)[0].away_until == 0


def test_a_provider_that_tells_nothing_is_asked_more_and_more() -> None:
    adaptive, clock = learning(), 1000.0
    for _ in range(200):
        call = asked()
        grant = adaptive.limiter(call).take(Need(0, 0))
        assert grant is not None
        grant.start(clock)
        adaptive.entered(call, grant)
        adaptive.heard({}, 200, call)
        adaptive.left(call)
        grant.settle(None, clock)
    taken = [adaptive.limiter(asked()).take(Need(0, 0)) for _ in range(200)]
    assert None not in taken


def test_models_are_bounded_and_the_one_asked_longest_ago_makes_room() -> None:
    adaptive = learning()
    busy = adaptive.limiter(asked("first")).take(Need(0, 0))
    assert busy is not None
    for number in range(MODELS + 50):
        adaptive.limiter(asked(f"model{number}"))
    assert len(adaptive.every()) <= MODELS + 1
    assert adaptive.models == (MODELS, MODELS)
    assert adaptive.limiter(asked("first")).busy, "who is being asked is not forgotten"


def test_whoever_waits_goes_when_an_answer_says_so() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        adaptive = Adaptive("there", read, read_wait, loop.time, patience=Patience(100.0, 10))
        limits = RateLimit([], lambda call: "there", lambda call: 1, loop.time, learned={"there": adaptive})

        async def refuse(call: Call) -> Outcome:
            call.attempts += 1
            adaptive.heard({"retry-after": "30"}, 429, call)
            raise Failure("provider_rate_limited", "slow down", provider_status=429)

        async def answer(call: Call) -> Outcome:
            call.attempts += 1
            return Outcome(200)

        with pytest.raises(Failure, match="slow down"):
            await limits(asked(), refuse)
        assert limits.wait_for(asked()) == pytest.approx(30)
        began = loop.time()
        await limits(asked(), answer)
        assert loop.time() - began == pytest.approx(30)
        assert not adaptive._out
        assert isinstance(adaptive.limiter(asked()), Limiter)
        assert not adaptive.limiter(asked()).busy

    simulate(main())


def test_what_only_the_body_of_a_refusal_says_is_heard_too() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        adaptive = Adaptive("there", read, read_wait, loop.time)
        limits = RateLimit([], lambda call: "there", lambda call: 1, loop.time, learned={"there": adaptive})

        async def refuse(call: Call) -> Outcome:
            call.attempts += 1
            adaptive.heard({}, 429, call)
            raise Failure("provider_rate_limited", "slow down", provider_status=429, retry_after=25)

        with pytest.raises(Failure, match="slow down"):
            await limits(asked(), refuse)
        assert limits.wait_for(asked()) == pytest.approx(25)
        assert not adaptive._out

    simulate(main())


def test_no_patience_is_a_refusal_of_ours_that_says_when() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        adaptive = Adaptive("there", read, read_wait, loop.time, patience=Patience(0.0, 10))
        limits = RateLimit([], lambda call: "there", lambda call: 1, loop.time, learned={"there": adaptive})
        adaptive.heard({"requests": "100 0 20"}, 200, asked())
        with pytest.raises(Failure, match=r"the limit there \(learned\) is used up") as refused:
            await limits(asked(), lambda call: asyncio.sleep(0, Outcome(200)))
        assert refused.value.retry_after == pytest.approx(20, abs=1.1)

    simulate(main())
