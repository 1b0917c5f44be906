"""What a provider answers in these tests: its own recorded reply, else another's of the same dialect, else one made here.

And how its requests are held against the models of the official package: tests/sdk/upstreams knows those of chats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

import orjson
from cohere import ClientV2
from google.genai import types
from ollama._types import EmbedRequest
from openai.types.embedding_create_params import EmbeddingCreateParams
from pydantic import TypeAdapter

from proxy.providers import Provider
from tests.matrix.recorded import RECORDINGS, Recording
from tests.providers.packages import OWN, hold
from tests.sdk.scenes import Answer, Heard, Json
from tests.sdk.upstreams.provider import WIRES
from tests.sdk.upstreams.strict import strictly
from tests.sdk.upstreams.wire import Wire, only

WIRE_OF: Mapping[str, Wire] = {wire.name: wire for wire in WIRES}
#: The folder of recordings whose replies stand in for those who have none.
COMMON: Mapping[str, str] = {
    "responses": "openai-responses",
    "bedrock": "bedrock-converse",
}
#: Folders of recordings that are a provider's own though they are called otherwise.
FOLDERS: Mapping[str, str] = {
    "openai_responses": "openai-responses",
    "bedrock": "bedrock-converse",
    **dict.fromkeys(("azure_openai", "azure_deployments", "azure_foundry"), "azure"),
}
EMBEDDINGS: TypeAdapter[Any] = TypeAdapter(EmbeddingCreateParams)


def recorded(kind: str, dialect: str, stream: bool, feature: str = "") -> Recording | None:
    """An answer to such a request where there is one, else any; one that is an error, or ends in one, is no answer."""
    for folder in (FOLDERS.get(kind, kind), COMMON.get(dialect, dialect)):
        found = [
            recording
            for name, recording in RECORDINGS.items()
            if recording.folder == folder and recording.dialect.name == dialect and recording.is_chat
            if recording.status == 200 and recording.is_stream == stream and "error" not in name
        ]
        if found:
            begins = f"{folder}/{feature}"
            return next((recording for recording in found if recording.name.startswith(begins)), found[0])
    return None


def answer(kind: str, dialect: str, request: Json, stream: bool, feature: str = "") -> tuple[bytes, str]:
    """Body and content type of a chat's answer."""
    wire, recording = WIRE_OF[dialect], recorded(kind, dialect, stream, feature)
    content_type = wire.content_type if stream else "application/json"
    if recording is not None:
        return recording.body, content_type
    if stream:
        return b"".join(wire.stream(Answer("Hello."), "m", request)), content_type
    return orjson.dumps(wire.whole(Answer("Hello."), "m")), content_type


def hold_chat(kind: str, dialect: str, provider: Provider, body: Json) -> Heard | None:
    """ValueError for what the provider's own package does not know, or that of its dialect, save for what its file says it takes
    besides. What was heard; None where the dialect's package cannot know it all.
    """
    if kind in OWN:
        hold(kind, body)
    if "response_format" in provider.amends:
        return None
    if dialect == "openai":
        spelled = {theirs: ours for ours, theirs in provider.renames.items()}
        body = {spelled.get(name, name): value for name, value in body.items() if name not in provider.accepts}
    return WIRE_OF[dialect].hear(body)


def hold_gemini(body: Json) -> None:
    only(body, ["requests"])
    for request in body["requests"]:
        only(request, ["model", "content", "taskType", "title", "outputDimensionality"])
        types.Content.model_validate(request["content"])


#: Dialect -> what its embeddings are held against, and the model that is asked.
HOLD_EMBEDDINGS: Mapping[str, tuple[Callable[[Json], None], str]] = {
    "openai": (lambda body: strictly(EMBEDDINGS, body), "m"),
    "cohere": (lambda body: only(body, [*signature(ClientV2.embed).parameters]), "embed-v4.0"),
    "ollama": (lambda body: only(body, [*EmbedRequest.model_fields]), "m"),
    "gemini": (hold_gemini, "gemini-embedding-001"),
    "bedrock": (lambda body: only(body, ["inputText", "dimensions", "normalize"]), "amazon.titan-embed-text-v2:0"),
}
#: Dialect -> the answer to a request for the embedding of one text.
EMBEDDED: Mapping[str, Json] = {
    "openai": {
        "object": "list",
        "model": "m",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}],
        "usage": {"prompt_tokens": 2, "total_tokens": 2},
    },
    "cohere": {
        "id": "e-1",
        "response_type": "embeddings_by_type",
        "texts": ["Hellö?"],
        "embeddings": {"float": [[0.5, -1.0]]},
        "meta": {"billed_units": {"input_tokens": 2}},
    },
    "ollama": {"model": "m", "embeddings": [[0.5, -1.0]], "total_duration": 1, "prompt_eval_count": 2},
    "gemini": {"embeddings": [{"values": [0.5, -1.0]}]},
    "bedrock": {"embedding": [0.5, -1.0], "inputTextTokenCount": 2},
}
