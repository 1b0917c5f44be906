"""Web addresses in a unified request, and content in their place."""

from proxy.call import Json
from proxy.upstream.web_parts import WebPart, web_parts, with_contents

BOTH = frozenset({"image", "file"})
URL = "https://example.com/a"
IMAGE: Json = {"type": "image_url", "image_url": {"url": URL, "detail": "low"}}
SHORT: Json = {"type": "image", "source": {"type": "url", "url": URL}, "detail": "high"}
FILE: Json = {"type": "file", "file": {"file_url": URL, "filename": "a.pdf"}}


def asking(*parts: Json, role: str = "user") -> Json:
    return {"model": "m", "messages": [{"role": "system", "content": "x"}, {"role": role, "content": [*parts]}]}


def test_where_addresses_stand() -> None:
    assert list(web_parts(asking(IMAGE, SHORT, FILE, role="tool"), BOTH)) == [
        WebPart("messages[1].content[0].image_url.url", "image", URL, "messages.image.url"),
        WebPart("messages[1].content[1].source.url", "image", URL, "messages.image.url"),
        WebPart("messages[1].content[2].file.file_url", "file", URL, "messages.file.url"),
    ]
    assert [part.kind for part in web_parts(asking(IMAGE, FILE), frozenset({"file"}))] == ["file"]


def test_what_is_no_web_address() -> None:
    unified = asking(
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "gs://bucket/a.png"}},
        {"type": "image_url", "image_url": {"url": 5}},
        {"type": "image_url"},
        {"type": "file", "file": {"file_id": "f"}},
        {"type": "text", "text": URL},
        {"type": ["image_url"]},
    )
    assert list(web_parts(unified, BOTH)) == []
    assert list(web_parts({"messages": None}, BOTH)) == []
    assert list(web_parts({"messages": [5, {"role": "user"}]}, BOTH)) == []
    assert len(list(web_parts(asking({"type": "image_url", "image_url": {"url": "HTTPS://EXAMPLE.COM"}}), BOTH))) == 1


def test_content_takes_their_place_in_a_copy() -> None:
    unified = asking(IMAGE, SHORT, FILE, {"type": "text", "text": "x"})
    content = "data:image/png;base64,AAAA"
    pdf = "data:application/pdf;base64,BBBB"
    copy = with_contents(unified, BOTH, {("image", URL): content, ("file", URL): pdf})
    assert copy == asking(
        {"type": "image_url", "image_url": {"url": content, "detail": "low"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}, "detail": "high"},
        {"type": "file", "file": {"file_data": pdf, "filename": "a.pdf"}},
        {"type": "text", "text": "x"},
    )
    assert unified == asking(IMAGE, SHORT, FILE, {"type": "text", "text": "x"})
