"""Faults have their exact path and words, all of them are found, and what looks like no name is not shown."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from proxy.config.decode import ConfigError, Decoder, near, raise_faults, shown, shown_key


def read_twice(value: Any, path: str, sources: Any) -> int:
    if value == "bad":
        raise ConfigError(path, "bad indeed", "good")
    return int(value) * 2 + int(sources)


class Inner(Struct, frozen=True, kw_only=True):
    size: Annotated[int, Meta(ge=1, extra={"allowed": "1 or more"})]
    colour: Literal["red", "green"] = "red"
    on: bool = False


class Outer(Struct, frozen=True, kw_only=True):
    inner: Inner | None = None
    rows: Annotated[tuple[Inner, ...], Meta(max_length=2, extra={"allowed": "at most two"})] = ()
    named: dict[Annotated[str, Meta(pattern="^[a-z]+$", extra={"allowed": "lower case"})], Inner] = {}
    twice: Annotated[int, Meta(extra={"read": read_twice})] = 0
    words: tuple[str, ...] = ()


def decode(value: Any, *, kind: Any = Outer, lax: bool = False) -> Any:
    decoder = Decoder(1, lax=lax)
    result = decoder.decode(kind, value, "")
    raise_faults(decoder.faults)
    return result


def faults(value: Any) -> list[str]:
    decoder = Decoder(1)
    decoder.decode(Outer, value, "")
    return [str(fault) for fault in decoder.faults]


def test_every_sort_of_value() -> None:
    document = {
        "inner": {"size": 1, "colour": "green", "on": True},
        "rows": [{"size": 2}],
        "named": {"a": {"size": 3}},
        "twice": "4",
        "words": ["x", "y"],
    }
    assert decode(document) == Outer(
        inner=Inner(size=1, colour="green", on=True),
        rows=(Inner(size=2),),
        named={"a": Inner(size=3)},
        twice=9,
        words=("x", "y"),
    )


@pytest.mark.parametrize("empty", [None, {}, {"inner": None, "rows": None, "named": None, "words": None}])
def test_what_is_empty_has_its_defaults(empty: Any) -> None:
    assert decode(empty) == Outer()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "the configuration is a list of 0; allowed: a mapping"),
        ("text", "the configuration is a scalar; allowed: a mapping"),
        ({"inner": 5}, "inner is a scalar; allowed: a mapping"),
        ({"rows": {}}, "rows is a mapping; allowed: a list"),
        ({"inner": {}}, "inner.size is missing; allowed: 1 or more"),
        ({"inner": {"size": 0}}, "inner.size is 0; allowed: 1 or more"),
        ({"inner": {"size": None}}, "inner.size is empty; allowed: 1 or more"),
        ({"inner": {"size": True}}, "inner.size is true; allowed: 1 or more"),
        ({"inner": {"size": "1"}}, "inner.size is '1'; allowed: 1 or more"),
        ({"inner": {"size": [1]}}, "inner.size is a list of 1; allowed: 1 or more"),
        ({"inner": {"size": 1, "on": 1}}, "inner.on is 1; allowed: true or false"),
        (
            {"inner": {"size": 1, "colour": "gren"}},
            "inner.colour is 'gren'; allowed: red, green (did you mean green?)",
        ),
        ({"rows": [{"size": 1}, {"size": -1}]}, "rows[1].size is -1; allowed: 1 or more"),
        ({"rows": [{}, {}, {}]}, "rows is a list of 3; allowed: at most two"),
        ({"named": {"a": {"size": 0}}}, "named.a.size is 0; allowed: 1 or more"),
        ({"named": {"A": {"size": 1}}}, "named.A is no such name; allowed: lower case"),
        ({"named": {7: {"size": 1}}}, "named.7 is no such name; allowed: lower case"),
        ({"twice": "bad"}, "twice is bad indeed; allowed: good"),
        ({"words": ["a", 1]}, "words[1] is 1; allowed: a string"),
        ({"wrods": []}, "wrods is an unknown key; allowed: inner, named, rows, twice, words (did you mean words?)"),
        ({"words": [], 3: 1}, "3 is an unknown key; allowed: inner, named, rows, twice, words"),
    ],
)
def test_a_fault_in_exact_words(value: Any, text: str) -> None:
    assert faults(value) == [text]


def test_all_faults_are_found_in_one_run() -> None:
    document = {"inner": {"size": 0, "colour": 1}, "rows": [{}], "named": {"B": {"size": "x"}}, "extra": 1}
    assert [text.split(" is ")[0] for text in faults(document)] == [
        "extra",
        "inner.size",
        "inner.colour",
        "rows[0].size",
        "named.B",
        "named.B.size",
    ]


def test_the_first_fault_carries_the_others() -> None:
    with pytest.raises(ConfigError) as caught:
        decode({"inner": {"size": 0}, "twice": "bad"})
    assert (caught.value.path, caught.value.value, caught.value.allowed) == ("inner.size", "0", "1 or more")
    assert [fault.path for fault in caught.value.every] == ["inner.size", "twice"]


def test_no_fault_raises_nothing() -> None:
    raise_faults([])


def test_only_lax_reads_numbers_from_text() -> None:
    kind = Annotated[int, Meta(le=9, extra={"allowed": "up to 9"})]
    assert decode("8", kind=kind, lax=True) == 8
    with pytest.raises(ConfigError, match="'8'"):
        decode("8", kind=kind)
    with pytest.raises(ConfigError, match="'80'"):
        decode("80", kind=kind, lax=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\nb", "'a\\nb'"),
        ("x" * 81, "'" + "x" * 79 + "…'"),
        (True, "true"),
        (10**4000, "a very large number"),
        (1.5, "1.5"),
        ([1, 2], "a list of 2"),
        ({"secret": 1}, "a mapping"),
        (None, "empty"),
        (datetime.date(2024, 1, 1), "a date"),
    ],
)
def test_values_as_they_are_shown(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize("key", ["api_key:sk-live-1234", "sk-" + "a" * 40, "a space", "", None, 10**4000])
def test_what_looks_like_no_name_is_not_shown(key: object) -> None:
    assert shown_key(key) in ("****", "empty")
    assert faults({key: 1}) == [f"{shown_key(key)} is an unknown key; allowed: inner, named, rows, twice, words"]


def test_a_name_far_from_all_others_has_no_hint() -> None:
    assert near("prot", ["port", "hosts"]) == " (did you mean port?)"
    assert near("zzz", ["port", "hosts"]) == ""
    assert near(3, ["port"]) == ""
