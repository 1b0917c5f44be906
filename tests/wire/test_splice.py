"""Replacing one member leaves every other byte as it was, whatever stands around it."""

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.wire.splice import replace_member, replace_whole_member

NEW = b'"gpt-4o"'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"model":"fast"}', '{"model":"gpt-4o"}'),
        ('{ "model" :\t"fast" , "n":1.0}', '{ "model" :\t"gpt-4o" , "n":1.0}'),
        ('\n{"n":1e2,"model":"fa\\"st"\n}\n', '\n{"n":1e2,"model":"gpt-4o"\n}\n'),
        ('{"model":"a","x":{"model":"a"}}', '{"model":"gpt-4o","x":{"model":"a"}}'),
        ('{"x":[{"model":"a"}],"model":"a"}', '{"x":[{"model":"a"}],"model":"gpt-4o"}'),
        ('{"x":"\\"model\\":\\"a\\"","model":"a"}', '{"x":"\\"model\\":\\"a\\"","model":"gpt-4o"}'),
        ('{"x":"model","model":"model"}', '{"x":"model","model":"gpt-4o"}'),
        ('{"x":"}\\\\","y":"{[","model":"a"}', '{"x":"}\\\\","y":"{[","model":"gpt-4o"}'),
        ('{"model":"a","model":"b"}', '{"model":"gpt-4o","model":"gpt-4o"}'),
        ('{"mod\\u0065l":"a"}', '{"mod\\u0065l":"gpt-4o"}'),
        ('{"mod\\u0065l":"a","x":{"model":"a"}}', '{"mod\\u0065l":"gpt-4o","x":{"model":"a"}}'),
        ('{"x":{"model":"a"},"\\u006Dodel":"a"}', '{"x":{"model":"a"},"\\u006Dodel":"gpt-4o"}'),
        ('{"model":"a","mod\\u0065l":"b"}', '{"model":"gpt-4o","mod\\u0065l":"gpt-4o"}'),
        ('{"model":{"a":"}"},"b":1}', '{"model":"gpt-4o","b":1}'),
        ('{"model":[1,"]",[2]],"b":1}', '{"model":"gpt-4o","b":1}'),
        ('{"model":null}', '{"model":"gpt-4o"}'),
        ('{"model":12.5 ,"model_x":"model"}', '{"model":"gpt-4o" ,"model_x":"model"}'),
    ],
)
def test_only_the_value_changes(before: str, after: str) -> None:
    assert replace_member(before.encode(), b"model", NEW) == after.encode()


def test_a_value_that_is_spelled_like_the_key_is_not_the_key() -> None:
    assert replace_member(b'{"a":"model"}', b"model", NEW) is None


@pytest.mark.parametrize("document", [b"{}", b'{"models":"a"}', b'{"a":{"model":1},"b":[{"model":2}]}'])
def test_without_the_member_there_is_nothing_to_replace(document: bytes) -> None:
    assert replace_member(document, b"model", NEW) is None


@pytest.mark.parametrize(
    "filler",
    [
        b'"' + b"\\\\" * 1_000_000 + b'"',
        b"[" * 1000 + b"]" * 1000,
        b"[" + b'"\\"{",' * 200_000 + b"1]",
        b'{"model":1}' + b" " * 1_000_000,
    ],
    ids=["backslashes", "depth", "strings", "space"],
)
def test_large_values_are_passed_over_in_bounded_time(filler: bytes) -> None:
    document = b'{"x":%b,"model":"a","y":{"model":1}}'
    assert replace_member(document % filler, b"model", b'"b"') == document.replace(b'"a"', b'"b"') % filler


def test_a_key_repeated_a_hundred_thousand_times() -> None:
    document = b"{" + b",".join([b'"model":1'] * 100_000) + b"}"
    assert replace_member(document, b"model", b"2") == document.replace(b"1", b"2")


KEYS = st.sampled_from(["model", "models", "mode", "stream", "", "\u00e9", '"', "\\"]) | st.text(max_size=4)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | KEYS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
SPACE = st.text(" \t\n\r", max_size=2)
MODEL = st.sampled_from(['"model"', '"mod\\u0065l"', '"\\u006d\\u006F\\u0064\\u0065\\u006c"'])


@st.composite
def spelled_objects(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """The same object twice, in pieces: once as it is, once with the top-level `model` replaced."""
    before = [draw(SPACE), "{"]
    after = list(before)
    fields = [*draw(st.lists(st.tuples(KEYS, VALUES), max_size=5)), ("model", draw(VALUES))]
    for index, (name, value) in enumerate(draw(st.permutations(fields))):
        spelled_name = draw(MODEL) if name == "model" else json.dumps(name, ensure_ascii=draw(st.booleans()))
        spelled = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
        lead = [draw(SPACE) + ("," if index else "") + draw(SPACE), spelled_name, draw(SPACE), ":", draw(SPACE)]
        before += [*lead, spelled]
        after += [*lead, NEW.decode() if name == "model" else spelled]
    tail = [draw(SPACE), "}", draw(SPACE)]
    return before + tail, after + tail


@settings(max_examples=300, deadline=None, database=None)
@given(spelled_objects())
def test_any_object(spelled: tuple[list[str], list[str]]) -> None:
    before, after = ("".join(pieces).encode("utf-8", "surrogatepass") for pieces in spelled)
    replaced = replace_member(before, b"model", NEW)
    assert replaced == after
    assert json.loads(replaced) == {**json.loads(before), "model": "gpt-4o"}


def test_what_is_replaced_is_what_the_parser_reads() -> None:
    """Of a repeated key the parser takes the last: no spelling of it may keep the old value."""
    for document in (b'{"model":"a","mod\\u0065l":"b"}', b'{"mod\\u0065l":"a","model":"b"}'):
        replaced = replace_member(document, b"model", NEW)
        assert replaced is not None
        assert orjson.loads(replaced) == {"model": "gpt-4o"}


MEMBER = b'"v":"1"'


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (b'{"model":"x","a":1}', b'{"v":"1","a":1}'),
        (b'{ "a" : [1.0], "model" :\n"x" }', b'{ "a" : [1.0], "v":"1" }'),
        (b'{"a":{"model":"y"},"model":"x","b":"model"}', b'{"a":{"model":"y"},"v":"1","b":"model"}'),
        (b'{"a":"\\u006d","model":"x"}', b'{"a":"\\u006d","v":"1"}'),
        (b'{"model":"x","model":"y"}', None),
        (b'{"\\u006dodel":"x"}', None),
        (b'{"a":{"model":"y"},"\\u006dodel":"x"}', None),
        (b'{"a":"model"}', None),
    ],
)
def test_a_member_is_replaced_whole_or_not_at_all(document: bytes, found: bytes | None) -> None:
    assert replace_whole_member(document, b"model", MEMBER) == found
