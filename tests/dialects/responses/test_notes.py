"""Citations keep their places, in the part and in the whole."""

import pytest

from proxy.call import Failure, Json
from proxy.dialects.responses.notes import parse_note, render_note, render_notes

PAGE: Json = {"type": "url_citation", "start_index": 1, "end_index": 4, "url": "https://x", "title": "X"}
FILE: Json = {"type": "file_citation", "index": 3, "file_id": "f", "filename": "a.txt"}
BOX: Json = {"type": "container_file_citation", "start_index": 0, "end_index": 2, "file_id": "f", "container_id": "c"}


@pytest.mark.parametrize("wire", [PAGE, FILE, BOX])
def test_a_citation_comes_back_as_it_was(wire: Json) -> None:
    assert render_note(parse_note(wire)) == wire


@pytest.mark.parametrize(
    ("wire", "moved"),
    [(PAGE, {"start_index": 11, "end_index": 14}), (FILE, {"index": 13}), (BOX, {"start_index": 10, "end_index": 12})],
)
def test_a_citation_of_a_later_part_is_counted_in_the_whole(wire: Json, moved: Json) -> None:
    assert render_note(parse_note(wire, 10)) == wire | moved


def test_a_page_is_said_in_openais_chat_words() -> None:
    page = {"start_index": 1, "end_index": 4, "url": "https://x", "title": "X"}
    assert parse_note(PAGE) == {"type": "url_citation", "url_citation": page, "start_index": 1, "end_index": 4}


def test_a_page_without_a_place_or_a_title_still_has_what_the_sdks_ask_for() -> None:
    note = {"type": "url_citation", "url_citation": {"url": "https://x"}}
    expected = {"type": "url_citation", "url": "https://x", "title": "", "start_index": 0, "end_index": 0}
    assert render_note(note) == expected


def test_another_providers_own_citation_is_noted() -> None:
    dropped: list[str] = []
    foreign = {"type": "citation", "citation": {"type": "char_location"}}
    assert render_notes([foreign, "?", parse_note(PAGE)], dropped) == [PAGE]
    assert dropped == ["messages.annotations"]
    assert render_notes(None, dropped) == []


def test_an_annotation_that_is_none_breaks_the_protocol() -> None:
    with pytest.raises(Failure):
        parse_note("here")
