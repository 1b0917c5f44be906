"""Text, its citations, and blocks of Bedrock's own in between."""

import pytest

from proxy.call import Json
from proxy.dialects.bedrock.citations import annotate, citation_of, weave

CITED = {"title": "policy", "location": {"documentChunk": {"documentIndex": 0, "start": 0, "end": 1}}}
WEB = {"title": "Ruby", "location": {"web": {"url": "https://ruby.example", "domain": "ruby.example"}}}
OWN = {"guardContent": {"text": {"text": "x"}}}


def test_a_citation_keeps_what_bedrock_said_of_it() -> None:
    note = annotate(CITED, 2, 5)
    assert note == {"type": "citation", "start_index": 2, "end_index": 5, "citation": CITED, "dialect": "bedrock"}
    assert citation_of(note) == CITED


def test_a_web_page_is_said_in_openais_words_too() -> None:
    note = annotate(WEB, 0, 4)
    page = {"start_index": 0, "end_index": 4, "url": "https://ruby.example", "title": "Ruby"}
    assert (note["type"], note["url_citation"]) == ("url_citation", page)
    assert citation_of(note) == WEB


def test_anyones_web_page_has_a_form_here_and_other_citations_have_none() -> None:
    page = {"url": "https://a", "title": "A", "start_index": 0, "end_index": 1}
    assert citation_of({"type": "url_citation", "url_citation": page}) == {
        "title": "A",
        "location": {"web": {"url": "https://a"}},
    }
    assert citation_of({"type": "citation", "citation": {"type": "char_location"}}) is None


def test_text_is_cut_where_citations_and_blocks_stand() -> None:
    woven = weave("ab cd ef", [annotate(CITED, 3, 5)], [{"at": 2, "block": OWN, "dialect": "bedrock"}])
    cited = {"citationsContent": {"content": [{"text": "cd"}], "citations": [CITED]}}
    assert woven == [{"text": "ab"}, OWN, cited, {"text": " ef"}]


@pytest.mark.parametrize(
    ("annotations", "blocks"),
    [
        ([annotate(CITED, 0, 99)], None),
        ([annotate(CITED, 1, 1)], None),
        (["x", {"citation": 5, "dialect": "bedrock"}], [{"at": 0, "block": OWN}, {"at": 0, "dialect": "bedrock"}]),
    ],
)
def test_what_does_not_fit_is_left_out(annotations: list[Json], blocks: list[Json]) -> None:
    assert weave("abc", annotations, blocks) == [{"text": "abc"}]


def test_of_overlapping_citations_the_first_counts() -> None:
    woven = weave("abcd", [annotate(CITED, 0, 3), annotate(WEB, 2, 4), annotate(WEB, 0, 3)])
    assert woven[0]["citationsContent"]["citations"] == [CITED, WEB]
    assert woven[1] == {"text": "d"}


def test_blank_text_makes_no_block() -> None:
    assert weave("  \n") == weave("") == []
