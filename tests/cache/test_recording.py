"""What is kept of an answer is what the provider said, and when; and nothing is believed that another pod has not written so."""

from __future__ import annotations

from dataclasses import fields
from hashlib import blake2b
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.cache.recording import CHECK, FACTS, FORMAT, Recording, read, written
from proxy.call import BUCKETS, Usage
from tests.cache.recordings import Clock, call_to, recorded, words

FAULTS = (ValueError, KeyError, TypeError, OverflowError)
KEY = "0123456789abcdef"


class Source:
    def __init__(self) -> None:
        self.said: list[str] = []

    def pause(self) -> None:
        self.said.append("pause")

    def resume(self) -> None:
        self.said.append("resume")


def told(recording: Recording) -> dict[str, Any]:
    names = (*FACTS, "body", "size", "kept_at", "ttl", "usage", "begun", "complete", "fits")
    return {name: getattr(recording, name) for name in names} | {"timeline": recording.timeline()}


def test_it_keeps_what_was_said_and_when() -> None:
    made = recorded(b"one", b"", b"three", clock=Clock(100.0))
    assert (made.body, made.size, made.complete, made.fits) == (b"onethree", 8, True, True)
    assert made.timeline() == [(0.0, b"one"), (0.25, b""), (0.5, b"three")]
    assert (made.provider, made.model, made.asked, made.kind) == ("up", "m", "alias", "openai")
    before = told(made)
    made.pack()
    assert made.pieces == [b"onethree"]
    assert told(made) == before
    made.pack()
    assert told(made) == before


def test_an_answer_that_grows_too_large_is_let_go_of_at_once_but_still_heard() -> None:
    heard: list[bytes] = []
    made = Recording(10, Clock())
    made.heard = heard.append
    made.begin(call_to(stream=True), words(), 7)
    made.keep(b"x" * 10)
    assert made.fits
    for _ in range(3):
        made.keep(b"y")
    assert (made.fits, made.pieces, made.size) == (False, [], 13)
    assert heard == [b"x" * 10, b"y", b"y", b"y"]


def test_the_end_is_told_once_there_is_nothing_more_to_come_from_the_source() -> None:
    made, source, found = Recording(10, Clock()), Source(), []
    assert made.follow(source) is made
    made.landed = lambda: found.append((made.complete, made.source, made.usage))
    made.end(None, Usage(input=1))
    assert found == [(True, None, Usage(input=1))]
    made.pause()
    made.resume()
    assert source.said == []


def test_the_first_caller_slows_down_the_provider_unless_others_have_a_say() -> None:
    made, source, asked = Recording(10, Clock()), Source(), []
    made.follow(source)
    made.pause()
    made.resume()
    assert source.said == ["pause", "resume"]
    made.balanced = lambda: asked.append(made.slow)
    made.pause()
    made.resume()
    assert (source.said, asked) == (["pause", "resume"], [True, False])


def test_its_age_is_never_less_than_nothing() -> None:
    made = recorded(b"x", now=100.0)
    assert (made.age(160.5), made.age(40.0)) == (60.5, 0.0)


def test_what_is_packed_holds_on_to_nothing_of_its_call() -> None:
    made = recorded(b"a", b"b")
    made.heard = made.landed = made.balanced = lambda *_: None
    made.source, made.reply = Source(), {}
    made.pack()
    held: list[object] = [made.heard, made.landed, made.balanced, made.source, made.reply]
    assert held == [None] * 5


# ---- for other pods


def test_what_was_written_is_read_again() -> None:
    for made in (recorded(b"whole"), recorded(b"a", b"", b"b", clock=Clock(5.0)), recorded(b"\0\xff\n" * 1000)):
        made.dropped, made.translated = ("top_k",), ["seed"]
        found = read(written(made, KEY), KEY, Clock())
        assert found is not None
        assert told(found) == told(made) | {"dropped": ["top_k"], "translated": ["seed"]}


def test_every_bucket_of_what_was_used_comes_along() -> None:
    made = recorded(b"x")
    made.usage = Usage(estimated=True)
    for index, name in enumerate(BUCKETS):
        setattr(made.usage, name, index + 1)
    found = read(written(made, KEY), KEY, Clock())
    assert found is not None
    assert found.usage == made.usage
    beside = {"estimated", "searches", "cost", "tier"}
    assert {field.name for field in fields(Usage)} == {*BUCKETS, *beside}, "is it to be told to other pods?"
    made.usage = None
    found = read(written(made, KEY), KEY, Clock())
    assert found is not None
    assert found.usage is None


def test_it_is_kept_under_its_own_key_only() -> None:
    assert read(written(recorded(b"x"), KEY), KEY[:-1], Clock()) is None


def test_another_format_is_passed_over() -> None:
    data = written(recorded(b"x"), KEY)[CHECK:].replace(FORMAT, FORMAT.replace(b"-2", b"-3"))
    assert read(blake2b(data, digest_size=CHECK).digest() + data, KEY, Clock()) is None


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.data())
def test_whatever_became_of_it_on_the_way_is_passed_over(data: st.DataObject) -> None:
    whole = written(recorded(b"hello ", b"there"), KEY)
    where = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.sampled_from(["flip", "cut", "insert", "swap"]))
    damaged = {
        "flip": whole[:where] + bytes([whole[where] ^ (1 << data.draw(st.integers(0, 7)))]) + whole[where + 1 :],
        "cut": whole[:where],
        "insert": whole[:where] + b"x" + whole[where:],
        "swap": whole[where:] + whole[:where],
    }[change]
    if damaged != whole:
        assert read(damaged, KEY, Clock()) is None


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_bytes_are_passed_over(junk: bytes) -> None:
    for data in (junk, FORMAT + junk, b"\0" * CHECK + FORMAT + junk):
        assert read(data, KEY, Clock()) is None


def signed(facts: Any, body: bytes = b"x") -> bytes:
    """As `written` would, whatever the facts are."""
    head = facts if isinstance(facts, bytes) else orjson.dumps(facts)
    data = FORMAT + b"%d\n" % len(head) + head + body
    return blake2b(data, digest_size=CHECK).digest() + data


def facts_of(recording: Recording) -> dict[str, Any]:
    _, _, rest = written(recording, KEY)[CHECK + len(FORMAT) :].partition(b"\n")
    facts: dict[str, Any] = orjson.loads(rest[: -len(recording.body)])
    return facts


def known(data: bytes) -> Recording | None:
    """As who asks for it does: what cannot be read is none."""
    try:
        return read(data, KEY, Clock())
    except FAULTS:
        return None


@pytest.mark.parametrize("odd", [None, -1, 2**40, "x", [], {}, [1, 2, 3], True, [None], 1.5])
@pytest.mark.parametrize("name", [*FACTS, "key", "kept_at", "ttl", "times", "cuts", "usage"])
def test_what_makes_no_sense_is_passed_over_even_where_its_check_is_right(name: str, odd: Any) -> None:
    facts = facts_of(recorded(b"x"))
    assert known(signed(facts)) is not None
    if (
        type(odd) is type(facts[name])
        or (name == "usage" and odd is None)
        or (name in ("kept_at", "ttl") and type(odd) in (int, bool, float))
    ):
        return
    assert known(signed({**facts, name: odd})) is None
    assert known(signed({other: value for other, value in facts.items() if other != name})) is None


@pytest.mark.parametrize("facts", [b"{", b"", b"[]", b"null", b'"key"', b"\xff", b"{}", b"[" * 2000])
def test_facts_that_are_none_are_passed_over(facts: bytes) -> None:
    assert known(signed(facts)) is None


@pytest.mark.parametrize("length", [b"", b"x\n", b"99999999999\n", b"1" * 5000 + b"\n"])
def test_so_is_a_length_that_is_none(length: bytes) -> None:
    data = FORMAT + length + orjson.dumps(facts_of(recorded(b"x"))) + b"x"
    assert known(blake2b(data, digest_size=CHECK).digest() + data) is None
