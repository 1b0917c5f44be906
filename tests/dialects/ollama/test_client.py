"""Ollama's own Python client against what the dialect says in the client's role, over its transport and no socket."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import orjson
import pytest
from ollama import Client, ResponseError

from proxy.call import Failure, Json, Usage
from proxy.dialects import Dialect
from proxy.dialects.chunks import chunk_of, head_of, usage_chunk
from proxy.dialects.ollama import DIALECT, GENERATE
from proxy.dialects.ollama.embed import EMBED, EMBED_LEGACY

HEAD = head_of("id", "served")
CALLS = [
    {"id": f"c{index}", "type": "function", "function": {"name": "add", "arguments": f'{{"n":{index}}}'}}
    for index in range(2)
]
REPLY: Json = {
    "id": "r",
    "created": 1749083509,
    "model": "served",
    "choices": [
        {
            "message": {"content": "hi", "reasoning_content": "hm", "tool_calls": CALLS},
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
}
VECTORS: Json = {
    "data": [{"index": 0, "embedding": [0.5]}],
    "model": "m",
    "usage": {"prompt_tokens": 1, "total_tokens": 1},
}


def chunks() -> Iterator[Json]:
    yield chunk_of(HEAD, {"role": "assistant", "content": ""})
    yield chunk_of(HEAD, {"reasoning_content": "hm"})
    yield chunk_of(HEAD, {"content": "he"})
    yield chunk_of(HEAD, {"content": "y"})
    yield chunk_of(HEAD, {"tool_calls": [{"index": index, **call} for index, call in enumerate(CALLS)]})
    yield chunk_of(HEAD, {}, finish_reason="tool_calls")
    yield usage_chunk(HEAD, Usage(3, output=4))


def serve(dialect: Dialect, cut: bool = False) -> Callable[[httpx.Request], httpx.Response]:
    """An upstream that answers every request in the same way, by way of the hub."""

    def handle(http: httpx.Request) -> httpx.Response:
        request = dialect.parse_request(orjson.loads(http.content))
        if not request["stream"]:
            return httpx.Response(200, json=dialect.render_reply(REPLY, request))
        renderer = dialect.renderer(request, 1749083509)
        said = b"".join(map(renderer.feed, chunks()))
        lost = Failure("provider_stream_cut", "the stream was cut")
        return httpx.Response(200, content=said + (dialect.render_error_event(lost) if cut else renderer.end()))

    return handle


def client(handle: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client(transport=httpx.MockTransport(handle))


def add(n: int) -> int:
    """Add one.

    Args:
        n: a number
    """
    return n + 1


def test_a_chat() -> None:
    said = client(serve(DIALECT)).chat("m", [{"role": "user", "content": "hi"}], tools=[add], think=True)
    assert (said.model, said.created_at, said.done, said.done_reason) == (
        "served",
        "2025-06-05T00:31:49Z",
        True,
        "stop",
    )
    assert (said.message.content, said.message.thinking) == ("hi", "hm")
    assert [(call.function.name, call.function.arguments) for call in said.message.tool_calls or ()] == [
        ("add", {"n": 0}),
        ("add", {"n": 1}),
    ]
    assert (said.prompt_eval_count, said.eval_count) == (3, 4)


def test_a_streamed_chat() -> None:
    parts = list(client(serve(DIALECT)).chat("m", [{"role": "user", "content": "hi"}], stream=True))
    assert "".join(part.message.content or "" for part in parts) == "hey"
    assert "".join(part.message.thinking or "" for part in parts) == "hm"
    assert [call.function.arguments for part in parts for call in part.message.tool_calls or ()] == [{"n": 0}, {"n": 1}]
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert (parts[-1].done_reason, parts[-1].eval_count) == ("stop", 4)


def test_the_clients_own_turn_goes_on_without_ids() -> None:
    """The client keeps no ids of calls: it sends back what it parsed, and results by name."""
    said = client(serve(DIALECT)).chat("m", [{"role": "user", "content": "hi"}])
    asked: list[Json] = []

    def handle(http: httpx.Request) -> httpx.Response:
        asked.append(DIALECT.parse_request(orjson.loads(http.content)))
        return serve(DIALECT)(http)

    results = [{"role": "tool", "content": str(index), "tool_name": "add"} for index in range(2)]
    client(handle).chat("m", [{"role": "user", "content": "hi"}, said.message, *results])
    _, turn, first, second = asked[0]["messages"]
    assert [call["id"] for call in turn["tool_calls"]] == [first["tool_call_id"], second["tool_call_id"]]
    assert turn["reasoning_content"] == "hm"


def test_a_stream_that_was_cut_raises() -> None:
    parts: list[Any] = []
    with pytest.raises(ResponseError, match="the stream was cut"):
        parts.extend(client(serve(DIALECT, cut=True)).chat("m", [{"role": "user", "content": "hi"}], stream=True))


def test_generate() -> None:
    said = client(serve(GENERATE)).generate("m", "hi", system="s", options={"seed": 1})
    assert (said.response, said.thinking, said.done_reason, said.eval_count) == ("hi", "hm", "stop", 4)
    parts = list(client(serve(GENERATE)).generate("m", "hi", stream=True))
    assert "".join(part.response or "" for part in parts) == "hey"
    assert [part.done for part in parts][-1] is True


def test_embeddings() -> None:
    def handle(http: httpx.Request) -> httpx.Response:
        operation = EMBED if http.url.path == "/api/embed" else EMBED_LEGACY
        request = operation.parse_request(orjson.loads(http.content))
        return httpx.Response(200, json=operation.render_reply(VECTORS, request))

    said = client(handle).embed("m", ["a"])
    assert (said.embeddings, said.prompt_eval_count) == ([[0.5]], 1)
    assert client(handle).embeddings("m", "a").embedding == [0.5]


def test_an_error() -> None:
    failure = Failure("model_not_found", "model 'm' not found")

    def handle(http: httpx.Request) -> httpx.Response:
        return httpx.Response(failure.status, json=DIALECT.render_error(failure))

    with pytest.raises(ResponseError) as error:
        client(handle).chat("m")
    assert (error.value.error, error.value.status_code) == ("model 'm' not found", 404)
