"""Blocks as parts, and which of them say more than that."""

import pytest

from proxy.call import Json
from proxy.dialects.bedrock.blocks import is_carried, is_told, parse_block

GUARDED = {"guardContent": {"text": {"text": "x", "qualifiers": ["query"]}}}
PNG = "iVBORw0KGgo="
STORED = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/a", "bucketOwner": "1"}}}}


@pytest.mark.parametrize(
    ("block", "part", "carried"),
    [
        ({"text": "a"}, {"type": "text", "text": "a"}, False),
        (GUARDED, {"type": "text", "text": "x"}, True),
        (
            {"guardContent": {"image": {"format": "png", "source": {"bytes": PNG}}}},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            True,
        ),
        (STORED, {"type": "image_url", "image_url": {"url": "s3://b/a"}}, True),
        ({"text": "a", "image": None}, {"type": "text", "text": "a"}, False),
        ({"text": "a", "image": {"source": 5}}, {"type": "text", "text": "a"}, False),
    ],
)
def test_a_block_is_a_part(block: Json, part: Json, carried: bool) -> None:
    assert parse_block(block, "x") == part
    assert is_carried(block) == carried


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"searchResult": {}},
        {"guardContent": "x"},
        {"guardContent": {}},
        {"guardContent": {"text": "x"}},
        {"guardContent": {"text": {"text": 5}}},
        {"guardContent": {"guardContent": {"text": {"text": "x"}}}},
    ],
)
def test_what_has_no_word_is_no_part(block: Json) -> None:
    assert parse_block(block, "x") is None


def test_a_part_is_told_by_a_block_that_says_it() -> None:
    part = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
    assert is_told(part, [STORED, GUARDED], "x")
    assert not is_told({**part, "text": "y"}, [STORED, GUARDED], "x")
    assert not is_told(part, [], "x")
