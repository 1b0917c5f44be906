"""Tool calls of replies, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.ollama.calls import arguments_text, parse_calls, render_calls

WHEN = "2026-01-01T00:00:00Z"


def wire(name: str, arguments: Any, **more: Any) -> Json:
    return {"function": {"name": name, "arguments": arguments}, **more}


def unified(called: str, name: str, arguments: str) -> Json:
    return {"id": called, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_a_call_keeps_its_id_and_place() -> None:
    [call] = parse_calls([wire("a", {"x": 1}, id="c1")], WHEN, 2)
    assert call == unified("c1", "a", '{"x":1}')
    assert render_calls([call], 2) == [{"id": "c1", "function": {"index": 2, "name": "a", "arguments": {"x": 1}}}]


def test_an_id_is_made_up_from_the_answer_and_the_place() -> None:
    same = [wire("a", {}), wire("a", None)]
    ids = [call["id"] for call in parse_calls(same, WHEN, 0)]
    assert len(set(ids)) == 2
    assert [call["id"] for call in parse_calls(same, WHEN, 0)] == ids
    assert [call["id"] for call in parse_calls(same, "2026-01-02T00:00:00Z", 0)] != ids


def test_a_call_without_an_id_is_said_without() -> None:
    assert render_calls([{"function": {"name": "a", "arguments": ""}}]) == [
        {"function": {"index": 0, "name": "a", "arguments": {}}}
    ]


@pytest.mark.parametrize("call", [3, {}, wire("a", "{}"), {"function": {"arguments": {}}}])
def test_a_call_that_breaks_the_protocol(call: Any) -> None:
    with pytest.raises(Failure) as failure:
        parse_calls([call], WHEN, 0)
    assert failure.value.kind == "provider_error"


@pytest.mark.parametrize("call", [3, {}, wire("a", "[1]"), wire("a", "{"), {"function": {"arguments": "{}"}}])
def test_a_call_that_cannot_be_said(call: Any) -> None:
    with pytest.raises(Failure) as failure:
        render_calls([call])
    assert failure.value.kind == "provider_error"


def test_arguments_nested_too_deeply() -> None:
    deep: Json = {}
    for _ in range(500):
        deep = {"a": deep}
    assert arguments_text(deep) is None
    with pytest.raises(Failure, match="nested too deeply"):
        parse_calls([wire("a", deep)], WHEN, 0)


def test_a_call_that_was_cut_is_left_out() -> None:
    whole, cut = unified("c1", "a", "{}"), unified("c2", "b", '{"x":')
    assert render_calls([whole, cut, unified("c3", "c", "")], cut=True) == [
        {"id": "c1", "function": {"index": 0, "name": "a", "arguments": {}}}
    ]
    with pytest.raises(Failure):
        render_calls([whole, cut])
