"""Ids that are made up, that are made to fit, and that carry a signature there and back."""

import re
from base64 import b64encode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.call import Json
from proxy.dialects.ids import (
    MARK,
    made_up_id,
    note_signature,
    pack_signature,
    plain_id,
    signature_of,
    signed,
    unpack_request,
    unpack_signature,
)

PLAIN = re.compile(r"[A-Za-z0-9_-]+")


def test_the_same_answer_gives_the_same_id_and_another_turn_another() -> None:
    assert made_up_id("r1", 0, "f") == made_up_id("r1", 0, "f")
    assert (
        len({made_up_id("r1", 0, "f"), made_up_id("r1", 1, "f"), made_up_id("r2", 0, "f"), made_up_id("r10", "f")}) == 4
    )
    assert PLAIN.fullmatch(made_up_id("\ud800"))


@pytest.mark.parametrize("called", ["toolu_01A", "call_1-x", "a" * 64])
def test_an_id_that_fits_stays(called: str) -> None:
    assert plain_id(called) == called


@pytest.mark.parametrize("called", ["functions.search:0", "", "a" * 65, "a\n", "\ud800", "é"])
def test_an_id_that_does_not_fit_becomes_one_that_always_stands_for_it(called: str) -> None:
    assert plain_id(called) == plain_id(called) != plain_id(called + "x")
    assert PLAIN.fullmatch(plain_id(called))


SIGNATURES = st.binary(min_size=1, max_size=40).map(lambda raw: b64encode(raw).decode()) | st.text(max_size=20)


@settings(max_examples=300, deadline=None, database=None)
@given(st.from_regex(r"[A-Za-z0-9-]{1,20}", fullmatch=True), SIGNATURES)
@example("call_1", "Eo8=")
@example("call_1", "not base64")
@example("call_1", "AA-_")
@example("call_1", "AAA")
@example("call_1", "")
def test_a_signature_goes_into_an_id_and_comes_out_as_it_was(called: str, signature: str) -> None:
    packed = pack_signature(called, signature)
    assert PLAIN.fullmatch(packed)
    assert unpack_signature(packed) == (called, signature)


@settings(max_examples=300, deadline=None, database=None)
@given(st.text(max_size=12), st.text(max_size=12))
@example("call_1", "b_é")
@example("call_1", "t_A")
@example("call_1", "t_gICA")
@example("call_1", "x_AAAA")
def test_any_id_is_read(called: str, packed: str) -> None:
    bare, signature = unpack_signature(f"{called}{MARK}{packed}")
    assert signature is not None or bare == f"{called}{MARK}{packed}"


def test_an_id_without_a_signature_is_only_an_id() -> None:
    assert unpack_signature("call_1") == ("call_1", None)


CALL: Json = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_a_request_is_unpacked_and_stays_as_it_was() -> None:
    packed = pack_signature("call_1", "Eo8=")
    held = pack_signature("call_2", "AAAA")
    result = {"role": "tool", "tool_call_id": packed, "content": "x"}
    calls = [{**CALL, "id": packed}, {**CALL, "id": held, **signed("BBBB")}, CALL]
    request: Json = {
        "model": "m",
        "messages": [{"role": "assistant", "tool_calls": calls}, result, {"role": "user"}, "x"],
    }
    unpacked = unpack_request(request)
    assert unpacked["messages"][0]["tool_calls"] == [
        {**CALL, **signed("Eo8=")},
        {**CALL, "id": "call_2", **signed("BBBB")},
        CALL,
    ]
    assert unpacked["messages"][1] == {**result, "tool_call_id": "call_1"}
    assert unpacked["messages"][2:] == request["messages"][2:]
    assert request["messages"][1] is result
    assert calls[0]["id"] == packed


@pytest.mark.parametrize(
    "extra", [None, "x", {}, {"google": None}, {"google": {}}, {"google": {"thought_signature": 5}}]
)
def test_what_says_nothing_is_no_signature(extra: object) -> None:
    dropped: list[str] = []
    note_signature({"extra_content": extra}, dropped)
    assert (signature_of({"extra_content": extra}), dropped) == (None, [])


def test_a_signature_that_cannot_be_said_is_named() -> None:
    dropped: list[str] = []
    note_signature({**CALL, **signed("Eo8=")}, dropped)
    assert dropped == ["messages.thought_signature"]
