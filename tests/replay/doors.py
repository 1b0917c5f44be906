"""Where an application asks the sidecar for what was recorded, and with what body."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import orjson

from proxy.call import Json
from tests.goldens.crossing import STREAMED
from tests.matrix.recorded import Recording
from tests.replay.roads import asks_for_stream, road_of

#: (dialect, operation) -> path, and the path of a stream where that is another one.
PATHS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("openai", "chat"): ("/v1/chat/completions",),
    ("openai", "completions"): ("/v1/completions",),
    ("openai", "embeddings"): ("/v1/embeddings",),
    ("responses", "chat"): ("/v1/responses",),
    ("anthropic", "chat"): ("/v1/messages",),
    ("anthropic", "count_tokens"): ("/v1/messages/count_tokens",),
    ("gemini", "chat"): (
        "/v1beta/models/{model}:generateContent",
        "/v1beta/models/{model}:streamGenerateContent?alt=sse",
    ),
    ("gemini_array", "chat"): ("", "/v1beta/models/{model}:streamGenerateContent"),
    ("gemini", "embeddings"): ("/v1beta/models/{model}:batchEmbedContents",),
    ("bedrock", "chat"): ("/model/{model}/converse", "/model/{model}/converse-stream"),
    ("bedrock_invoke", "chat"): ("/model/{model}/invoke", "/model/{model}/invoke-with-response-stream"),
    ("ollama", "chat"): ("/api/chat",),
    ("ollama", "embeddings"): ("/api/embed",),
    ("cohere", "chat"): ("/v2/chat",),
}


def path_of(recording: Recording) -> str:
    paths = PATHS[recording.dialect.name, recording.operation]
    path = paths[-1] if asks_for_stream(recording) else paths[0]
    return path.replace("{model}", quote(model_asked(recording), safe=""))


def model_asked(recording: Recording, client: str = "") -> str:
    road = road_of(recording.name, client)
    return f"{road.entry}:{road.model}"


def body_of(recording: Recording) -> tuple[bytes, bytes]:
    """What the application sends, and what must arrive: they differ by the name of the model."""
    wire = recording.request
    assert wire is not None
    sent: Json = wire if recording.dialect.model_in_path else {**wire, "model": model_asked(recording)}
    arrives = wire if recording.dialect.model_in_path else {**wire, "model": road_of(recording.name).model}
    return orjson.dumps(sent), orjson.dumps(arrives)


def question_of(recording: Recording, client: str) -> bytes:
    """A question in another dialect, which the recording is to answer."""
    asked: Json = {"model": model_asked(recording, client), "messages": [{"role": "user", "content": "Hello"}]}
    if client == "anthropic":
        asked["max_tokens"] = 16
    if recording.is_stream or asks_for_stream(recording):
        asked |= STREAMED if client == "openai" else {"stream": True}
    return orjson.dumps(asked)
