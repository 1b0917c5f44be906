"""Limits, samplers and stop sequences."""

from typing import Any

import pytest

from proxy.call import Failure
from proxy.dialects.cohere.fields import Draft
from proxy.dialects.cohere.sampling import say_limit, say_samplers, say_stop


def draft(**fields: Any) -> Draft:
    return Draft(fields, {})


@pytest.mark.parametrize(
    ("name", "theirs", "value", "said"),
    [
        ("temperature", "temperature", 1.7, 1),
        ("temperature", "temperature", 0, 0),
        ("top_p", "p", 1, 0.99),
        ("top_p", "p", 0.5, 0.5),
        ("top_k", "k", 40, 40),
        ("top_k", "k", 1000, 500),
        ("frequency_penalty", "frequency_penalty", -2, 0),
        ("presence_penalty", "presence_penalty", 1.5, 1),
    ],
)
def test_numbers_are_brought_into_range_and_named(name: str, theirs: str, value: float, said: float) -> None:
    drafted = draft(**{name: value})
    say_samplers(drafted)
    assert drafted.wire == {theirs: said}
    assert drafted.translated == ([] if value == said else [name])


def test_a_number_is_a_number() -> None:
    for value in ("1", True):
        with pytest.raises(Failure) as caught:
            say_samplers(draft(temperature=value))
        assert caught.value.param == "temperature"


def test_the_larger_word_for_the_limit_goes_first() -> None:
    drafted = draft(max_tokens=5, max_completion_tokens=7)
    say_limit(drafted)
    assert drafted.wire == {"max_tokens": 7}


def test_stop_sequences_are_joined_and_five() -> None:
    drafted = draft(stop="a", stop_sequences=["b", "a", "c"])
    say_stop(drafted)
    assert drafted.wire == {"stop_sequences": ["a", "b", "c"]}
    drafted = draft(stop=["1", "2", "3", "4"], stop_sequences=["5", "6"])
    say_stop(drafted)
    assert drafted.wire == {"stop_sequences": ["1", "2", "3", "4", "5"]}
    assert drafted.dropped == ["stop_sequences"]
