"""Unified messages as Cohere's."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.cohere.fields import Draft
from proxy.dialects.cohere.messages import render_messages

CALL: Json = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}}


def render(*messages: Any, **fields: Any) -> tuple[list[Json], list[str]]:
    draft = Draft({"messages": [*messages], **fields}, {"model": "m"})
    return render_messages(draft), draft.dropped


def test_plain_turns() -> None:
    said, dropped = render(
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        {"role": "assistant", "content": "Hello."},
        {"role": "assistant", "content": ""},
        system="Be brief.",
    )
    assert said == [
        {"role": "system", "content": "Be brief."},
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        {"role": "assistant", "content": "Hello."},
    ]
    assert dropped == []


def test_calls_and_their_results() -> None:
    said, dropped = render(
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [CALL, {**CALL, "id": "c2", "function": {"name": "now", "arguments": ""}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": {"sun": True}},
        {"role": "tool", "tool_call_id": "c2", "content": None},
    )
    assert said == [
        {
            "role": "assistant",
            "tool_calls": [CALL, {"id": "c2", "type": "function", "function": {"name": "now", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": '{"sun":true}'},
        {"role": "tool", "tool_call_id": "c2", "content": ""},
    ]
    assert dropped == []


def test_thoughts_and_plans() -> None:
    plan = {"role": "assistant", "content": None, "tool_plan": "I look.", "reasoning_content": "Hm. I look."}
    [said], _ = render({**plan, "tool_calls": [CALL]})
    assert said == {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "Hm. "}],
        "tool_calls": [CALL],
        "tool_plan": "I look.",
    }
    [said], _ = render({"role": "assistant", "content": "So.", "reasoning_content": "Hm."})
    assert said["content"] == [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "So."}]


def test_what_has_no_word_is_named() -> None:
    call = {**CALL, "extra_content": {"google": {"thought_signature": "s"}}, "cache_control": {"type": "ephemeral"}}
    _, dropped = render(
        {
            "role": "assistant",
            "content": "So.",
            "name": "ann",
            "thinking_blocks": [{"type": "thinking"}],
            "tool_calls": [call],
            "annotations": [{"type": "citation", "citation": {}, "start_index": 0, "end_index": 1}],
            "provider_blocks": [{"at": 0, "block": {"type": "server_tool_use"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "x", "is_error": True},
    )
    assert set(dropped) == {
        "messages.name",
        "messages.thinking_blocks",
        "messages.thought_signature",
        "messages.cache_control",
        "messages.annotations",
        "messages.provider_blocks",
        "messages.tool.is_error",
    }


def test_citations_go_back_as_they_were() -> None:
    citation = {"start": 0, "end": 2, "text": "So", "sources": [], "content_index": 1}
    note = {"type": "citation", "citation": citation, "dialect": "cohere", "start_index": 0, "end_index": 2}
    [said], dropped = render({"role": "assistant", "content": "So.", "annotations": [note]})
    assert said["citations"] == [citation]
    assert dropped == []


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("hi", "messages[0]"),
        ({"role": "function", "content": "x"}, "messages[0].role"),
        ({"role": "user", "content": None}, "messages[0].content"),
        ({"role": "tool", "content": "x"}, "messages[0].tool_call_id"),
        ({"role": "assistant", "tool_calls": [{"id": "c"}]}, "messages[0].tool_calls[0].function"),
        (
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "[]"}}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"role": "assistant", "content": "x", "tool_plan": 5}, "messages[0].tool_plan"),
    ],
)
def test_what_is_wrong_is_named(message: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render(message)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)
