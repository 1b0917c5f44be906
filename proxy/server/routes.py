"""The doors: (method, path) -> dialect and operation. A row here is all that a new path needs.

SDKs put prefixes of their own before the paths that count, and some put one twice: a table collapses them. What is said by the
path, a model or whether to stream, is part of the door.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit


class Door(NamedTuple):
    """`model` is "" where the body names it; `stream` says whether the path asks for a stream."""

    dialect: str
    operation: str
    model: str = ""
    stream: bool = False


#: Paths that say nothing of their own.
CALLS: Mapping[str, Door] = {
    "/v1/chat/completions": Door("openai", "chat"),
    "/v1/completions": Door("openai", "completions"),
    "/v1/embeddings": Door("openai", "embeddings"),
    "/v1/responses": Door("responses", "chat"),
    "/v1/responses/input_tokens": Door("responses", "count_tokens"),
    "/v1/messages": Door("anthropic", "chat"),
    "/v1/messages/count_tokens": Door("anthropic", "count_tokens"),
    "/api/chat": Door("ollama", "chat"),
    "/api/generate": Door("ollama_generate", "chat"),
    "/api/embed": Door("ollama", "embeddings"),
    "/api/embeddings": Door("ollama_legacy", "embeddings"),
    "/v2/chat": Door("cohere", "chat"),
    "/v2/embed": Door("cohere", "embeddings"),
    "/v2/rerank": Door("cohere", "rerank"),
    "/v1/rerank": Door("cohere", "rerank"),
}
#: What has no dialect of its own: it goes as it is to the provider of the model that it names. Path -> operation.
RELAYED: Mapping[str, str] = {
    "/v1/images/generations": "images",
    "/v1/images/edits": "image_edits",
    "/v1/audio/transcriptions": "transcriptions",
    "/v1/audio/translations": "translations",
    "/v1/audio/speech": "speech",
    "/v1/moderations": "moderations",
}

#: What a path may begin with -> what it then is. Azure's deployments are models that the path names.
PREFIXES: tuple[tuple[str, str], ...] = (
    ("/v1/v1/", "/v1/"),
    ("/openai/v1/", "/v1/"),
    ("/v1beta/openai/", "/v1/"),
    ("/anthropic/v1/", "/v1/"),
    ("/api/v1/", "/v1/"),
    ("/v1beta1/", "/v1beta/"),
    ("/openai/deployments/", "/deployments/"),
    ("/v1/deployments/", "/deployments/"),
    ("/v1/api/", "/api/"),
    ("/v1/v2/", "/v2/"),
    ("/v1/model/", "/model/"),
    ("/v1/v1beta/", "/v1beta/"),
    *((bare, f"/v1{bare}") for bare in ("/chat/", "/completions", "/embeddings", "/responses", "/messages", "/models")),
    *((bare, f"/v1{bare}") for bare in ("/rerank", "/images/", "/audio/", "/moderations")),
)

#: Google's methods: dialect, operation, whether it streams.
METHODS: Mapping[str, Door] = {
    "generateContent": Door("gemini", "chat"),
    "streamGenerateContent": Door("gemini", "chat", stream=True),
    "countTokens": Door("gemini", "count_tokens"),
    "embedContent": Door("gemini_one", "embeddings"),
    "batchEmbedContents": Door("gemini", "embeddings"),
}
#: Bedrock's.
ACTIONS: Mapping[str, Door] = {
    "converse": Door("bedrock", "chat"),
    "converse-stream": Door("bedrock", "chat", stream=True),
    "invoke": Door("bedrock_invoke", "chat"),
    "invoke-with-response-stream": Door("bedrock_invoke", "chat", stream=True),
    "count-tokens": Door("bedrock", "count_tokens"),
}
#: A name in these may hold colons and slashes.
GOOGLE = re.compile(r"/v1(?:beta)?/(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/google/)?models/(.+):(\w+)")
BEDROCK = re.compile(r"/model/(.+)/([a-z-]+)")
DEPLOYMENT = re.compile(r"/deployments/(.+?)(/(?:chat/completions|completions|embeddings))")

MODELS = "/v1/models"
#: The dialect in which a path that leads nowhere is refused, by how it begins.
SPOKEN: tuple[tuple[str, str], ...] = (
    ("/v1/messages", "anthropic"),
    ("/v1/responses", "responses"),
    ("/v1beta/", "gemini"),
    ("/v1/projects/", "gemini"),
    ("/model/", "bedrock"),
    ("/api/", "ollama"),
    ("/v2/", "cohere"),
)


@lru_cache(maxsize=1024)
def find_door(target: str) -> Door | None:
    """The door that a request target (path and query) leads to."""
    path = collapse(path_in(target))
    door = CALLS.get(path)
    if door is not None:
        return door
    if (google := GOOGLE.fullmatch(path)) is not None and google[2] in METHODS:
        return with_model(METHODS[google[2]], google[1], as_array=not asks_for_events(target))
    if (bedrock := BEDROCK.fullmatch(path)) is not None and bedrock[2] in ACTIONS:
        return with_model(ACTIONS[bedrock[2]], bedrock[1])
    if (deployment := DEPLOYMENT.fullmatch(path)) is not None:
        return with_model(CALLS[f"/v1{deployment[2]}"], deployment[1])
    return None


def with_model(door: Door, model: str, as_array: bool = False) -> Door:
    dialect = "gemini_array" if as_array and door.stream else door.dialect
    return door._replace(dialect=dialect, model=unquote(model))


def asks_for_events(target: str) -> bool:
    return parse_qs(target.partition("?")[2]).get("alt") == ["sse"]


def path_in(target: str) -> str:
    """Without the query. RFC 9112, section 3.2.2: a request may name its whole URL."""
    path = target.partition("?")[0]
    return path if path.startswith("/") else urlsplit(path).path


def collapse(path: str) -> str:
    """The path as the rows above spell it: prefixes go, one after the other, and so does a slash at the end."""
    path = path.rstrip("/") or "/"
    for _ in range(3):
        for prefix, instead in PREFIXES:
            if path.startswith(prefix):
                path = instead + path[len(prefix) :]
                break
        else:
            break
    return path


def spoken_at(path: str) -> str:
    """The dialect of whoever asks for this path."""
    return next((dialect for prefix, dialect in SPOKEN if path.startswith(prefix)), "openai")
