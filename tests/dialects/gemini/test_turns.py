"""Contents as messages: calls and results find each other with ids and without."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.packed import pack_thinking
from proxy.dialects.gemini.parse import parse_request
from proxy.dialects.gemini.request import render_request


def parse(*contents: Json) -> list[Json]:
    return list(parse_request({"contents": list(contents)})["messages"])


def model(*parts: Json) -> Json:
    return {"role": "model", "parts": list(parts)}


def user(*parts: Json) -> Json:
    return {"role": "user", "parts": list(parts)}


def call(name: str, called: str | None = None, **members: Any) -> Json:
    said = {"name": name, "args": {}}
    return {"functionCall": said if called is None else {**said, "id": called}, **members}


def result(name: str, words: str, called: str | None = None) -> Json:
    said = {"name": name, "response": {"output": words}}
    return {"functionResponse": said if called is None else {**said, "id": called}}


def test_results_without_ids_belong_to_the_earliest_call_of_their_name() -> None:
    messages = parse(
        user({"text": "a"}),
        model(call("f", thoughtSignature="c2ln"), call("g"), call("f")),
        user(result("g", "1"), result("f", "2"), {"text": "and"}, result("f", "3")),
    )
    ids = [each["id"] for each in messages[1]["tool_calls"]]
    assert len(set(ids)) == 3
    assert [message.get("tool_call_id") for message in messages[2:]] == [ids[1], ids[0], None, ids[2]]
    assert [message["content"] for message in messages[2:]] == ["1", "2", "and", "3"]
    assert messages[1]["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "c2ln"}}


def test_ids_are_kept() -> None:
    messages = parse(
        user({"text": "a"}), model(call("f", "c1")), {"role": "function", "parts": [result("f", "1", "c1")]}
    )
    assert messages[1]["tool_calls"][0]["id"] == messages[2]["tool_call_id"] == "c1"


@pytest.mark.parametrize(
    ("part", "param"),
    [
        (result("f", "1"), "contents[1].parts[0].functionResponse.name"),
        (result("f", "1", "c9"), "contents[1].parts[0].functionResponse.id"),
    ],
)
def test_a_result_that_nobody_asked_for(part: Json, param: str) -> None:
    with pytest.raises(Failure) as raised:
        parse(user({"text": "a"}), user(part))
    assert (raised.value.kind, raised.value.param) == ("invalid_request", param)


def test_thoughts() -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": "s"}
    own = {"text": "x", "thought": True, "thoughtSignature": "EpYC"}
    [_, message] = parse(
        user({"text": "a"}),
        model(
            {"text": "h", "thought": True},
            {"text": "m", "thought": True},
            {"text": "", "thought": True, "thoughtSignature": pack_thinking(block)},
            own,
            {"text": "b", "thought": False},
        ),
    )
    assert message == {
        "role": "assistant",
        "content": [{"type": "text", "text": "b"}],
        "reasoning_content": "hm",
        "thinking_blocks": [block],
        "provider_blocks": [{"at": 0, "block": own, "dialect": "gemini"}],
    }


def test_what_google_did_between_calls_keeps_its_place() -> None:
    parts = [
        {"toolCall": {"id": "1"}},
        call("f", "c1"),
        {"toolCall": {"id": "2"}},
        call("g", "c2"),
        {"toolCall": {"id": "3"}},
    ]
    unified = parse_request({"contents": [user({"text": "a"}), model(*parts)]})
    [_, content] = render_request(unified, "gemini-2.5-flash").wire["contents"]
    assert content["parts"] == parts


def test_pictures_of_a_model() -> None:
    blob = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
    [_, message] = parse(user({"text": "a"}), model({"text": "see"}, blob))
    assert message["content"] == [{"type": "text", "text": "see"}]
    assert message["images"] == [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]
