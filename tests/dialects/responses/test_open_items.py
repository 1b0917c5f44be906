"""What each item of a stream adds, and what it leaves when it is done."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.responses.open_items import OpenItem, Progress, open_item
from proxy.dialects.responses.thoughts import pack


def opened(kind: str, **said: Any) -> tuple[OpenItem, Progress]:
    progress = Progress()
    return open_item({"type": kind, **said}, progress), progress


def delta(kind: str, words: str, **said: Any) -> Json:
    return {"type": f"response.{kind}.delta", "delta": words, **said}


def test_text_then_a_second_part_with_a_citation() -> None:
    item, progress = opened("message")
    assert item.add(delta("output_text", "abc", content_index=0)) == {"content": "abc"}
    assert item.add(delta("output_text", "d", content_index=1)) == {"content": "d"}
    page = {"type": "url_citation", "start_index": 0, "end_index": 1, "url": "u", "title": "t"}
    note = item.add({"type": "response.output_text.annotation.added", "content_index": 1, "annotation": page})
    assert note is not None
    assert (note["annotations"][0]["start_index"], note["annotations"][0]["end_index"]) == (3, 4)
    parts = [{"type": "output_text", "text": "abc"}, {"type": "output_text", "text": "d", "annotations": [page]}]
    assert item.close({"type": "message", "id": "m", "content": parts}) is None
    assert progress.length == 4
    assert progress.extras == {"id": "m"}


def test_annotations_that_come_only_at_the_end() -> None:
    item, _ = opened("message")
    item.add(delta("output_text", "abc", content_index=0))
    page = {"type": "url_citation", "start_index": 0, "end_index": 1, "url": "u", "title": "t"}
    done = {"type": "message", "content": [{"type": "output_text", "text": "abc", "annotations": [page]}]}
    said = item.close(done)
    assert said is not None
    assert [*said] == ["annotations"]


def test_words_that_come_only_at_the_end() -> None:
    item, progress = opened("message")
    parts = [{"type": "output_text", "text": "so"}, {"type": "refusal", "refusal": "no"}]
    assert item.close({"type": "message", "content": parts}) == {"content": "so", "refusal": "no"}
    assert progress.length == 2


def test_a_refusal_comes_in_pieces() -> None:
    item, progress = opened("message")
    assert item.add(delta("refusal", "no")) == {"refusal": "no"}
    assert item.close({"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}) is None
    assert progress.length == 0


def test_parts_of_a_summary_have_a_blank_line_between_them() -> None:
    item, progress = opened("reasoning")
    said = [
        item.add(delta("reasoning_summary_text", words, summary_index=at))
        for words, at in (("a", 0), ("b", 0), ("c", 1))
    ]
    assert said == [{"reasoning_content": "a"}, {"reasoning_content": "b"}, {"reasoning_content": "\n\nc"}]
    whole = {"type": "reasoning", "id": "rs", "summary": [{"text": "ab"}, {"text": "c"}], "encrypted_content": "g"}
    assert item.close(whole) == {"thinking_blocks": [whole]}
    second = open_item({"type": "reasoning"}, progress)
    assert second.add(delta("reasoning_text", "d", content_index=0)) == {"reasoning_content": "\n\nd"}
    assert progress.thoughts == 1


def test_thoughts_that_come_only_at_the_end_and_thoughts_of_others() -> None:
    item, _ = opened("reasoning")
    signed = {"type": "thinking", "thinking": "hm", "signature": "s"}
    done = {"type": "reasoning", "summary": [], "encrypted_content": pack(signed)}
    assert item.close(done) == {"reasoning_content": "hm", "thinking_blocks": [signed]}


@pytest.mark.parametrize(
    ("kind", "member", "words", "name"),
    [
        ("function_call", "function", "arguments", "function_call_arguments"),
        ("custom_tool_call", "custom", "input", "custom_tool_call_input"),
    ],
)
def test_a_call_passes_what_it_is_given_as_it_comes(kind: str, member: str, words: str, name: str) -> None:
    item, progress = opened(kind, id="fc", call_id="c", name="f", **{words: ""})
    begun = {"index": 0, "id": "c", "type": member, member: {"name": "f", words: ""}, "responses": {"id": "fc"}}
    assert item.begin() == {"tool_calls": [begun]}
    assert item.add(delta(name, "{}")) == {"tool_calls": [{"index": 0, member: {words: "{}"}}]}
    assert item.add({"type": f"response.{name}.done", words: "{}"}) is None
    assert item.close({words: "{}"}) is None
    assert progress.calls == 1


def test_arguments_that_come_only_when_they_are_whole() -> None:
    call = {"id": "fc", "call_id": "c", "name": "f", "arguments": ""}
    said = {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}
    by_event, _ = opened("function_call", **call)
    by_event.begin()
    assert by_event.add({"type": "response.function_call_arguments.done", "arguments": "{}"}) == said
    assert by_event.close({"arguments": "{}"}) is None
    by_item, _ = opened("function_call", **call)
    by_item.begin()
    assert by_item.close({"arguments": "{}"}) == said


def test_items_of_the_providers_own_come_whole_with_their_place() -> None:
    progress = Progress(length=3, thoughts=1)
    item = open_item({"type": "web_search_call"}, progress)
    assert item.begin() is None
    assert item.add({}) is None
    done = {"type": "web_search_call", "id": "ws"}
    assert item.close(done) == {"provider_blocks": [{"at": 3, "after": 1, "block": done, "dialect": "responses"}]}


def test_an_image_comes_when_it_is_done() -> None:
    item, _ = opened("image_generation_call")
    said = item.close({"type": "image_generation_call", "id": "ig", "result": "AAAA"})
    assert said is not None
    assert said["images"][0]["image_url"]["url"] == "data:image/png;base64,AAAA"
    failed = item.close({"type": "image_generation_call", "id": "ig", "status": "failed"})
    assert failed is not None
    assert [*failed] == ["provider_blocks"]


@pytest.mark.parametrize("wire", ["item", {}, {"type": 3}])
def test_what_is_no_item_breaks_the_protocol(wire: Any) -> None:
    with pytest.raises(Failure):
        open_item(wire, Progress())
