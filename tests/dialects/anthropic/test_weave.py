"""Text, citations and the provider's own blocks, put together again."""

from proxy.call import Json
from proxy.dialects.anthropic.weave import annotate, insert, weave

PAGE: Json = {
    "type": "web_search_result_location",
    "cited_text": "b",
    "url": "https://a",
    "title": "A",
    "encrypted_index": "Eo8=",
}
CHARS: Json = {
    "type": "char_location",
    "cited_text": "b",
    "document_index": 0,
    "start_char_index": 0,
    "end_char_index": 1,
}
OWN: Json = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}


def text(words: str, *citations: Json) -> Json:
    return {"type": "text", "text": words, **({"citations": [*citations]} if citations else {})}


def test_a_web_page_is_cited_in_openais_words_and_anthropics() -> None:
    note = annotate(PAGE, 2, 5)
    assert note["type"] == "url_citation"
    assert note["url_citation"] == {"start_index": 2, "end_index": 5, "url": "https://a", "title": "A"}
    assert note["citation"] == PAGE
    assert annotate(CHARS, 2, 5)["type"] == "citation"


def test_text_is_cut_where_it_was_cited() -> None:
    notes = [annotate(PAGE, 3, 7), annotate(CHARS, 3, 7), annotate(CHARS, 7, 8)]
    assert weave("the best !", notes, None) == [
        text("the"),
        text(" bes", PAGE, CHARS),
        text("t", CHARS),
        text(" !"),
    ]


def test_blocks_come_back_where_they_stood() -> None:
    first, second, last = ({**OWN, "id": name} for name in "abc")
    own = [{"at": 0, "block": first}, {"at": 3, "block": second}, {"at": 9, "block": last}]
    assert weave("one two", None, own) == [first, text("one"), second, text(" two"), last]
    assert weave("", None, own) == [first, second, last]


def test_what_does_not_fit_the_text_is_left_out() -> None:
    notes = [annotate(PAGE, 0, 4), annotate(CHARS, 2, 6), annotate(CHARS, 5, 99), {"citation": PAGE}, "note"]
    assert weave("abcdef", notes, "blocks") == [text("abcd", PAGE), text("ef")]


def test_only_its_own_comes_back() -> None:
    theirs = [{"at": 0, "block": {"type": "executableCode"}, "dialect": "gemini"}]
    notes = [{**annotate(CHARS, 0, 2), "dialect": "cohere"}]
    ours = [{"at": 0, "block": OWN, "dialect": "anthropic"}]
    assert weave("ab", notes, theirs) == [text("ab")]
    assert weave("ab", [{**annotate(CHARS, 0, 2), "dialect": "anthropic"}], ours) == [OWN, text("ab", CHARS)]


def test_no_text_no_block() -> None:
    assert weave("", [], []) == []


def test_blocks_come_back_between_parts() -> None:
    parts = [text("a"), text("b")]
    assert insert(parts, [{"at": 1, "block": OWN}]) == [text("a"), OWN, text("b")]
    assert insert([], [{"at": 4, "block": OWN}]) == [OWN]
