"""What a provider signs or marks comes back to it byte for byte in the next turn, through another dialect."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.promises.caller import Answer, chat
from tests.promises.sidecars import anthropic_like, openai_like, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import anthropic_event, anthropic_reply, openai_reply

SIGNATURE = "EqQBCkYIBxgCKkD/+=_-" * 40 + 'ü\u2028\\"/'
THINKING = {"type": "thinking", "thinking": 'I must "look" \\ it up…\n', "signature": SIGNATURE}
REDACTED = {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix/LafPsn4a" * 20}
TEXT = {"type": "text", "text": "Let me see."}
TOOL = {"type": "tool_use", "id": "toolu_01A", "name": "look", "input": {"q": "ü"}}
CONTENT: list[dict[str, Any]] = [THINKING, REDACTED, TEXT, TOOL]

MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
SYSTEM = [{"type": "text", "text": "long rules", **MARK}]
QUESTION = [{"type": "text", "text": "a long document", **MARK}, {"type": "text", "text": "what does it say?"}]
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}, **MARK}]


def first_turn(stream: bool) -> dict[str, Any]:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    return {"model": "up:claude-sonnet-4-5", "messages": messages, "tools": TOOLS, "stream": stream, "max_tokens": 9000}


def second_turn(first: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    result = {"role": "tool", "tool_call_id": said["tool_calls"][0]["id"], "content": "found"}
    return first | {"messages": [*first["messages"], said, result], "stream": False}


def streamed() -> bytes:
    """CONTENT as Anthropic streams it; the signature comes in a delta of its own."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}
    said = [anthropic_event("message_start", message=message | {"usage": {"input_tokens": 1, "output_tokens": 1}})]
    said += block(0, {"type": "thinking", "thinking": "", "signature": ""}, thinking_delta(), signature_delta())
    said += block(1, REDACTED)
    said += block(2, {"type": "text", "text": ""}, {"type": "text_delta", "text": TEXT["text"]})
    said += block(
        3,
        TOOL | {"input": {}},
        *({"type": "input_json_delta", "partial_json": piece} for piece in ("", '{"q":', '"ü"}')),
    )
    said.append(anthropic_event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 9}))
    said.append(anthropic_event("message_stop"))
    return b"".join(said)


def thinking_delta() -> dict[str, Any]:
    return {"type": "thinking_delta", "thinking": THINKING["thinking"]}


def signature_delta() -> dict[str, Any]:
    return {"type": "signature_delta", "signature": SIGNATURE}


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[bytes]:
    return [
        anthropic_event("content_block_start", index=index, content_block=start),
        *(anthropic_event("content_block_delta", index=index, delta=delta) for delta in deltas),
        anthropic_event("content_block_stop", index=index),
    ]


def answering(stream: bool) -> Callable[[Asked], None]:
    def answer(asked: Asked) -> None:
        if asked.json.get("stream"):
            asked.link.stream(streamed())
        else:
            asked.link.whole(
                anthropic_reply(CONTENT, {"input_tokens": 1, "output_tokens": 1}) | {"stop_reason": "tool_use"}
            )

    return answer


def message_of(answer: Answer) -> dict[str, Any]:
    """The assistant's message as an application puts it together: texts and arguments joined, lists extended."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return answer.json["choices"][0]["message"]  # type: ignore[no-any-return]
    events = [orjson.loads(event[6:]) for event in answer.body.split(b"\n\n") if event.startswith(b"data: {")]
    message: dict[str, Any] = {"role": "assistant", "content": "", "thinking_blocks": [], "tool_calls": []}
    for delta in (choice["delta"] for event in events for choice in event["choices"]):
        message["content"] += delta.get("content") or ""
        message["thinking_blocks"] += delta.get("thinking_blocks") or []
        for call in delta.get("tool_calls") or []:
            add_call(message["tool_calls"], call)
    return message


def add_call(calls: list[dict[str, Any]], delta: dict[str, Any]) -> None:
    if delta["index"] == len(calls):
        calls.append(
            {"id": delta["id"], "type": "function", "function": {"name": delta["function"]["name"], "arguments": ""}}
        )
    calls[delta["index"]]["function"]["arguments"] += delta["function"].get("arguments") or ""


@pytest.mark.parametrize("stream", [True, False])
async def test_thoughts_and_their_signatures_survive_two_turns(stream: bool, tmp_path: Path) -> None:
    async with (
        Provider(answering(stream)) as provider,
        sidecar(tmp_path, {"up": anthropic_like(provider.url)}) as running,
    ):
        first = first_turn(stream)
        answer = await running.ask(first)
        assert (answer.status, answer.complete) == (200, True)
        again = await running.ask(second_turn(first, message_of(answer)))
        assert again.status == 200
        said = provider.requests[1].json["messages"]
        assert [turn["role"] for turn in said] == ["user", "assistant", "user"]
        assert said[1]["content"] == CONTENT
        assert orjson.dumps(SIGNATURE) in provider.requests[1].body
        assert "x-outrider-dropped" not in again.headers


@pytest.mark.parametrize("stream", [True, False])
async def test_cache_markers_stand_where_they_were_put(stream: bool, tmp_path: Path) -> None:
    async with (
        Provider(answering(stream)) as provider,
        sidecar(tmp_path, {"up": anthropic_like(provider.url)}) as running,
    ):
        first = first_turn(stream)
        said = message_of(await running.ask(first))
        await running.ask(second_turn(first, said))
        for request in provider.requests:
            sent = request.json
            assert sent["system"] == SYSTEM
            assert sent["messages"][0]["content"] == QUESTION
            assert sent["tools"][0]["cache_control"] == MARK["cache_control"]


async def test_what_cannot_be_carried_is_named(tmp_path: Path) -> None:
    """Thoughts without a signature are worth nothing to Anthropic, and the receipt says that they stayed here."""
    async with (
        Provider(answering(False)) as provider,
        sidecar(tmp_path, {"up": anthropic_like(provider.url)}) as running,
    ):
        said = {"role": "assistant", "content": "hm", "reasoning_content": "someone else's thoughts"}
        asked = [{"role": "user", "content": "a"}, said, {"role": "user", "content": "b"}]
        answer = await running.ask({"model": "up:claude-sonnet-4-5", "messages": asked})
        assert "messages.reasoning_content" in answer.headers["x-outrider-dropped"]
        assert b"someone else" not in provider.requests[0].body


async def test_what_openai_encrypts_is_relayed_untouched(tmp_path: Path) -> None:
    body = orjson.dumps(
        chat(messages=[{"role": "assistant", "content": "a", "encrypted": SIGNATURE}, {"role": "user", "content": "b"}])
    )
    reply = orjson.dumps(openai_reply(reasoning_details=[{"type": "reasoning.encrypted", "data": SIGNATURE}]))
    async with (
        Provider(lambda asked: asked.link.whole(reply)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        answer = await running.ask(body.replace(b'"up:m"', b'"gpt-4"'))
        assert answer.body == reply
        assert orjson.dumps(SIGNATURE) in provider.requests[0].body
