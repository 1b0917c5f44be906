"""A call is counted before it goes on, where it can be, and once."""

from __future__ import annotations

from proxy.call import Call, Outcome
from proxy.policies.counting import Counting
from tests.policies.clocked import call_to


class Counter:
    """Counts the calls of one model."""

    def __init__(self) -> None:
        self.counted: list[Call] = []

    def fits(self, call: Call) -> bool:
        return call.model == "exact"

    async def count_aside(self, call: Call) -> None:
        self.counted.append(call)
        call.tokens = 7


async def end(call: Call) -> Outcome:
    return Outcome(200, attempts=call.tokens or 0)


async def test_what_fits_is_counted_before_it_goes_on() -> None:
    counter = Counter()
    assert (await Counting(counter)(call_to(model="exact"), end)).attempts == 7
    assert (await Counting(counter)(call_to(model="other"), end)).attempts == 0
    assert [call.model for call in counter.counted] == ["exact"]


async def test_a_call_for_a_count_is_left_to_who_answers_it() -> None:
    counter, call = Counter(), call_to(model="exact")
    call.operation = "count_tokens"
    assert (await Counting(counter)(call, end)).attempts == 0
    assert counter.counted == []
