"""Thoughts of others travel whole inside reasoning items."""

import pytest

from proxy.call import Json
from proxy.dialects.responses.thoughts import MARK, can_return, pack, render_item, text_of, thought_of, unpack

SIGNED: Json = {"type": "thinking", "thinking": "Hm, \u00e9.", "signature": "EqQB/+=="}
REDACTED: Json = {"type": "redacted_thinking", "data": "Emw"}
ENCRYPTED: Json = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}


@pytest.mark.parametrize("block", [SIGNED, REDACTED])
def test_a_signed_block_comes_back_byte_for_byte_from_a_reasoning_item(block: Json) -> None:
    item = render_item(block, "rs_9")
    assert item["id"] == "rs_9"
    assert unpack(item) == block
    # An application that forgets the summary still returns the block.
    assert unpack({**item, "summary": []}) == block


def test_the_thoughts_are_shown_in_the_summary() -> None:
    assert render_item(SIGNED, "rs_9")["summary"] == [{"type": "summary_text", "text": "Hm, \u00e9."}]
    assert render_item(REDACTED, "rs_9")["summary"] == []


def test_an_item_of_openais_stays_as_it_is() -> None:
    assert render_item(ENCRYPTED, "rs_9") == ENCRYPTED
    assert unpack(ENCRYPTED) is ENCRYPTED


@pytest.mark.parametrize("sealed", [MARK, f"{MARK}!", f"{MARK}bm8", pack({"no": "type"}), 7, None])
def test_what_only_looks_packed_stays_as_it_is(sealed: object) -> None:
    item = {"type": "reasoning", "summary": [], "encrypted_content": sealed}
    assert unpack(item) is item


def test_the_text_is_the_summary_or_the_thoughts_themselves() -> None:
    summary = [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]
    content = [{"type": "reasoning_text", "text": "c"}]
    assert text_of({"summary": summary, "content": content}) == "a\n\nb"
    assert text_of({"summary": [], "content": content}) == "c"
    assert text_of({"summary": "?", "content": [None, {"text": 1}]}) == ""
    assert thought_of(SIGNED) == "Hm, \u00e9."
    assert thought_of({"type": "reasoning", "summary": summary}) == "a\n\nb"


@pytest.mark.parametrize(
    ("block", "kept", "returns"),
    [
        (ENCRYPTED, False, True),
        ({"type": "reasoning", "id": "rs_1", "summary": []}, False, False),
        ({"type": "reasoning", "id": "rs_1", "summary": []}, True, True),
        ({"type": "reasoning", "content": [{"type": "reasoning_text", "text": "c"}]}, False, True),
        (SIGNED, True, False),
        ("reasoning", True, False),
    ],
)
def test_what_a_provider_of_this_kind_can_read_goes_back(block: Json, kept: bool, returns: bool) -> None:
    assert can_return(block, kept) is returns
