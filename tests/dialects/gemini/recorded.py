"""The recordings of Google's API, by kind, and what it takes to compare them by value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from proxy.call import Failure, Json
from proxy.dialects.gemini import ARRAY_DIALECT, DIALECT
from proxy.dialects.gemini.spelling import camel_name
from proxy.wire import json_array, sse
from tests.conftest import ROOT

WIRE = ROOT.parent / "shared" / "wire"

RECORDINGS: Mapping[str, Json] = {
    f"{path.parent.name}/{path.stem}": orjson.loads(path.read_bytes())
    for folder in ("gemini", "vertex")
    for path in sorted((WIRE / folder).glob("*.json"))
}


def model_of(recording: Json) -> str:
    url = (recording.get("request") or {}).get("url", "")
    return str(url.partition("/models/")[2].partition(":")[0] or recording.get("model") or "gemini-3-flash-preview")


def stream_of(recording: Json) -> bytes:
    """The stream's bytes, or none. Bare payloads get their framing back, and a stored array its brackets."""
    response = recording["response"]
    if response["status"] != 200 or "stream" not in recording["api"]:
        return b""
    if isinstance(response.get("json"), list):
        return b"[" + b"\n,\r\n".join(map(orjson.dumps, response["json"])) + b"\n]"
    text = str(response.get("text") or "")
    if not text.startswith("{"):
        return text.encode()
    return b"".join(b"data: %b\r\n\r\n" % line for line in text.encode().splitlines() if line)


def parse_stream(pieces: list[bytes]) -> tuple[list[Json], str]:
    """The chunks of a stream in pieces, and how it ended."""
    array = b"".join(pieces)[:1] == b"["
    reader = json_array.Reader() if array else sse.Reader()
    parser = (ARRAY_DIALECT if array else DIALECT).parser()
    chunks: list[Json] = []
    try:
        for piece in pieces:
            for event in reader.feed(piece):
                chunks += parser.feed(event)
        chunks += parser.end()
    except Failure as failure:
        return chunks, f"{failure.kind}: {failure.detail}"
    return chunks, "well"


def said(chunks: list[Json]) -> Json:
    """What chunks say, put together: the same for a stream that is cut elsewhere."""
    whole: Json = {"content": "", "reasoning_content": "", "calls": {}, "signatures": [], "own": [], "thinking": []}
    for chunk in chunks:
        whole["usage"] = chunk.get("usage")
        for choice in chunk["choices"]:
            delta = choice["delta"]
            for name in ("content", "reasoning_content"):
                whole[name] += delta.get(name) or ""
            for call in delta.get("tool_calls", ()):
                whole["calls"][call["index"]] = call
            if "extra_content" in delta:
                whole["signatures"].append((len(whole["content"]), delta["extra_content"]))
            whole["own"] += [entry["block"] for entry in delta.get("provider_blocks", ())]
            if choice["finish_reason"]:
                ended = ("finish_reason", "native_finish_reason", "gemini")
                whole["ended"] = [choice.get(name) for name in ended] + [delta.get("annotations"), delta.get("refusal")]
    return whole


def plain(value: Any) -> Any:
    """A request as Google reads it: one spelling, no nulls, levels and types in one case, nothing that says nothing."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str):
        return value.replace("-", "+").replace("_", "/").rstrip("=") if len(value) > 200 else value
    if not isinstance(value, dict):
        return value
    said = {camel_name(name): plain(each) for name, each in value.items() if each not in (None, False, {})}
    if "systemInstruction" in said:
        said["systemInstruction"].pop("role", None)
    for name in ("contents", "parts", "tools"):
        if isinstance(said.get(name), dict):
            said[name] = [said[name]]
    for name in ("parametersJsonSchema", "responseJsonSchema"):
        if name in said:
            said[
                name.replace("JsonSchema", "Schema").removesuffix("Schema") if "param" in name else "responseSchema"
            ] = said.pop(name)
    if isinstance(said.get("type"), str):
        said["type"] = said["type"].lower()
    if "thinkingLevel" in said:
        said["thinkingLevel"] = said["thinkingLevel"].upper()
    return said
