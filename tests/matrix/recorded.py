"""Real traffic, sorted by the dialect that it is in and by what it is. Empty where there are no recordings.

A recording that no dialect is for stands in ELSEWHERE with the reason.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import orjson

from proxy.call import Json
from proxy.dialects import Dialect
from tests.conftest import ROOT
from tests.goldens.spoken import EVERY as DIALECTS

WIRE = ROOT.parent / "shared" / "wire"

#: How the recordings call what was asked -> dialect.
BY_API: Mapping[str, str] = {
    "chat": "openai",
    "foundry-chat": "openai",
    "responses": "responses",
    "messages": "anthropic",
    "generate": "gemini",
    "stream-generate": "gemini",
    "converse": "bedrock",
    "converse-stream": "bedrock",
    "invoke": "bedrock_invoke",
    "invoke-stream": "bedrock_invoke",
    "chat-v2": "cohere",
}
#: The same word means another dialect here.
BY_FOLDER: Mapping[tuple[str, str], str] = {("ollama", "chat"): "ollama"}
#: What is asked and answered without a model speaking: (folder, api) -> dialect and operation.
OPERATIONS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("anthropic", "count-tokens"): ("anthropic", "count_tokens"),
    ("gemini", "embeddings"): ("gemini", "embeddings"),
    ("ollama", "embeddings"): ("ollama", "embeddings"),
    ("openai", "embeddings"): ("openai", "embeddings"),
    ("voyage", "embeddings"): ("openai", "embeddings"),
    ("openai", "completions"): ("openai", "completions"),
}
#: Recordings that are in none of our dialects, and why. A name that ends in `/` stands for the whole of an api of a folder.
ELSEWHERE: Mapping[str, str] = {
    "anthropic/legacy-complete/": "the Text Completions API of 2023 has no door",
    "anthropic/models/": "a listing of models is nobody's dialect",
    "gemini/models/": "a listing of models is nobody's dialect",
    "ollama/models/": "a listing of models is nobody's dialect",
    "openai/models/": "a listing of models is nobody's dialect",
    "cohere/chat-v1/": "Cohere's v1 chat has no door",
    "watsonx/generation/": "watsonx's text generation has no door",
    "vertex/embeddings/": "Vertex's predict for embeddings is no dialect of ours",
    "bedrock-invoke/basic-openllmetry-test-nova-completion-0": "Nova's own body: only Claude's are translated",
    "bedrock-invoke/parallel-tools-otel-test-invoke-model-no-content-tool-call-amazo-0": "Nova's own body",
    "bedrock-invoke/tool-result-otel-test-invoke-model-with-content-tool-call-ama-1": "Nova's own body",
}
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Recording:
    name: str
    folder: str
    api: str
    dialect: Dialect
    operation: str
    json: Json

    @property
    def status(self) -> int:
        return int(self.json["response"]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.json["response"].get("headers", {}).items()}

    @property
    def request(self) -> Json | None:
        """What was asked, where it was kept."""
        wire = (self.json.get("request") or {}).get("json")
        return wire if isinstance(wire, dict) else None

    @property
    def model(self) -> str:
        return str((self.request or {}).get("model") or self.json.get("model") or "model")

    @property
    def is_stream(self) -> bool:
        response = self.json["response"]
        if self.status >= 400 or not self.is_chat:
            return False
        return (
            "body_b64" in response
            or self.dialect.framing == "json_array"
            or ("text" in response and "json" not in response)
        )

    @property
    def is_chat(self) -> bool:
        return self.operation == "chat"

    @cached_property
    def body(self) -> bytes:
        """The answer's bytes. Where only the payloads of a stream were kept, they get their framing back."""
        response = self.json["response"]
        if "body_b64" in response:
            return b64decode(response["body_b64"])
        if "text" not in response:
            return orjson.dumps(response.get("json"))
        data: bytes = response["text"].encode()
        if (
            self.json["source"]["fidelity"] == ["vendor-test-data"]
            or self.json["source"]["fidelity"] == "vendor-test-data"
        ):
            data += b"\r\n"  # the blank line of the last event was cut off by hand
        if "data-payloads-only" not in self.json["source"]["fidelity"] or self.dialect.framing != "sse":
            return data
        framed = b"".join(b"data: %b\n\n" % line for line in data.splitlines() if line)
        return framed + DONE if self.dialect.name == "openai" else framed

    @property
    def reply(self) -> Json:
        wire: Json = orjson.loads(self.body)
        return wire


def read_all() -> Iterator[Recording]:
    for path in sorted(WIRE.glob("*/*.json")):
        json = orjson.loads(path.read_bytes())
        folder, api, name = path.parent.name, json["api"], f"{path.parent.name}/{path.stem}"
        ALL_NAMES[name] = folder, api
        dialect, operation = place_of(folder, api, json)
        if elsewhere(name) is None and dialect is not None:
            yield Recording(name, folder, api, DIALECTS[dialect], operation, json)


def place_of(folder: str, api: str, json: Json) -> tuple[str | None, str]:
    if (folder, api) in OPERATIONS:
        return OPERATIONS[folder, api]
    dialect = BY_FOLDER.get((folder, api)) or BY_API.get(api)
    if (
        api == "stream-generate"
        and isinstance(json["response"].get("json"), list)
        and json["response"]["status"] == 200
    ):
        dialect = "gemini_array"
    return dialect, "chat"


def elsewhere(name: str) -> str | None:
    """The row of ELSEWHERE that a recording belongs to."""
    folder, api = ALL_NAMES[name]
    return next((row for row in (name, f"{folder}/{api}/") if row in ELSEWHERE), None)


#: Every recording there is -> folder and api.
ALL_NAMES: dict[str, tuple[str, str]] = {}
RECORDINGS: Mapping[str, Recording] = {recording.name: recording for recording in read_all()}
