"""Prompts as a span tells them: short, in the words of the conventions, and without secrets, wherever they are cut."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.tracing.content import CUT, MARGIN, input_messages

SECRET = "sk-canary-0123456789abcdefghij"


def clean(text: str) -> str:
    return text.replace(SECRET, "[redacted]")


def told(unified: dict[str, Any], limit: int = 1000) -> Any:
    found = input_messages(unified, limit, clean)
    return None if found is None else orjson.loads(found)


def text(said: str, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": said}]}


def test_a_conversation() -> None:
    called = {"id": "1", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}}
    messages = [
        {"role": "system", "content": "be brief"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "u"}}],
        },
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "1", "content": "sunny"},
    ]
    assert told({"messages": messages}) == [
        text("be brief", "system"),
        {"role": "user", "parts": [{"type": "text", "content": "look"}, {"type": "image_url"}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "weather", "arguments": '{"city":"Bern"}'}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": "sunny"}]},
    ]


def test_the_latest_goes_first_where_room_is_short() -> None:
    messages = [{"role": "user", "content": each} for each in ("first", "second", "third")]
    assert told({"messages": messages}, 8) == [text("sec" + CUT), text("third")]


def test_other_operations() -> None:
    assert told({"input": ["one", "two"]}) == [text("one"), text("two")]
    assert told({"prompt": "one"}) == [text("one")]
    assert told({"input": [1, 2, 3]}) is None
    assert told({}) is None


@pytest.mark.parametrize("at", [0, 90, 95, 99, 100, 101, 4000, MARGIN + 80, MARGIN + 99, 2 * MARGIN])
def test_no_half_of_a_secret_is_left(at: int) -> None:
    said = "." * at + SECRET + "." * 9000
    found = orjson.dumps(told({"messages": [{"role": "user", "content": said}]}, 100)).decode()
    assert not any(SECRET[:length] in found for length in range(4, len(SECRET)))
    assert len(found) < 200


def test_many_secrets_do_not_draw_what_lies_behind_into_the_light() -> None:
    said = SECRET * 1000
    found = orjson.dumps(told({"messages": [{"role": "user", "content": said}]}, 3000)).decode()
    assert "canary" not in found.replace("[redacted]", "")


Junk = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "text", "type", "tool_calls", "function", "name", "arguments"]), inner
        )
    ),
    max_leaves=20,
)


@given(st.fixed_dictionaries({}, optional={"messages": Junk, "input": Junk, "prompt": Junk}), st.integers(1, 50))
def test_any_request(unified: dict[str, Any], limit: int) -> None:
    found = told(unified, limit)
    assert found is None or all(message["parts"] for message in found)


def test_a_message_of_countless_parts_and_a_long_role_is_bounded() -> None:
    cleaned = list[int]()

    def counted(text: str) -> str:
        cleaned.append(len(text))
        return text

    message = {"role": "r" * 1_000_000, "content": [{"type": "text", "text": "abcde"}] * 50_000}
    found = input_messages({"messages": [message]}, 1000, counted)
    assert found is not None
    assert len(found) < 12_000
    assert sum(cleaned) <= 1000
