"""What official SDKs ask for besides chats and embeddings: files, images, audio, moderations and reranking, over sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import cohere
import openai
import orjson
import pytest

from tests.promises.relaying import Store, Visit, store
from tests.promises.sidecars import KEY, InLoop, openai_like, sidecar

JSON = {"content-type": "application/json"}
FILE = {"id": "file-1", "object": "file", "bytes": 3, "created_at": 1, "filename": "a.jsonl", "purpose": "batch"}
IMAGES = {
    "created": 1,
    "data": [{"b64_json": "aGk="}],
    "usage": {"input_tokens": 4, "output_tokens": 6, "total_tokens": 10},
}
TRANSCRIPT = {
    "text": "hello",
    "usage": {
        "type": "tokens",
        "input_tokens": 14,
        "input_token_details": {"text_tokens": 4, "audio_tokens": 10},
        "output_tokens": 2,
        "total_tokens": 16,
    },
}
MODERATION = {"id": "modr-1", "model": "omni", "results": []}
#: The largest recording that OpenAI takes.
SOUND = bytes(range(256)) * 4096


def form_of(headers: dict[str, str], body: bytes) -> dict[str, Message]:
    """The parts of a form, as the standard library reads them."""
    whole = message_from_bytes(f"content-type: {headers['content-type']}\r\n\r\n".encode() + body)
    parts = whole.get_payload()
    assert isinstance(parts, list)
    return {
        str(part.get_param("name", header="content-disposition")): part for part in parts if isinstance(part, Message)
    }


def content(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    assert isinstance(found, bytes)
    return found


class Provider:
    """Answers as OpenAI does, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bytes]] = []
        self.forms: list[dict[str, Message]] = []

    async def __call__(self, visit: Visit) -> None:
        while True:
            method, target, headers = await visit.head()
            body = await visit.body()
            assert headers["authorization"] == f"Bearer {KEY}"
            assert "content-length" in headers or method == "GET"
            if headers.get("content-type", "").startswith("multipart/"):
                self.forms.append(form_of(headers, body))
            self.asked.append((method, target, body))
            self.answer(visit, method, target)

    def answer(self, visit: Visit, method: str, target: str) -> None:
        replies: dict[tuple[str, str], Any] = {
            ("POST", "/v1/files"): FILE,
            ("POST", "/v1/images/generations"): IMAGES,
            ("POST", "/v1/images/edits"): IMAGES,
            ("POST", "/v1/audio/transcriptions"): TRANSCRIPT,
            ("POST", "/v1/audio/translations"): {"text": "hello"},
            ("POST", "/v1/moderations"): MODERATION,
        }
        if (method, target) in replies:
            visit.answer(200, orjson.dumps(replies[method, target]), JSON)
        elif target == "/v1/audio/speech":
            visit.send(b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n")
            visit.send(b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")
        elif target == "/v1/files/file-1/content":
            visit.answer(200, SOUND, {"content-type": "application/octet-stream"})
        else:
            visit.answer(404, b'{"error":{"message":"no such path"}}', JSON)


@pytest.fixture
async def provider() -> Provider:
    return Provider()


@asynccontextmanager
async def world(tmp_path: Path, provider: Provider) -> AsyncIterator[tuple[InLoop, Store]]:
    aliases = [
        {"model": "pictures", "targets": [{"provider": "up", "model": "gpt-image-1"}]},
        {"model": "ears", "targets": [{"provider": "up", "model": "whisper-1"}]},
    ]
    async with store(provider) as there:
        entry = openai_like(there.url)
        async with sidecar(tmp_path, {"up": entry}, models=aliases) as running:
            yield running, there


@pytest.fixture
async def running(tmp_path: Path, provider: Provider) -> AsyncIterator[InLoop]:
    async with world(tmp_path, provider) as (found, _):
        yield found


@pytest.fixture
async def client(running: InLoop) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{running.port}/v1", api_key="x", max_retries=0) as found:
        yield found


async def test_files_by_the_raw_relay(running: InLoop, provider: Provider, tmp_path: Path) -> None:
    base_url = f"http://127.0.0.1:{running.port}/providers/up"
    file = tmp_path / "a.jsonl"
    file.write_bytes(SOUND)
    async with openai.AsyncOpenAI(base_url=base_url, api_key="x", max_retries=0) as client:
        made = await client.files.create(file=file, purpose="batch")
        assert made.id == "file-1"
        assert content(provider.forms[0]["file"]) == SOUND
        found = await client.files.content("file-1")
        assert found.content == SOUND
        with pytest.raises(openai.NotFoundError, match="no such path"):
            await client.files.retrieve("file-2")


async def test_images(client: openai.AsyncOpenAI, running: InLoop, provider: Provider) -> None:
    made = await client.images.generate(model="pictures", prompt="a cat")
    assert made.data is not None
    assert made.data[0].b64_json == "aGk="
    assert orjson.loads(provider.asked[0][2]) == {"model": "gpt-image-1", "prompt": "a cat"}
    assert await running.counted("llm_tokens_prompt", model="pictures") == 4
    assert await running.counted("llm_tokens_completion", model="pictures") == 6


async def test_an_edit_of_an_image(client: openai.AsyncOpenAI, provider: Provider) -> None:
    made = await client.images.edit(model="pictures", prompt="a dog", image=("a.png", SOUND))
    assert made.data is not None
    form = provider.forms[0]
    assert (content(form["model"]), content(form["prompt"])) == (b"gpt-image-1", b"a dog")
    assert content(form["image"]) == SOUND


async def test_a_transcription(client: openai.AsyncOpenAI, running: InLoop, provider: Provider) -> None:
    made = await client.audio.transcriptions.create(model="ears", file=("a.wav", SOUND), language="en")
    assert made.text == "hello"
    form = provider.forms[0]
    assert (content(form["model"]), content(form["language"]), content(form["file"])) == (b"whisper-1", b"en", SOUND)
    assert await running.counted("outrider_tokens_total", model="ears", bucket="audio_input") == 10
    assert await running.counted("outrider_tokens_total", model="ears", bucket="input") == 4


async def test_a_translation(client: openai.AsyncOpenAI, provider: Provider) -> None:
    with pytest.warns(DeprecationWarning, match="."):
        made = await client.audio.translations.create(model="up:whisper-1", file=("a.wav", SOUND))
    assert made.text == "hello"
    assert content(provider.forms[0]["model"]) == b"whisper-1"


async def test_speech_is_bytes(client: openai.AsyncOpenAI) -> None:
    async with client.audio.speech.with_streaming_response.create(
        model="up:tts-1", voice="alloy", input="hi"
    ) as spoken:
        assert spoken.headers["content-type"] == "audio/mpeg"
        assert b"".join([piece async for piece in spoken.iter_bytes()]) == b"abcdef"


async def test_moderations(client: openai.AsyncOpenAI) -> None:
    assert (await client.moderations.create(model="up:omni", input="hi")).id == "modr-1"


async def test_who_has_no_such_operation_says_who_has(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await client.moderations.create(model="mock:m", input="hi")
    assert refused.value.type == "unsupported_capability"
    assert "mock has no moderations; up has" in str(refused.value)


# ---- reranking

DOCUMENTS = ["Carson City", "Washington, D.C.", "Saipan"]
COHERE = {"id": "1", "results": [{"index": 1, "relevance_score": 0.9}], "meta": {"api_version": {"version": "2"}}}
VOYAGE = {
    "object": "list",
    "data": [{"index": 1, "relevance_score": 0.9, "document": "other"}],
    "model": "rerank-2.5",
    "usage": {"total_tokens": 26},
}
JINA = {"model": "j", "usage": {"total_tokens": 26}, "results": [{"index": 1, "relevance_score": 0.9}]}
#: kind: base path, path and the provider's name of `top_n`, reply
RERANKERS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "cohere": ("", "/v2/rerank", "top_n", COHERE),
    "voyage": ("/v1", "/v1/rerank", "top_k", VOYAGE),
    "jina": ("/v1", "/v1/rerank", "top_n", JINA),
}


@pytest.mark.parametrize("kind", RERANKERS)
async def test_reranking(kind: str, tmp_path: Path) -> None:
    base, path, top, reply = RERANKERS[kind]
    asked: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    async def script(visit: Visit) -> None:
        await visit.head()
        asked.put_nowait((visit.asked.target, orjson.loads(await visit.body())))
        visit.answer(200, orjson.dumps(reply), JSON)

    async with store(script) as there:
        entry = {"kind": kind, "base_url": f"{there.url}{base}", "api_key": KEY}
        async with sidecar(tmp_path, {"up": entry}) as running:
            async with cohere.AsyncClientV2("x", base_url=f"http://127.0.0.1:{running.port}") as client:
                found = await client.rerank(model="up:r", query="the capital?", documents=DOCUMENTS, top_n=1)
            assert [(one.index, one.relevance_score) for one in found.results] == [(1, 0.9)]
            target, said = asked.get_nowait()
            assert target == path
            assert said == {"model": "r", "query": "the capital?", "documents": DOCUMENTS, top: 1}
            tokens = 0 if kind == "cohere" else 26
            assert await running.counted("llm_tokens_prompt", provider="up") == tokens
