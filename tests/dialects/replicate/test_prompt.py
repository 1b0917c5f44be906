"""Messages as a prompt: what goes where, what is left out by name, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.replicate.prompt import Turn, read_talk, transcript

URL = "https://example.com/a.png"
IMAGE: Json = {"type": "image_url", "image_url": {"url": URL}}


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


def test_system_prompts_are_one_wherever_they_stand() -> None:
    messages = [{"role": "system", "content": "A"}, user("hi"), {"role": "developer", "content": "B"}]
    talk = read_talk({"system": "S", "messages": messages}, [])
    assert (talk.system, talk.turns) == ("S\n\nA\n\nB", [Turn("user", "hi", [])])


def test_parts_are_one_text_and_images_beside_it() -> None:
    parts = [{"type": "text", "text": "a"}, IMAGE, {"type": "text", "text": "b"}]
    talk = read_talk({"messages": [user(parts)]}, [])
    assert talk.turns == [Turn("user", "a\nb", [URL])]
    assert talk.images == [URL]


def test_an_earlier_refusal_is_a_text() -> None:
    parts = [{"type": "refusal", "refusal": "no"}]
    messages = [{"role": "assistant", "content": None, "refusal": "no"}, {"role": "assistant", "content": parts}]
    assert [turn.text for turn in read_talk({"messages": messages}, []).turns] == ["no", "no"]


def test_what_has_no_place_is_named() -> None:
    dropped: list[str] = []
    image = {"type": "image_url", "image_url": {"url": URL, "detail": "high"}}
    messages = [
        {**user([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}, image]), "name": "Ada"},
        {"role": "assistant", "content": "b", "reasoning_content": "hm"},
    ]
    read_talk({"messages": messages}, dropped)
    assert dropped == ["messages.name", "messages.cache_control", "messages.image.detail", "messages.reasoning_content"]


@pytest.mark.parametrize(
    ("message", "kind", "param"),
    [
        ({"role": "tool", "tool_call_id": "1", "content": "x"}, "unsupported_capability", "messages[0]"),
        ({"role": "assistant", "tool_calls": [{"id": "1"}]}, "unsupported_capability", "messages[0]"),
        (user([{"type": "file", "file": {}}]), "unsupported_capability", "messages[0].content[0].type"),
        (user([{"type": "text", "text": 7}]), "invalid_request", "messages[0].content[0].text"),
        (user([7]), "invalid_request", "messages[0].content[0]"),
        (user(7), "invalid_request", "messages[0].content"),
        ({"role": "stranger", "content": "x"}, "invalid_request", "messages[0].role"),
        (7, "invalid_request", "messages[0]"),
    ],
)
def test_what_cannot_be_said_is_refused(message: object, kind: str, param: str) -> None:
    with pytest.raises(Failure) as caught:
        read_talk({"messages": [message]}, [])
    assert (caught.value.kind, caught.value.param) == (kind, param)


def test_a_transcript_leaves_the_word_to_who_is_next() -> None:
    turns = [Turn("user", "Hi!", []), Turn("assistant", "Yes?", []), Turn("user", "Why?", [])]
    assert transcript(turns) == "User: Hi!\n\nAssistant: Yes?\n\nUser: Why?\n\nAssistant:"
    assert transcript(turns[:2]) == "User: Hi!\n\nAssistant: Yes?"
