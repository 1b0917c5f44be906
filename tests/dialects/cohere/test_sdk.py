"""The official SDK reads what we render, and raises its own exceptions on our errors; it is given our bytes without a network."""

from collections.abc import Mapping

import cohere
import httpx
import orjson
import pytest
from cohere.core.api_error import ApiError

from proxy.call import Failure, Json
from proxy.dialects.cohere import DIALECT

USER: Json = {"role": "user", "content": "hi"}
CALL: Json = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}}
EXCEPTIONS: Mapping[str, type[ApiError]] = {
    "invalid_request": cohere.BadRequestError,
    "model_not_found": cohere.NotFoundError,
    "provider_rate_limited": cohere.TooManyRequestsError,
    "authentication_failed": cohere.InternalServerError,
    "draining": cohere.ServiceUnavailableError,
    "timeout": cohere.GatewayTimeoutError,
    "provider_error": ApiError,
}


def client(status: int, body: bytes, kind: str = "application/json") -> cohere.ClientV2:
    answer = httpx.Response(status, headers={"content-type": kind}, content=body)
    return cohere.ClientV2(
        api_key="k",
        httpx_client=httpx.Client(transport=httpx.MockTransport(lambda request: answer)),
        log_warning_experimental_features=False,
    )


def chunk(finish: str | None = None, **delta: object) -> Json:
    return {"id": "s", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def test_a_reply() -> None:
    message = {"role": "assistant", "content": "So.", "reasoning_content": "Hm.", "tool_calls": [CALL]}
    unified = {
        "id": "r",
        "choices": [{"message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }
    reply = client(200, orjson.dumps(DIALECT.render_reply(unified, {}))).chat(model="m", messages=[USER])  # type: ignore[list-item]
    assert reply.finish_reason == "TOOL_CALL"
    thinking, text = reply.message.content or []
    assert (thinking.type, text.type) == ("thinking", "text")
    assert text.text == "So."  # type: ignore[union-attr]
    [call] = reply.message.tool_calls or []
    assert call.function is not None
    assert (call.id, call.function.name, call.function.arguments) == ("c", "look", '{"at":1}')
    assert reply.usage is not None
    assert reply.usage.tokens is not None
    assert reply.usage.tokens.input_tokens == 3


def test_a_stream() -> None:
    renderer = DIALECT.renderer({}, 0)
    chunks = [
        chunk(role="assistant"),
        chunk(content="So"),
        chunk(content=" be it."),
        chunk(tool_calls=[{"index": 0, **CALL}]),
        chunk("tool_calls"),
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}},
    ]
    body = b"".join([*map(renderer.feed, chunks), renderer.end()])
    events = list(client(200, body, "text/event-stream").chat_stream(model="m", messages=[USER]))  # type: ignore[list-item]
    assert [event.type for event in events] == [
        "message-start",
        "content-start",
        "content-delta",
        "content-delta",
        "content-end",
        "tool-call-start",
        "tool-call-delta",
        "tool-call-end",
        "message-end",
    ]
    words = [event.delta.message.content.text for event in events if event.type == "content-delta"]  # type: ignore[union-attr]
    assert words == ["So", " be it."]
    [begun] = [event for event in events if event.type == "tool-call-start"]
    assert begun.delta.message.tool_calls.function.name == "look"  # type: ignore[union-attr]
    assert events[-1].delta.finish_reason == "TOOL_CALL"  # type: ignore[union-attr]
    assert events[-1].delta.usage.tokens.output_tokens == 4  # type: ignore[union-attr]


def test_a_stream_that_broke_says_why() -> None:
    body = DIALECT.render_error_event(Failure("provider_stream_cut", "it broke off"))
    [event] = client(200, body, "text/event-stream").chat_stream(model="m", messages=[USER])  # type: ignore[list-item]
    assert event.type == "message-end"
    assert event.delta is not None
    assert (event.delta.finish_reason, event.delta.error) == ("ERROR", "it broke off")


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_errors(kind: str) -> None:
    failure = Failure(kind, "the words")
    asked = client(failure.status, orjson.dumps(DIALECT.render_error(failure)))
    with pytest.raises(EXCEPTIONS[kind]) as caught:
        asked.chat(model="m", messages=[USER], request_options={"max_retries": 0})  # type: ignore[list-item]
    assert caught.value.status_code == failure.status
    assert caught.value.body["message"] == "the words"


def test_embeddings() -> None:
    operation = DIALECT.embeddings
    assert operation is not None
    unified = {"data": [{"embedding": [0.5, 0.25]}], "usage": {"prompt_tokens": 2, "total_tokens": 2}}
    body = orjson.dumps(operation.render_reply(unified, {"input": ["hi"]}))
    reply = client(200, body).embed(model="m", texts=["hi"], input_type="search_query", embedding_types=["float"])
    assert reply.embeddings.float_ == [[0.5, 0.25]]
    assert reply.texts == ["hi"]
