"""One candidate, part by part."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.candidate import Candidate
from proxy.dialects.ids import made_up_id, pack_signature, signed


def take(*parts: Json) -> list[Json]:
    candidate = Candidate(0, "r")
    return [candidate.take(part) for part in parts]


PNG = {"mimeType": "image/png", "data": "iVBORw0KGgo="}


@pytest.mark.parametrize(
    ("part", "delta"),
    [
        ({"text": "a"}, {"content": "a"}),
        ({"text": ""}, {}),
        ({"text": "", "thoughtSignature": "c2ln"}, signed("c2ln")),
        ({"text": "a", "thoughtSignature": "c2ln"}, {"content": "a", **signed("c2ln")}),
        ({"text": "h", "thought": True}, {"reasoning_content": "h"}),
        (
            {"inlineData": PNG},
            {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]},
        ),
        (
            {"executableCode": {}},
            {"provider_blocks": [{"at": 0, "block": {"executableCode": {}}, "dialect": "gemini"}]},
        ),
    ],
)
def test_parts(part: Json, delta: Json) -> None:
    assert take(part) == [delta]


def test_calls_get_ids_that_hold_their_signatures() -> None:
    first, second = take(
        {"functionCall": {"name": "f"}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "g", "id": "x", "args": {"a": 1}}},
    )
    called = pack_signature(made_up_id("r", 0, 0, "f"), "c2ln")
    function = {"name": "f", "arguments": "{}"}
    assert first == {
        "tool_calls": [{"index": 0, "id": called, "type": "function", "function": function, **signed("c2ln")}]
    }
    function = {"name": "g", "arguments": '{"a":1}'}
    assert second == {"tool_calls": [{"index": 1, "id": "x", "type": "function", "function": function}]}


def test_a_call_in_pieces() -> None:
    deltas = take(
        {"functionCall": {"name": "f", "willContinue": True}, "thoughtSignature": "c2ln"},
        {
            "functionCall": {
                "partialArgs": [{"jsonPath": "$.a", "stringValue": "x", "willContinue": True}],
                "willContinue": True,
            }
        },
        {"functionCall": {"partialArgs": [{"jsonPath": "$.a", "stringValue": "y"}], "willContinue": True}},
        {"functionCall": {}},
        {"functionCall": {"name": "g"}},
    )
    assert deltas[:3] == [{}, {}, {}]
    [call] = deltas[3]["tool_calls"]
    assert call["function"] == {"name": "f", "arguments": '{"a":"xy"}'}
    assert call["extra_content"] == signed("c2ln")["extra_content"]
    assert deltas[4]["tool_calls"][0]["index"] == 1


def test_an_end_in_the_middle_of_a_call() -> None:
    candidate = Candidate(0, "r")
    candidate.take({"functionCall": {"name": "f", "willContinue": True}})
    candidate.note({"finishReason": "STOP"})
    with pytest.raises(Failure, match="in the middle"):
        candidate.finish()


@pytest.mark.parametrize(
    "part", [3, {"text": 1}, {"functionCall": 1}, {"functionCall": {}}, {"functionCall": {"name": "f", "args": 1}}]
)
def test_broken_parts(part: Any) -> None:
    with pytest.raises(Failure) as raised:
        take(part)
    assert raised.value.kind == "provider_error"
