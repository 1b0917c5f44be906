"""What is asked besides chats, through a running sidecar: embeddings and counts from every door to every provider, the
legacy completions, and images that have to be fetched first.
"""

from __future__ import annotations

import asyncio
from array import array
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.promises.sidecars import KEY, InLoop, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import openai_reply, openai_stream

VECTORS = [[0.5, -0.25], [1.0, 0.125]]
PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")

#: Kind -> (what its embeddings answer says, where the texts stand in its request).
EMBEDDED: Mapping[str, Any] = {
    "openai": {
        "object": "list",
        "data": [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(VECTORS)],
        "model": "m",
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    },
    "gemini": {"embeddings": [{"values": vector} for vector in VECTORS]},
    "ollama": {"model": "m", "embeddings": VECTORS, "prompt_eval_count": 7},
    "cohere": {
        "id": "e",
        "embeddings": {"float": VECTORS},
        "texts": ["a", "b"],
        "meta": {"billed_units": {"input_tokens": 7}},
    },
    "bedrock": {
        "embeddings": {"float": VECTORS},
        "id": "e",
        "response_type": "embeddings_by_type",
        "texts": ["a", "b"],
    },
}
#: Door -> the request for two texts, how to read its answer.
ASKING: Mapping[str, tuple[str, Any, Any]] = {
    "openai": ("/v1/embeddings", {"input": ["a", "b"]}, lambda said: [item["embedding"] for item in said["data"]]),
    "gemini": (
        "/v1beta/models/{model}:batchEmbedContents",
        {"requests": [{"model": "models/x", "content": {"parts": [{"text": text}]}} for text in ("a", "b")]},
        lambda said: [item["values"] for item in said["embeddings"]],
    ),
    "ollama": ("/api/embed", {"input": ["a", "b"]}, lambda said: said["embeddings"]),
    "cohere": (
        "/v2/embed",
        {"texts": ["a", "b"], "input_type": "search_document", "embedding_types": ["float"]},
        lambda said: said["embeddings"]["float"],
    ),
}
MODELS = {"bedrock": "bedrock:cohere.embed-v4:0"}


@asynccontextmanager
async def running(tmp_path: Path, provider: Provider, **sections: Any) -> AsyncIterator[InLoop]:
    kinds = ("openai", "anthropic", "gemini", "ollama", "cohere", "bedrock")
    providers = {kind: {"kind": kind, "api_key": KEY, "base_url": provider.url} for kind in kinds}
    async with sidecar(tmp_path, providers, **sections) as sidecar_:
        yield sidecar_


def answering(body: Any) -> Any:
    return lambda asked: asked.link.whole(body)


def path_and_body(path: str, body: Mapping[str, Any], model: str) -> tuple[str, dict[str, Any]]:
    if "{model}" in path:
        return path.format(model=model), dict(body)
    return path, {"model": model, **body}


@pytest.mark.parametrize("target", EMBEDDED)
@pytest.mark.parametrize("door", ASKING)
async def test_embeddings_from_every_door_to_every_provider(door: str, target: str, tmp_path: Path) -> None:
    async with Provider(answering(EMBEDDED[target])) as provider, running(tmp_path, provider) as sidecar_:
        path, body = path_and_body(*ASKING[door][:2], MODELS.get(target, f"{target}:m"))
        answer = await sidecar_.ask(body, path=path)
        assert answer.status == 200, answer.body
        assert ASKING[door][2](answer.json) == VECTORS
        [asked] = provider.requests
        assert b'"a"' in asked.body
        assert b'"b"' in asked.body


async def test_vectors_come_as_base64_where_that_is_asked_for(tmp_path: Path) -> None:
    async with Provider(answering(EMBEDDED["gemini"])) as provider, running(tmp_path, provider) as sidecar_:
        body = {"model": "gemini:m", "input": ["a", "b"], "encoding_format": "base64"}
        answer = await sidecar_.ask(body, path="/v1/embeddings")
        coded = [array("f", b64decode(item["embedding"])).tolist() for item in answer.json["data"]]
        assert coded == VECTORS


async def test_one_content_and_one_prompt(tmp_path: Path) -> None:
    one = {**EMBEDDED["openai"], "data": EMBEDDED["openai"]["data"][:1]}
    async with Provider(answering(one)) as provider, running(tmp_path, provider) as sidecar_:
        content = {"content": {"parts": [{"text": "a"}]}, "taskType": "RETRIEVAL_QUERY"}
        said = await sidecar_.ask(content, path="/v1beta/models/openai:m:embedContent")
        assert said.json["embedding"]["values"] == VECTORS[0]
        said = await sidecar_.ask({"model": "openai:m", "prompt": "a"}, path="/api/embeddings")
        assert said.json["embedding"] == VECTORS[0]


async def test_a_provider_without_embeddings_is_named(tmp_path: Path) -> None:
    async with Provider() as provider, running(tmp_path, provider) as sidecar_:
        answer = await sidecar_.ask({"model": "anthropic:m", "input": "a"}, path="/v1/embeddings")
        assert (answer.status, answer.error["type"]) == (400, "unsupported_capability")
        assert "anthropic has no embeddings" in answer.error["message"]
        assert provider.requests == []


# ---- counts

HELLO = {"messages": [{"role": "user", "content": "Hello there"}]}
COUNTING: Mapping[str, tuple[str, Any, Any]] = {
    "anthropic": ("/v1/messages/count_tokens", HELLO, lambda said: said["input_tokens"]),
    "gemini": (
        "/v1beta/models/{model}:countTokens",
        {"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]},
        lambda said: said["totalTokens"],
    ),
    "responses": ("/v1/responses/input_tokens", {"input": "Hello there"}, lambda said: said["input_tokens"]),
}
COUNTED = {"anthropic": {"input_tokens": 11}, "gemini": {"totalTokens": 11}, "bedrock": {"inputTokens": 11}}


@pytest.mark.parametrize("target", COUNTED)
@pytest.mark.parametrize("door", COUNTING)
async def test_counts_from_every_door_to_every_provider_that_counts(door: str, target: str, tmp_path: Path) -> None:
    async with Provider(answering(COUNTED[target])) as provider, running(tmp_path, provider) as sidecar_:
        path, body = path_and_body(*COUNTING[door][:2], f"{target}:m")
        answer = await sidecar_.ask(body, path=path)
        assert (answer.status, COUNTING[door][2](answer.json)) == (200, 11)
        assert "x-outrider-estimated" not in answer.headers
        assert answer.headers["x-outrider-counted-by"] == "provider"
        assert b"Hello there" in provider.requests[0].body


@pytest.mark.parametrize("door", COUNTING)
async def test_where_nobody_counts_the_count_is_an_estimate_and_says_so(door: str, tmp_path: Path) -> None:
    async with Provider() as provider, running(tmp_path, provider) as sidecar_:
        path, body = path_and_body(*COUNTING[door][:2], "cohere:m")
        answer = await sidecar_.ask(body, path=path)
        assert answer.status == 200
        assert 2 <= COUNTING[door][2](answer.json) <= 20
        assert answer.headers["x-outrider-estimated"] == "true"
        assert answer.headers["x-outrider-counted-by"] == "estimate"
        assert provider.requests == []


# ---- legacy completions


@pytest.mark.parametrize("stream", [False, True])
async def test_completions_are_relayed_byte_for_byte(stream: bool, tmp_path: Path) -> None:
    whole = b'{"id": "c",  "model":"m", "choices": [{"text": "hi", "index": 0, "finish_reason": "stop"}]}'
    events = (
        b'data: {"id":"c","choices":[{"text":"hi","index":0,"finish_reason":null}]}\n\n'
        b'data: {"id":"c","choices":[{"text":"","index":0,"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    )

    def reply(asked: Asked) -> None:
        asked.link.stream(events) if stream else asked.link.whole(whole)

    async with Provider(reply) as provider, running(tmp_path, provider) as sidecar_:
        body = b'{"model": "openai:m", "prompt":"say hi",  "stream":%b}' % (b"true" if stream else b"false")
        answer = await sidecar_.ask(body, path="/v1/completions")
        assert answer.body == (events if stream else whole)
        assert provider.requests[0].body == body.replace(b"openai:m", b"m")
        assert provider.requests[0].line == "POST /completions HTTP/1.1"


async def test_completions_are_for_those_who_have_them(tmp_path: Path) -> None:
    async with Provider() as provider, running(tmp_path, provider) as sidecar_:
        answer = await sidecar_.ask({"model": "gemini:m", "prompt": "hi"}, path="/v1/completions")
        assert (answer.status, answer.error["type"]) == (400, "unsupported_capability")


# ---- images by address


def shown(url: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]}


def bedrock_reply(asked: Asked) -> None:
    said = {"message": {"role": "assistant", "content": [{"text": "a dot"}]}}
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    asked.link.whole({"output": said, "stopReason": "end_turn", "usage": usage})


def image(asked: Asked) -> None:
    asked.link.whole(PNG, headers={"content-type": "image/png"})


async def test_an_image_by_address_reaches_a_provider_that_wants_bytes(tmp_path: Path) -> None:
    fetch = {"allow_http": True, "allow_private": True}
    async with (
        Provider(bedrock_reply) as provider,
        Provider(image) as web,
        running(tmp_path, provider, fetch=fetch) as sidecar_,
    ):
        answer = await sidecar_.ask({"model": "bedrock:m", **shown(f"{web.url}/dot.png")})
        assert answer.status == 200, answer.body
        assert answer.headers["x-outrider-translated"] == "messages.image.url"
        [part] = provider.requests[0].json["messages"][0]["content"]
        assert part["image"]["source"]["bytes"] == b64encode(PNG).decode()
        [visit] = web.requests
        assert KEY not in visit.head.decode("latin-1")


@pytest.mark.parametrize(
    ("fetch", "words"),
    [
        ({}, "https"),
        ({"allow_http": True}, "port"),
        ({"enabled": False}, "fetches none"),
    ],
)
async def test_what_may_not_be_fetched_is_refused_before_anyone_is_asked(
    fetch: dict[str, Any], words: str, tmp_path: Path
) -> None:
    async with (
        Provider(bedrock_reply) as provider,
        Provider(image) as web,
        running(tmp_path, provider, fetch=fetch) as sidecar_,
    ):
        answer = await sidecar_.ask({"model": "bedrock:m", **shown(f"{web.url}/dot.png")})
        assert (answer.status, answer.error["type"]) == (400, "invalid_request")
        assert answer.error["param"] == "messages[0].content[0].image_url.url"
        assert words in answer.error["message"]
        assert (provider.requests, web.requests) == ([], [])


async def test_a_provider_that_takes_addresses_gets_the_address(tmp_path: Path) -> None:
    async with Provider(answering(openai_reply())) as provider, running(tmp_path, provider) as sidecar_:
        body = {"model": "openai:m", **shown("http://127.0.0.1:9/dot.png"), "timeout": 30}
        assert (await sidecar_.ask(body)).status == 200
        assert b"http://127.0.0.1:9/dot.png" in provider.requests[0].body


# ---- usage of streams


@pytest.mark.parametrize("ask", [False, True])
async def test_usage_is_asked_for_where_the_operator_wants_it_and_kept_from_who_did_not(
    ask: bool, tmp_path: Path
) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}

    def reply(asked: Asked) -> None:
        wanted = asked.json.get("stream_options", {}).get("include_usage")
        asked.link.stream(openai_stream("a", "b", usage=usage if wanted else None))

    section = {"stream_usage": "ask"} if ask else {}
    async with Provider(reply) as provider, running(tmp_path, provider, **section) as sidecar_:
        body = b'{"model":"openai:m", "stream": true,"messages":[{"role":"user","content":"hi"}]}'
        answer = await sidecar_.ask(body)
        assert answer.body == openai_stream("a", "b")
        answer_to = {"model": "openai:m", "stream": True, **HELLO}
        options = b'"stream_options":{"include_usage":true},' if ask else b""
        assert provider.requests[0].body == body.replace(b"openai:m", b"m").replace(b"{", b"{" + options, 1)
        extra = await sidecar_.ask({**answer_to, "system": "x"})
        assert extra.body == openai_stream("a", "b")
        assert ("stream_options" in provider.requests[1].json) is ask
        estimated = await sidecar_.counted("outrider_tokens_estimated_total", provider="openai")
        assert (estimated == 0) is ask


async def test_a_translated_stream_always_asks(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    async with (
        Provider(lambda asked: asked.link.stream(openai_stream("a", usage=usage))) as provider,
        running(tmp_path, provider) as sidecar_,
    ):
        body = {"model": "openai:m", "max_tokens": 9, "stream": True, **HELLO}
        answer = await sidecar_.ask(body, path="/v1/messages")
        assert b'"output_tokens":2' in answer.body
        assert provider.requests[0].json["stream_options"] == {"include_usage": True}
        await asyncio.sleep(0)
