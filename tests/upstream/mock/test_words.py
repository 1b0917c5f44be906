"""Tokens and the reading of messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.upstream.mock.words import attached_to, count_prompt, count_tokens, last_user, split_tokens, text_of

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def test_a_token_is_a_word_or_a_character_with_the_space_before_it() -> None:
    assert split_tokens("Hello, wide  world!\n") == ["Hello", ",", " wide", "  world", "!", "\n"]


@given(st.text())
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(split_tokens(text)) == text
    assert len(split_tokens(text)) == count_tokens(text)


def test_the_prompt_counts_all_messages_and_attachments() -> None:
    parts = [{"type": "text", "text": "what is"}, PICTURE, {"type": "text", "text": "this?"}]
    assert count_prompt([{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]) == 3 + 4 + 85


def test_text_is_that_of_the_text_parts() -> None:
    assert text_of({"content": [{"type": "text", "text": "a"}, PICTURE, {"type": "text", "text": "b"}]}) == "a b"
    assert text_of({"content": None}) == text_of({}) == ""
    assert text_of({"content": [{"type": "odd", "text": 7}]}) == ""


def test_attachments_are_named() -> None:
    assert attached_to({"content": [PICTURE]}) == "1 image"
    assert attached_to({"content": [PICTURE, {"type": "file"}, PICTURE]}) == "2 images, 1 file"
    assert attached_to({"content": "text"}) == ""


def test_the_last_user_message_is_found() -> None:
    messages = [
        {"role": "user", "content": "1"},
        {"role": "user", "content": "2"},
        {"role": "assistant", "content": "3"},
    ]
    assert last_user(messages)["content"] == "2"
    assert last_user([]) == {}
