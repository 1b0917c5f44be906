"""What a call may take at most, and what an attempt took: tokens, and picodollars where a price is known.

The prompt is counted, the answer is as long as the call allows or, where it says nothing, as the model can give. What a token
costs and how they are counted is handed in. What is not known is None, and never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from proxy.call import Call, Failure, Json, Outcome, Target, Usage

#: (target, tokens of the prompt, of the answer) -> dollars at most; None where the price is not known.
Price = Callable[[Target, int, int], Decimal | None]
#: (call) -> tokens of its prompt.
Count = Callable[[Call], int]
#: (target) -> tokens of the longest answer; None where it is not known.
Longest = Callable[[Target], int | None]

#: The answer of a model of which nobody knows how long it may be.
LONGEST_ANSWER = 16_384
ANSWER_LIMITS = ("max_completion_tokens", "max_tokens")
#: Operations whose answers have no tokens, and those that cost nothing.
ANSWERLESS = frozenset({"embeddings", "rerank"})
FREE = frozenset({"count_tokens"})
#: The provider has seen nothing of the call.
UNSENT = frozenset({"queued", "connecting"})


class Worth(NamedTuple):
    """At most so many tokens and picodollars. `limit`: of one answer, where the call says so; `longest`: what it may have."""

    prompt: int
    answers: int
    longest: int
    limit: int | None
    money: int | None

    @property
    def tokens(self) -> int:
        return self.prompt + self.answers * self.longest


class Took(NamedTuple):
    """What an attempt took. None: nobody knows, of the tokens because nobody said, of the money for lack of a price."""

    tokens: int | None
    money: int | None


NOTHING = Took(0, 0)


@dataclass(slots=True)
class Bill:
    """What the attempts of one call took together, whoever was asked.

    unpriced, unknown: attempts of which nobody knows what they cost, or what they took at all.
    """

    tokens: int = 0
    money: int = 0
    unpriced: int = 0
    unknown: int = 0

    def add(self, took: Took) -> None:
        self.unknown += took.tokens is None
        self.unpriced += took.tokens is not None and took.money is None
        self.tokens += took.tokens or 0
        self.money += took.money or 0


class Weighing:
    """What calls are worth to those whom they may be sent to."""

    def __init__(self, count: Count, longest: Longest, price: Price) -> None:
        self._count = count
        self._longest = longest
        self.price = price

    def weigh(self, call: Call, targets: Sequence[Target]) -> Worth:
        """To the dearest of them, of those whose price is known."""
        if call.tokens is None:
            call.tokens = self._count(call)
        limit = answer_limit(call.json)
        answers = answers_of(call)
        longest = (limit or max(map(self._longest_of, targets), default=LONGEST_ANSWER)) if answers else 0
        money = self.cost(targets, call.tokens, answers * longest)
        return Worth(call.tokens, answers, longest, limit, money)

    def cost(self, targets: Sequence[Target], prompt: int, answer: int) -> int | None:
        """Picodollars at the dearest; None where no price is known."""
        known = [price for target in targets if (price := self.price(target, prompt, answer)) is not None]
        return pico(max(known)) if known else None

    def fitting(self, worth: Worth, targets: Sequence[Target], money: int | None, tokens: int | None) -> int:
        """The longest single answer that stays within both; below 1 where there is none."""
        most = worth.longest
        if tokens is not None and worth.answers:
            most = min(most, (tokens - worth.prompt) // worth.answers)
        if money is None or worth.money is None:
            return most
        least = -1
        while most > least:
            middle = (least + most + 1) // 2
            cost = self.cost(targets, worth.prompt, worth.answers * max(middle, 0))
            least, most = (middle, most) if cost is None or cost <= money else (least, middle - 1)
        return most

    def _longest_of(self, target: Target) -> int:
        return self._longest(target) or LONGEST_ANSWER


def answer_limit(asked: Json) -> int | None:
    said = (asked.get(name) for name in ANSWER_LIMITS)
    return next((limit for limit in said if type(limit) is int and limit > 0), None)


def answers_of(call: Call) -> int:
    if call.operation in ANSWERLESS:
        return 0
    asked = call.json.get("n")
    return asked if type(asked) is int and asked > 0 else 1


def pico(dollars: Decimal) -> int:
    """Whole picodollars, the nearest."""
    return int(dollars.scaleb(12).to_integral_value())


def took_of(call: Call, usage: Usage | None, outcome: Outcome | None) -> Took:
    """By what was said: `usage` of the attempt, and `call.cost`."""
    if usage is None:
        return Took(None, None)
    cost = call.cost if call.cost is not None or outcome is None else outcome.cost
    return Took(usage.total, None if cost is None else pico(cost))


def took_in_vain(call: Call, end: BaseException, sent: bool, usage: Usage | None) -> Took:
    """Of an attempt that did not end well. What a provider answered with an error it does not bill."""
    if not sent or call.phase in UNSENT:
        return NOTHING
    if usage is None and isinstance(end, Failure) and end.provider_status is not None and end.provider_status >= 400:
        return NOTHING
    return took_of(call, usage, None)
