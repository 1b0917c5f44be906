"""Items we stream: their events are those of the reference, and what is done is what was said."""

from collections.abc import Callable

import orjson

from proxy.call import Json
from proxy.dialects.responses.said_items import Call, Message, Reasoning, added
from proxy.dialects.responses.thoughts import unpack
from proxy.wire.sse import Reader


class Numbers:
    """A stream that does nothing but count."""

    def __init__(self) -> None:
        self.sequence = 0

    def event(self, kind: str, payload: Json) -> bytes:
        self.sequence += 1
        return b"data: %b\n\n" % orjson.dumps({"type": kind, **payload, "sequence_number": self.sequence - 1})


def kinds(data: bytes) -> list[str]:
    return [orjson.loads(event.data)["type"].removeprefix("response.") for event in Reader().feed(data)]


def payloads(data: bytes) -> list[Json]:
    return [orjson.loads(event.data) for event in Reader().feed(data)]


def test_a_message_of_text_and_a_refusal() -> None:
    stream, message = Numbers(), Message("msg_1", 2)
    data = message.begin(stream) + message.turn_to("text", stream)
    data += message.say("a\n", 90) + message.say('"b"', 91) + message.turn_to("text", stream)
    data += message.turn_to("refusal", stream) + message.say("no", 92)
    events, item = message.end(stream, "completed")
    assert kinds(data + events) == [
        *("output_item.added", "content_part.added", "output_text.delta", "output_text.delta"),
        *("output_text.done", "content_part.done", "content_part.added", "refusal.delta"),
        *("refusal.done", "content_part.done"),
    ]
    assert [part.get("text") or part["refusal"] for part in item["content"]] == ['a\n"b"', "no"]
    for payload in payloads(data + events)[1:]:
        assert (payload["item_id"], payload["output_index"]) == ("msg_1", 2)
    deltas = [payload for payload in payloads(data) if payload["type"].endswith(".delta")]
    assert [(payload["delta"], payload["content_index"], payload["sequence_number"]) for payload in deltas] == [
        *(("a\n", 0, 90), ('"b"', 0, 91), ("no", 1, 92)),
    ]


def test_a_message_without_words_has_no_parts() -> None:
    assert Message("msg_1", 0).end(Numbers(), "completed")[0] == b""


def test_a_citation_is_said_and_kept() -> None:
    stream, message = Numbers(), Message("msg_1", 0)
    page = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1}}
    assert message.note([page], stream) == b""
    message.turn_to("text", stream)
    message.say("a", 0)
    [event] = payloads(message.note([page, {"type": "citation"}], stream))
    assert (event["annotation"]["url"], event["annotation_index"]) == ("u", 0)
    _, item = message.end(stream, "completed")
    assert item["content"][0]["annotations"] == [event["annotation"]]


def reasoning(seal: Callable[[Reasoning], None]) -> Json:
    stream, thoughts = Numbers(), Reasoning("rs_1", 0)
    data = thoughts.begin(stream) + thoughts.say(stream, "h") + thoughts.say(stream, "m")
    seal(thoughts)
    events, item = thoughts.end(stream, "completed")
    name = "reasoning_summary"
    assert kinds(data + events) == [
        *("output_item.added", f"{name}_part.added", f"{name}_text.delta", f"{name}_text.delta"),
        *(f"{name}_text.done", f"{name}_part.done"),
    ]
    assert item["summary"] == [{"type": "summary_text", "text": "hm"}]
    return item


def test_thoughts_are_a_summary_sealed_by_their_block() -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": "s"}
    assert unpack(reasoning(lambda thoughts: thoughts.seal(block))) == block
    assert "encrypted_content" not in reasoning(lambda thoughts: None)


def test_an_item_whose_id_was_not_known_in_time_keeps_it_inside() -> None:
    block = {"type": "reasoning", "id": "rs_real", "summary": [], "encrypted_content": "bound to rs_real"}
    item = reasoning(lambda thoughts: thoughts.seal(block))
    assert item["id"] == "rs_1"
    assert unpack(item) == block
    assert Reasoning("rs_1", 0).whole(block) == block


def test_a_call_and_a_custom_call() -> None:
    for kind, words, name in (
        ("function", "arguments", "function_call_arguments"),
        ("custom", "input", "custom_tool_call_input"),
    ):
        stream = Numbers()
        call = Call("fc_1", 1, {"id": "c1", "type": kind, kind: {"name": "f", words: "ignored here"}})
        data = call.begin(stream) + call.say({kind: {words: "{"}}, stream) + call.say({kind: {words: "}"}}, stream)
        assert call.say({}, stream) == b""
        events, item = call.end(stream, "completed")
        assert kinds(data + events) == ["output_item.added", f"{name}.delta", f"{name}.delta", f"{name}.done"]
        assert (item[words], item["call_id"], item["status"]) == ("{}", "c1", "completed")
        assert payloads(data)[0]["item"][words] == ""


def test_an_item_is_added_in_its_place() -> None:
    assert payloads(added({"type": "x"}, 4, Numbers()))[0]["output_index"] == 4
