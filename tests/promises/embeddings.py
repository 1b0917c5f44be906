"""Embeddings at every door, a provider that makes vectors of texts, and how a caller of any dialect reads its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.promises.caller import Answer
from tests.promises.sidecars import Running
from tests.promises.upstream import Asked

EMBEDDINGS = "/v1/embeddings"
MODEL = "up:m"


class Door(NamedTuple):
    """`ask` makes a body of texts; `vectors` and `tokens` read an answer."""

    path: str
    ask: Callable[[Sequence[str]], dict[str, Any]]
    vectors: Callable[[Any], list[list[float]]]
    tokens: Callable[[Any], int]


def google(texts: Sequence[str]) -> dict[str, Any]:
    return {"requests": [{"model": "models/m", "content": {"parts": [{"text": text}]}} for text in texts]}


DOORS: Mapping[str, Door] = {
    "openai": Door(
        EMBEDDINGS,
        lambda texts: {"model": MODEL, "input": list(texts)},
        lambda said: [entry["embedding"] for entry in said["data"]],
        lambda said: said["usage"]["prompt_tokens"],
    ),
    "gemini": Door(
        f"/v1beta/models/{MODEL}:batchEmbedContents",
        google,
        lambda said: [entry["values"] for entry in said["embeddings"]],
        lambda said: said["usageMetadata"]["promptTokenCount"],
    ),
    "ollama": Door(
        "/api/embed",
        lambda texts: {"model": MODEL, "input": list(texts)},
        lambda said: said["embeddings"],
        lambda said: said["prompt_eval_count"],
    ),
    "cohere": Door(
        "/v2/embed",
        lambda texts: {"model": MODEL, "texts": list(texts), "input_type": "search_query"},
        lambda said: said["embeddings"]["float"],
        lambda said: said["meta"]["billed_units"]["input_tokens"],
    ),
}


def vector(text: Any) -> list[float]:
    """No two texts of a test have the same."""
    return [float(sum(map(ord, str(text)))), float(len(str(text))), 0.5]


def texts_in(asked: Asked) -> list[Any]:
    given = asked.json["input"]
    return given if isinstance(given, list) and not isinstance(given[0], int) else [given]


def reply(texts: Sequence[Any]) -> dict[str, Any]:
    data = [{"object": "embedding", "index": index, "embedding": vector(text)} for index, text in enumerate(texts)]
    tokens = sum(len(str(text)) for text in texts)
    return {
        "object": "list",
        "data": data,
        "model": "m-2",
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def embeds(asked: Asked) -> None:
    """An `answer` for a Provider: in an order of its own, which is allowed."""
    said = reply(texts_in(asked))
    asked.link.whole({**said, "data": said["data"][::-1]})


async def ask_all(running: Running, *questions: tuple[str, Sequence[str]]) -> list[Answer]:
    """(door, texts) -> answers, all asked at the same time on connections of their own."""

    async def one(door: str, texts: Sequence[str]) -> Answer:
        return await running.ask(DOORS[door].ask(texts), path=DOORS[door].path)

    return await asyncio.gather(*[one(*question) for question in questions])
