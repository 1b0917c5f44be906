"""Blocks while they are open: each alone, without a stream around it."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.anthropic.open_blocks import Progress, open_block
from proxy.dialects.parts import JSON_TOOL


def run(wire: Json, *deltas: Json, progress: Progress | None = None) -> list[Json]:
    block = open_block(wire, progress or Progress())
    said = [block.begin(), *(block.add(delta) for delta in deltas), block.close()]
    return [delta for delta in said if delta is not None]


def args(words: Any) -> Json:
    return {"type": "input_json_delta", "partial_json": words}


def call(index: int, arguments: str, **extras: Any) -> Json:
    return {
        "tool_calls": [{"index": index, **extras, "function": {**extras.get("function", {}), "arguments": arguments}}]
    }


def test_text() -> None:
    said = run(
        {"type": "text", "text": ""},
        {"type": "text_delta", "text": "a"},
        {"type": "text_delta", "text": ""},
        {"type": "new"},
    )
    assert said == [{"content": "a"}]
    assert run({"type": "text", "text": "at once"}) == [{"content": "at once"}]


def test_citations_come_when_it_is_known_how_far_they_reach() -> None:
    citation = {"type": "char_location", "cited_text": "b"}
    progress = Progress(length=10)
    said = run(
        {"type": "text", "text": "", "citations": []},
        {"type": "citations_delta", "citation": citation},
        {"type": "text_delta", "text": "bcd"},
        progress=progress,
    )
    assert said == [
        {"content": "", "annotations": []},
        {"content": "bcd"},
        {"annotations": [{"type": "citation", "start_index": 10, "end_index": 13, "citation": citation}]},
    ]


def test_thinking_comes_in_pieces_and_once_whole() -> None:
    said = run(
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "h"},
        {"type": "thinking_delta", "thinking": "m"},
        {"type": "thinking_delta", "thinking": ""},
        {"type": "signature_delta", "signature": "Eq+/="},
    )
    assert said == [
        {"reasoning_content": "h"},
        {"reasoning_content": "m"},
        {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "Eq+/="}]},
    ]


def test_redacted_thinking_comes_whole() -> None:
    block = {"type": "redacted_thinking", "data": "Emw="}
    assert run(dict(block)) == [{"thinking_blocks": [block]}]


def test_tool_arguments_pass_verbatim() -> None:
    said = run({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}, args(""), args('{"a"'), args(": 1 }"))
    assert said == [
        call(0, "", id="toolu_1", type="function", function={"name": "f"}),
        call(0, '{"a"'),
        call(0, ": 1 }"),
    ]


@pytest.mark.parametrize(("given", "arguments"), [({}, "{}"), ({"a": 1}, '{"a":1}')])
def test_a_tool_without_fragments_says_what_it_was_given(given: Json, arguments: str) -> None:
    said = run({"type": "tool_use", "id": "toolu_1", "name": "f", "input": given}, args(""), progress=Progress(calls=3))
    assert said[1:] == [call(3, arguments)]


def test_the_tool_that_stands_for_a_schema_is_text() -> None:
    progress = Progress()
    said = run(
        {"type": "tool_use", "id": "toolu_1", "name": JSON_TOOL, "input": {}}, args('{"a":1}'), progress=progress
    )
    assert said == [{"content": '{"a":1}'}]
    assert (progress.json_answer, progress.calls, progress.length) == (True, 0, 7)


def test_a_block_of_the_providers_own_is_carried_whole() -> None:
    use = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    said = run(dict(use), args('{"query":'), args(' "x"}'), progress=Progress(length=4))
    assert said == [{"provider_blocks": [{"at": 4, "block": {**use, "input": {"query": "x"}}}]}]


def test_deltas_of_an_unknown_type_are_laid_on_a_block_of_its_own() -> None:
    said = run(
        {"type": "compaction", "content": None},
        {"type": "compaction_delta", "content": "so "},
        {"type": "compaction_delta", "content": "far"},
    )
    assert said == [{"provider_blocks": [{"at": 0, "block": {"type": "compaction", "content": "so far"}}]}]


@pytest.mark.parametrize(
    ("wire", "delta"),
    [
        ({}, {}),
        ({"type": "text"}, {"type": "text_delta"}),
        ({"type": "text", "text": 5}, {}),
        ({"type": "text", "citations": 5}, {}),
        ({"type": "text"}, {"type": "citations_delta"}),
        ({"type": "thinking"}, {"type": "signature_delta"}),
        ({"type": "tool_use", "name": "f"}, {}),
        ({"type": "tool_use", "id": "a", "name": "f"}, args(5)),
        ({"type": "tool_use", "id": "a", "name": "f", "input": 5}, {}),
        ({"type": "server_tool_use"}, args("{")),
    ],
)
def test_a_broken_block_is_the_providers_fault(wire: Json, delta: Json) -> None:
    with pytest.raises(Failure) as caught:
        run(wire, delta)
    assert caught.value.kind == "provider_error"
