"""Places in bytes and in characters, and what rests on them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Json
from proxy.dialects.gemini.grounding import Ruler, annotations_of, grounding_of

TEXT = "K\u00f6ln is old. \U0001f600 Yes"


def ruler_of(*pieces: str) -> Ruler:
    ruler = Ruler()
    for piece in pieces:
        ruler.add(piece)
    return ruler


@settings(max_examples=100, deadline=None, database=None)
@given(st.lists(st.text(alphabet="ab\u00e9\u4e2d\U0001f600", max_size=4), max_size=6))
def test_every_character_is_found_by_its_byte(pieces: list[str]) -> None:
    ruler, text = ruler_of(*pieces), "".join(pieces)
    assert [ruler.character_at(len(text[:at].encode())) for at in range(len(text) + 1)] == [*range(len(text) + 1)]
    assert ruler.character_at(1 << 40) == len(text)
    assert ruler.character_at(None) == 0


def test_pages_and_what_is_no_page() -> None:
    web, context = {"web": {"uri": "https://k.de", "title": "K"}}, {"retrievedContext": {"text": "t"}}
    end = len(TEXT[:12].encode())
    grounding = {
        "groundingChunks": [web, context],
        "groundingSupports": [{"segment": {"endIndex": end, "text": "x"}, "groundingChunkIndices": [0, 1, 9]}],
    }
    citations = {"citations": [{"startIndex": 1, "endIndex": 3, "uri": "https://c"}]}
    span = {"start_index": 0, "end_index": 12}
    notes = annotations_of(
        {"groundingMetadata": grounding, "citationMetadata": citations}, ruler_of(TEXT[:3], TEXT[3:])
    )
    assert notes == [
        {
            "type": "url_citation",
            "url_citation": {**span, "url": "https://k.de", "title": "K"},
            **span,
            "citation": web,
            "dialect": "gemini",
        },
        {"type": "citation", **span, "citation": context, "dialect": "gemini"},
        {
            "type": "url_citation",
            "url_citation": {"start_index": 1, "end_index": 2, "url": "https://c", "title": None},
            "start_index": 1,
            "end_index": 2,
            "citation": citations["citations"][0],
            "dialect": "gemini",
        },
    ]


def test_pages_that_others_cite() -> None:
    page: Json = {"type": "url_citation", "url_citation": {"url": "https://a", "start_index": 1, "end_index": 4}}
    said = grounding_of([page, {"type": "citation"}, 3], TEXT)
    assert said["groundingChunks"] == [{"web": {"uri": "https://a", "title": "https://a"}}]
    assert said["groundingSupports"] == [
        {"segment": {"startIndex": 1, "endIndex": 5, "text": "\u00f6ln"}, "groundingChunkIndices": [0]}
    ]
    assert "groundingSupports" not in grounding_of([page], "")
    assert grounding_of(None, "") == {}
