"""What a request may say of the cache, in a field and in headers; and that nonsense is refused by name."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.cache.wish import HEADER, LONGEST, NONE, Wish, wish_of
from proxy.call import Call, Client, Failure


def wish(json: dict[str, Any] | None = None, /, **caller: str) -> Wish:
    headers = {name.replace("_", "-"): value for name, value in caller.items()}
    return wish_of(Call("id", "openai", "chat", b"{}", json or {}, "m", False, headers, cast(Client, None)))


def refused(json: dict[str, Any] | None = None, /, **caller: str) -> str | None:
    with pytest.raises(Failure) as caught:
        wish(json, **caller)
    assert (caught.value.kind, caught.value.status) == ("invalid_request", 400)
    return caught.value.param


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, Wish(said=True)),
        ({"mode": "bypass"}, Wish("bypass", said=True)),
        ({"mode": "refresh", "ttl": 5}, Wish("refresh", 5.0, said=True)),
        ({"ttl": None}, Wish(said=True)),
        ({"ttl": 0.5}, Wish(ttl=0.5, said=True)),
        ({"ttl": LONGEST}, Wish(ttl=LONGEST, said=True)),
    ],
)
def test_the_field(said: dict[str, Any], expected: Wish) -> None:
    assert wish({"cache": said}) == expected


ODD_FIELDS: list[Any] = [[], "only", 1, True]
ODD_MODES: list[Any] = ["ONLY", None, 1, [], {}]
ODD_TTLS: list[Any] = [0, -1, True, "5", LONGEST + 1, [], float("nan"), float("inf")]


@pytest.mark.parametrize(
    ("said", "param"),
    [
        *[(odd, "cache") for odd in ODD_FIELDS],
        *[({"mode": odd}, "cache.mode") for odd in ODD_MODES],
        *[({"ttl": odd}, "cache.ttl") for odd in ODD_TTLS],
        ({"mode": "only", "max_age": 5}, "cache.max_age"),
    ],
)
def test_nonsense_in_the_field_is_refused_by_name(said: Any, param: str) -> None:
    assert refused({"cache": said}) == param


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("only", Wish("only", said=True)),
        ("ttl=60", Wish(ttl=60.0, said=True)),
        (" refresh , ttl=1.5 ,", Wish("refresh", 1.5, said=True)),
        ("", Wish(said=True)),
    ],
)
def test_the_header_that_stands_for_the_field(said: str, expected: Wish) -> None:
    assert wish(**{HEADER: said}) == expected


@pytest.mark.parametrize(
    "said", ["never", "ttl=0", "ttl=-1", "ttl=1e9", "ttl=", "ttl=nan", "ttl=9999999999", "Only", "ttl=\u0663x"]
)
def test_nonsense_in_that_header_is_refused_by_name(said: str) -> None:
    assert refused(**{HEADER: said}) == HEADER


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("no-store", Wish("bypass")),
        ("no-cache", Wish("refresh")),
        ("only-if-cached", Wish("only")),
        ("No-Store, no-cache", Wish("bypass")),
        ("no-cache, only-if-cached", Wish("only")),
        ("max-age=60", Wish(max_age=60.0)),
        ('max-age="60", max-age=30', Wish(max_age=30.0)),
        ("max-age=0, only-if-cached", Wish("only", max_age=0.0)),
        ("max-stale=5, min-fresh=1, no-transform, private, x=y", NONE),
        ("max-age=-1, max-age=x, max-age=99999999999", NONE),
        (",,", NONE),
        ("", NONE),
    ],
)
def test_cache_control_and_what_of_it_is_passed_over(said: str, expected: Wish) -> None:
    """RFC 9111, section 5.2.3: a cache must ignore directives that it does not know."""
    assert wish(cache_control=said) == expected


def test_the_field_goes_before_its_header_and_that_before_cache_control() -> None:
    headers = {HEADER: "refresh", "cache_control": "no-store"}
    assert wish({"cache": {"mode": "only"}}, **headers).mode == "only"
    assert wish({"cache": None}, **headers).mode == "refresh"
    assert wish(cache_control="no-store").mode == "bypass"
    assert wish() == NONE


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(
    st.text(max_size=30)
    | st.lists(st.sampled_from(["no-store", "max-age=1", '"', "=", ",", "ttl=", "only", " "])).map("".join)
)
def test_any_header_is_a_wish_or_a_refusal(text: str) -> None:
    assert wish(cache_control=text).said is False
    with suppress(Failure):
        assert wish(**{HEADER: text}).said is True
