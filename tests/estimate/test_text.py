"""How far an estimate is from what real tokenizers count, and that nothing makes it fail or slow.

tests/tokens/counts.json has what they count in our own texts, in which nothing was fitted; `make tokens` measures much more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.estimate.text import ASCII, FEATURES, LONGEST, features, sampled, weigh_text
from tests.tokens.fit import BASES
from tests.tokens.paths import COUNTS, TEXTS

COUNTED: Mapping[str, Mapping[str, int]] = json.loads(COUNTS.read_text("utf-8"))
#: The mean over all tokenizers, and how far one of them may be below.
MEAN, BELOW = 0.13, 0.28


def errors(name: str) -> list[float]:
    text = (TEXTS / f"{name}.txt").read_text("utf-8")
    counts = COUNTED[name]
    true = {family: sum(counts[each] for each in names) / len(names) for family, names in BASES.items()}
    return [weigh_text(text, family) / count - 1 for family, count in true.items()]


@pytest.mark.parametrize("name", COUNTED)
def test_a_class_of_text_is_near_what_tokenizers_count(name: str) -> None:
    found = errors(name)
    assert sum(map(abs, found)) / len(found) < MEAN
    assert min(found) > -BELOW


def test_all_of_it_is_nearer() -> None:
    found = [error for name in COUNTED for error in errors(name)]
    assert len(COUNTED) == 15
    assert sum(map(abs, found)) / len(found) < 0.08


def has(text: str) -> dict[str, int]:
    """What is there of any feature."""
    return {name: count for name, count in zip(FEATURES, features(text), strict=False) if count}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("two words", {"words": 2, "letters": 8}),
        ("getURLs", {"words": 1, "letters": 7, "capitals": 3, "humps": 1}),
        ("abcdefghi", {"words": 1, "letters": 9, "letters after 7": 2}),
        ("a" * 20, {"words": 1, "letters": 20, "letters after 7": 13, "letters after 15": 5}),
        ("A" * 20, {"words": 1, "letters": 20, "capitals": 20, "capitals after 15": 5}),
        ("v12 3.45", {"words": 1, "letters": 1, "digits": 5, "numbers": 3, "marks": 1}),
        ("a -- b", {"words": 2, "letters": 2, "marks": 2, "marks after a space": 1}),
        ("a:\n  b\n\tc", {"words": 3, "letters": 3, "marks": 1, "indented lines": 2}),
    ],
)
def test_what_is_found_in_ascii(text: str, found: dict[str, int]) -> None:
    assert has(text) == found
    assert len(features(text)) == len(ASCII)


@pytest.mark.parametrize(
    ("text", "script"),
    [
        *(
            ("жук", "Cyrillic"),
            ("λόγ", "Greek"),
            ("שלם", "Hebrew"),
            ("كتب", "Arabic"),
            ("நநந", "Indic"),
            ("ააა", "Georgian"),
        ),
        *(
            ("“—”", "marks beyond ASCII"),
            ("ひカあ", "kana"),
            ("漢字中", "Han"),
            ("한국어", "Hangul"),
            ("\uff0c。\uff01", "full width"),
        ),
        *(("😀🚀🎉", "emoji"), ("अबक", "Devanagari"), ("বাং", "Bengali"), ("ไทย", "Thai")),
    ],
)
def test_a_character_counts_once_and_as_its_script(text: str, script: str) -> None:
    expected = {script: 3} if script != "full width" else {"full width": 2, "kana": 1}
    assert has(text) == expected


def test_a_letter_of_another_language_speaks_for_those_around_it() -> None:
    assert has("größer als") == {"words": 2, "letters": 9, "Latin-1": 2, "foreign letters": 9, "foreign words": 2}
    long = has("ü" + " abcd" * 100)
    assert (long["foreign letters"], long["foreign words"]) == (50, 13)
    assert has("ế")["Vietnamese"] == 1


@given(st.text(st.characters(), max_size=300))
def test_any_text_has_a_count(text: str) -> None:
    assert 0 <= weigh_text(text) < 5 * len(text) + 1
    assert min(features(text), default=0) >= 0


def test_of_a_long_text_evenly_spread_pieces_are_read() -> None:
    text = "".join(chr(ord("a") + index * 26 // 1_000_000) for index in range(1_000_000))
    read = sampled(text)
    assert len(read) == LONGEST
    assert sorted(set(read)) == [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = "some words of a text " * 10_000
    assert weigh_text(words) == pytest.approx(weigh_text(words[:LONGEST]) * len(words) / LONGEST, rel=0.02)
