"""What a person is told of each kind of failure: every kind, the same party as everywhere, and words that fit on a line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proxy.advice import ADVICE, WORDS
from proxy.call import KINDS

LONGEST = 100
PAGES = Path(__file__).parent.parent / "docs"


def test_every_kind_has_its_words_and_no_other() -> None:
    assert list(WORDS) == list(KINDS) == list(ADVICE)


@pytest.mark.parametrize("kind", KINDS)
def test_it_names_the_party_that_everything_else_names(kind: str) -> None:
    assert ADVICE[kind].party == KINDS[kind].party


@pytest.mark.parametrize("words", [text for pair in WORDS.values() for text in pair])
def test_words_fit_on_a_line_of_any_format(words: str) -> None:
    assert words.isascii()
    assert words.isprintable()
    assert 10 < len(words) <= LONGEST
    assert not words.endswith(".")
    assert '"' not in words


def test_the_documentation_has_the_table_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \| (.+) \|$", (PAGES / "logs.md").read_text("utf-8"), re.MULTILINE)
    assert {kind: tuple(rest) for kind, *rest in rows if kind in KINDS} == {kind: tuple(ADVICE[kind]) for kind in KINDS}
