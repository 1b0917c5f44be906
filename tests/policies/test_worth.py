"""What a call may take at most, and what an attempt took, for every way in which it can end."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from proxy.call import Failure, Outcome, Usage
from proxy.policies.worth import (
    LONGEST_ANSWER,
    NOTHING,
    Bill,
    Took,
    Worth,
    answer_limit,
    pico,
    took_in_vain,
    took_of,
)
from tests.policies.clocked import target
from tests.policies.spending import DOLLAR, asked, weighing


@pytest.mark.parametrize(
    ("said", "tokens", "cents"),
    [
        ({}, 200, 300),
        ({"max_tokens": 10}, 110, 120),
        ({"max_completion_tokens": 20, "max_tokens": 10}, 120, 140),
        ({"max_tokens": 1000}, 1100, 2100),
        ({"max_tokens": "many", "n": "two"}, 200, 300),
        ({"max_tokens": True, "n": True}, 200, 300),
        ({"max_tokens": 10, "n": 3}, 130, 160),
        ({"n": 3}, 400, 700),
        ({"n": 0}, 200, 300),
    ],
)
def test_what_a_call_is_worth(said: dict[str, Any], tokens: int, cents: int) -> None:
    worth = weighing().weigh(asked(**said), [target()])
    assert (worth.tokens, worth.money) == (tokens, cents * DOLLAR // 100)


def test_the_dearest_of_several_counts_and_an_unknown_price_is_none() -> None:
    cheap, dear, secret = target(model="m"), target(model="dear"), target(model="secret")
    assert weighing().weigh(asked(), [cheap, dear, secret]).money == 30 * DOLLAR
    assert weighing().weigh(asked(), [secret]).money is None
    assert weighing(None).weigh(asked(), [cheap]).longest == LONGEST_ANSWER


@pytest.mark.parametrize("operation", ["embeddings", "rerank"])
def test_some_answers_have_no_tokens(operation: str) -> None:
    call = asked(n=3)
    call.operation = operation
    worth = weighing().weigh(call, [target()])
    assert (worth.tokens, worth.money) == (100, DOLLAR)


def test_a_prompt_is_counted_once() -> None:
    call = asked(prompt=70)
    weighing().weigh(call, [target()])
    assert call.tokens == 70
    call.tokens = 80
    assert weighing().weigh(call, [target()]).prompt == 80


@pytest.mark.parametrize(
    ("money", "tokens", "answers", "fits"),
    [
        (None, None, 1, 100),
        (3 * DOLLAR, None, 1, 100),
        (2 * DOLLAR, None, 1, 50),
        (2 * DOLLAR + DOLLAR // 50, None, 1, 51),
        (2 * DOLLAR + DOLLAR // 50 - 1, None, 1, 50),
        (2 * DOLLAR, None, 5, 10),
        (DOLLAR, None, 1, 0),
        (DOLLAR - 1, None, 1, -1),
        (None, 130, 1, 30),
        (None, 130, 3, 10),
        (None, 90, 1, -10),
        (2 * DOLLAR, 110, 1, 10),
    ],
)
def test_the_longest_answer_that_fits(money: int | None, tokens: int | None, answers: int, fits: int) -> None:
    worth = Worth(100, answers, 100, None, 3 * DOLLAR)
    assert weighing().fitting(worth, [target()], money, tokens) == fits


def test_money_is_exact() -> None:
    assert pico(Decimal("0.000000000001")) == 1
    assert pico(Decimal("1234567.123456789012")) == 1_234_567_123_456_789_012
    assert pico(Decimal("0.0000000000005")) == 0
    assert pico(Decimal("0.0000000000015")) == 2


def test_a_bill_adds_up_and_counts_what_nobody_knows() -> None:
    bill = Bill()
    for took in (Took(10, 5), Took(7, None), Took(None, None), NOTHING):
        bill.add(took)
    assert bill == Bill(tokens=17, money=5, unpriced=1, unknown=1)


def test_what_an_attempt_took() -> None:
    call = asked()
    call.cost = Decimal("0.5")
    assert took_of(call, Usage(input=3), None) == Took(3, DOLLAR // 2)
    call.cost = None
    assert took_of(call, Usage(input=3), Outcome(200, cost=Decimal(2))) == Took(3, 2 * DOLLAR)
    assert took_of(call, Usage(input=3), Outcome(200)) == Took(3, None)
    assert took_of(call, None, Outcome(200)) == Took(None, None)


REFUSED = Failure("provider_error", "no", provider_status=500)
CUT = Failure("provider_stream_cut", "gone")


@pytest.mark.parametrize(
    ("end", "phase", "sent", "usage", "took"),
    [
        (Failure("rate_limited", "full"), "queued", False, None, NOTHING),
        (Failure("network_error", "no way"), "connecting", True, None, NOTHING),
        (asyncio.CancelledError(), "connecting", True, None, NOTHING),
        (REFUSED, "waiting", True, None, NOTHING),
        (Failure("invalid_request", "no", provider_status=400), "waiting", True, None, NOTHING),
        (Failure("timeout", "late"), "waiting", True, None, Took(None, None)),
        (asyncio.CancelledError(), "waiting", True, None, Took(None, None)),
        (CUT, "streaming", True, Usage(input=5), Took(5, DOLLAR)),
        (asyncio.CancelledError(), "streaming", True, Usage(input=5), Took(5, DOLLAR)),
    ],
)
def test_what_an_attempt_in_vain_took(
    end: BaseException, phase: str, sent: bool, usage: Usage | None, took: Took
) -> None:
    call = asked()
    call.phase, call.cost = phase, Decimal(1) if usage is not None else None
    assert took_in_vain(call, end, sent, usage) == took


def test_what_a_call_says_itself() -> None:
    assert answer_limit({"max_tokens": -1}) is None
    assert answer_limit({"max_completion_tokens": None, "max_tokens": 7}) == 7
