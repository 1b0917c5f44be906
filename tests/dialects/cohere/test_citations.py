"""Citations as annotations, and back."""

import pytest

from proxy.call import Failure, Json
from proxy.dialects.cohere.citations import annotate, cite

OWN: Json = {"start": 2, "end": 4, "text": "is", "sources": [], "content_index": 1, "type": "TEXT_CONTENT"}


def test_a_citation_spans_the_whole_text_in_the_hub() -> None:
    note = annotate(OWN, [0, 10])
    assert note == {"type": "citation", "citation": OWN, "dialect": "cohere", "start_index": 12, "end_index": 14}
    assert cite(note, "x" * 20) == OWN
    assert cite(note, "x" * 20, 0) == {**OWN, "start": 12, "end": 14, "content_index": 0}
    assert cite(note, None, 1, 10) == OWN


@pytest.mark.parametrize("kind", ["THINKING_CONTENT", "PLAN"])
def test_what_speaks_of_a_thought_spans_no_text(kind: str) -> None:
    note = annotate({**OWN, "type": kind}, [0, 10])
    assert "start_index" not in note
    assert cite(note, "x" * 20, 0) == {**OWN, "type": kind}


def test_an_index_beyond_the_content_counts_from_the_beginning() -> None:
    assert annotate({**OWN, "content_index": 9}, [0])["start_index"] == 2
    assert annotate({"start": 2, "end": 4}, [])["start_index"] == 2


def test_a_page_of_the_web_is_a_source() -> None:
    page = {"url": "https://example.com", "title": "Example"}
    note = {"type": "url_citation", "url_citation": page, "start_index": 3, "end_index": 5}
    assert cite(note, "It is so.", 0) == {
        "start": 3,
        "end": 5,
        "text": "is",
        "sources": [{"type": "document", "id": "https://example.com", "document": page}],
        "type": "TEXT_CONTENT",
    }
    said = cite(note, None, 0)
    assert said is not None
    assert "text" not in said


@pytest.mark.parametrize(
    "note",
    [
        5,
        {"type": "citation", "citation": {}, "start_index": 0, "end_index": 1},
        {"type": "citation", "citation": {}, "dialect": "anthropic", "start_index": 0, "end_index": 1},
        {"type": "url_citation", "url_citation": {"url": "https://example.com"}},
        {"type": "url_citation", "start_index": 0, "end_index": 1},
    ],
)
def test_what_only_others_understand(note: object) -> None:
    assert cite(note, "It is so.", 0) is None


def test_a_citation_is_an_object() -> None:
    with pytest.raises(Failure):
        annotate([OWN], [0])
