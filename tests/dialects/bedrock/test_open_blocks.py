"""Content blocks while they are open."""

import pytest

from proxy.call import Failure, Json
from proxy.dialects.bedrock.open_blocks import OpenBlock, Progress, open_by_delta, open_by_start

CITED = {"title": "t", "location": {"web": {"url": "https://a"}}}


def run(start: Json | None, *deltas: Json) -> list[Json]:
    """What a block says from its beginning to its end."""
    progress = Progress(length=3)
    if start is None:
        block, said = open_by_delta(deltas[0], progress), []
    else:
        block, first = open_by_start(start, progress)
        said = [] if first is None else [first]
    said += [delta for wire in deltas if (delta := block.add(wire)) is not None]
    return [*said, *([] if (last := block.close()) is None else [last])]


def test_text_passes_and_its_citations_come_when_it_is_whole() -> None:
    said = run(None, {"text": "ab"}, {"text": ""}, {"citation": CITED}, {"text": "c"})
    assert said[:2] == [{"content": "ab"}, {"content": "c"}]
    [note] = said[2]["annotations"]
    assert (note["url_citation"]["start_index"], note["url_citation"]["end_index"], note["citation"]) == (3, 6, CITED)


def test_a_thought_is_whole_with_its_signature() -> None:
    said = run(
        None,
        {"reasoningContent": {"text": "h"}},
        {"reasoningContent": {"text": "m"}},
        {"reasoningContent": {"signature": "s+"}},
        {"reasoningContent": {"signature": "/="}},
    )
    assert said == [
        {"reasoning_content": "h"},
        {"reasoning_content": "m"},
        {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s+/="}]},
    ]
    assert run(None, {"reasoningContent": {"redactedContent": "AAAA"}}) == [
        {"thinking_blocks": [{"type": "redacted_thinking", "data": "AAAA"}]}
    ]


def test_an_unsigned_thought_is_only_text() -> None:
    assert run(None, {"reasoningContent": {"text": "hm"}}) == [{"reasoning_content": "hm"}]


def test_a_tools_arguments_pass_as_they_come_and_none_are_an_empty_object() -> None:
    start = {"toolUse": {"toolUseId": "t", "name": "f"}}
    head = {"index": 0, "id": "t", "type": "function", "function": {"name": "f", "arguments": ""}}
    assert run(start, {"toolUse": {"input": '{"a"'}}, {"toolUse": {"input": ":1}"}}) == [
        {"tool_calls": [head]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]},
    ]
    assert run(start, {"toolUse": {"input": ""}})[1:] == [
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}
    ]


def test_the_tool_that_stands_for_a_schema_speaks_text() -> None:
    start = {"toolUse": {"toolUseId": "t", "name": "outrider_json_answer"}}
    assert run(start, {"toolUse": {"input": '{"a":1}'}}) == [{"content": '{"a":1}'}]


def test_a_tool_that_runs_at_bedrock_is_carried_whole() -> None:
    use = {"toolUseId": "t", "name": "nova_code_interpreter", "type": "server_tool_use"}
    [said] = run({"toolUse": use}, {"toolUse": {"input": '{"x":'}}, {"toolUse": {"input": "1}"}})
    block = {"toolUse": {**use, "input": {"x": 1}}}
    assert said == {"provider_blocks": [{"at": 3, "block": block, "dialect": "bedrock"}]}
    [result] = run({"toolResult": {"toolUseId": "t", "status": "success"}}, {"toolResult": [{"json": {"a": 1}}]})
    assert result["provider_blocks"][0]["block"] == {
        "toolResult": {"toolUseId": "t", "status": "success", "content": [{"json": {"a": 1}}]}
    }


def test_an_image_is_an_image() -> None:
    [said] = run({"image": {"format": "png"}}, {"image": {"source": {"bytes": "AAAA"}}})
    assert said == {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}
    [lost] = run({"image": {"format": "png"}}, {"image": {"error": {"message": "no"}}})
    assert "provider_blocks" in lost


def test_a_block_of_an_unknown_kind_says_nothing() -> None:
    assert type(open_by_delta({"hologram": {}}, Progress())) is OpenBlock
    assert run(None, {"hologram": {}}) == []


@pytest.mark.parametrize(
    ("start", "delta"),
    [
        (None, {"text": 5}),
        (None, {"citation": "x"}),
        (None, {"reasoningContent": "x"}),
        ({"toolUse": {"name": "f"}}, {}),
        ({"toolUse": {"toolUseId": "t", "name": "f"}}, {"text": "x"}),
        ({"toolUse": {"type": "server_tool_use"}}, {"toolUse": {"input": "{"}}),
        ({"toolResult": {}}, {"toolResult": "x"}),
    ],
)
def test_a_broken_block_is_the_providers_fault(start: Json | None, delta: Json) -> None:
    with pytest.raises(Failure) as caught:
        run(start, delta)
    assert caught.value.kind == "provider_error"
