"""Gemini's generateContent: https://ai.google.dev/api/generate-content; thoughts as in .../gemini-api/docs/thought-signatures."""

from __future__ import annotations

import re
from typing import Any

from google.genai import types
from pydantic import TypeAdapter

from tests.sdk.scenes import INPUT_TOKENS, OUTPUT_TOKENS, Answer, Heard, Json, Made
from tests.sdk.upstreams.wire import Wire, only, pieces, sse

#: Members of a request, and the package's types for them, which refuse what they do not know.
MEMBERS: dict[str, TypeAdapter[Any]] = {
    "contents": TypeAdapter(list[types.Content]),
    "systemInstruction": TypeAdapter(types.Content),
    "tools": TypeAdapter(list[types.Tool]),
    "toolConfig": TypeAdapter(types.ToolConfig),
    "safetySettings": TypeAdapter(list[types.SafetySetting]),
    "generationConfig": TypeAdapter(types.GenerationConfig),
}
USAGE: Json = {
    "promptTokenCount": INPUT_TOKENS,
    "candidatesTokenCount": OUTPUT_TOKENS,
    "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": INPUT_TOKENS}],
}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


#: What is the caller's own below these names stays as it is.
OPAQUE = {"args", "response", "properties", "parametersJsonSchema", "responseJsonSchema"}


def camel(value: Any) -> Any:
    """Both spellings of a name are taken, as everywhere in Google's JSON; the package uses now the one, now the other."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    spelled = {re.sub("_([a-z])", lambda found: found[1].upper(), name): member for name, member in value.items()}
    return {name: member if name in OPAQUE else camel(member) for name, member in spelled.items()}


def hear(request: Json) -> Heard:
    request = camel(request)
    only(request, [*MEMBERS, "cachedContent"])
    for name, value in request.items():
        if name in MEMBERS:
            MEMBERS[name].validate_python(value)
    config = request.get("generationConfig", {})
    heard = Heard(
        system=text_of(request.get("systemInstruction", {})),
        limit=config.get("maxOutputTokens"),
        temperature=config.get("temperature"),
        schema=plain(config.get("responseJsonSchema", config.get("responseSchema"))),
        thinks=bool(config.get("thinkingConfig", {}).get("includeThoughts")),
    )
    for tool in request.get("tools", []):
        for function in tool["functionDeclarations"]:
            said = function.get("parametersJsonSchema", function.get("parameters"))
            heard.tools[function["name"]] = plain(said) or {"type": "object", "properties": {}}
    responses = [response for content in request["contents"] for response in hear_content(heard, content)]
    heard.results = results_of(heard.calls, responses)
    return heard


def plain(schema: Any) -> Any:
    """A schema with its types in JSON Schema's letters: OpenAPI's, which Gemini takes too, are capital."""
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: value.lower() if name == "type" and isinstance(value, str) else plain(value)
        for name, value in schema.items()
        if name not in ("propertyOrdering", "property_ordering")
    }


def hear_content(heard: Heard, content: Json) -> list[Json]:
    """Its function responses."""
    responses = []
    for part in content["parts"]:
        if "thoughtSignature" in part:
            heard.signatures.append(standard(part["thoughtSignature"]))
        if "functionCall" in part:
            call = part["functionCall"]
            heard.calls.append(Made(call.get("id", ""), call["name"], call.get("args", {})))
        elif "functionResponse" in part:
            responses.append(part["functionResponse"])
        elif "inlineData" in part:
            heard.images.append(f"data:{part['inlineData']['mimeType']};base64,{standard(part['inlineData']['data'])}")
        elif "fileData" in part:
            heard.images.append(part["fileData"]["fileUri"])
        elif "text" in part and content.get("role", "user") == "user":
            heard.words = part["text"]
    return responses


def standard(data: str) -> str:
    """Base64 in the usual alphabet; URLs' is taken too, and the package uses it."""
    return data.replace("-", "+").replace("_", "/")


def results_of(calls: list[Made], responses: list[Json]) -> list[tuple[str, Json, str]]:
    """Ids are optional on this wire, and none were given: a result belongs to the first open call of its name."""
    left = list(calls)
    results = []
    for response in responses:
        call = next((call for call in left if call.name == response["name"]), None)
        if call is None or call.id != response.get("id", ""):
            raise ValueError(f"a response to {response['name']} {response.get('id')}, but the calls are {left}")
        left.remove(call)
        said = response["response"]
        results.append((call.name, call.arguments, said.get("result", said.get("output", said))))
    return results


def text_of(content: Json) -> str:
    return "".join(part["text"] for part in content.get("parts", []))


# ---- what it answers


def parts_of(answer: Answer) -> list[Json]:
    """The first call carries the signature, as real ones do; an answer without calls has it on its text."""
    parts: list[Json] = [{"text": piece, "thought": True} for piece in pieces(answer.thought)]
    parts += [{"text": piece} for piece in pieces(answer.text)]
    said = len(parts)
    parts += [{"functionCall": {"name": call.name, "args": call.arguments}} for call in answer.calls]
    if answer.signature:
        parts[said if answer.calls else -1]["thoughtSignature"] = answer.signature
    return parts


def payload(parts: list[Json], model: str) -> Json:
    candidate: Json = {"content": {"parts": parts, "role": "model"}, "index": 0}
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": model, "responseId": "NoFfas7r"}


def whole(answer: Answer, model: str) -> Json:
    thoughts = [{"text": answer.thought, "thought": True}] if answer.thought else []
    said = [{"text": answer.text}] if answer.text else []
    calls = parts_of(Answer(calls=answer.calls, signature=answer.signature)) if answer.calls else []
    if answer.signature and not calls:
        said[0]["thoughtSignature"] = answer.signature
    message = payload([*thoughts, *said, *calls], model)
    message["candidates"][0]["finishReason"] = "STOP"
    return message


def stream(answer: Answer, model: str, request: Json) -> list[bytes]:
    events = [payload([part], model) for part in parts_of(answer)]
    last = payload([{"text": ""}], model)
    last["candidates"][0]["finishReason"] = "STOP"
    return [sse(event, newline="\r\n") for event in [*events, last]]


def refusal(status: int, words: str) -> tuple[dict[str, str], Json]:
    fault: Json = {"code": status, "message": words, "status": STATUSES[status]}
    if status == 429:
        fault["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]
    return {}, {"error": fault}


def broken(complaint: str) -> bytes:
    return sse({"error": {"code": 500, "message": complaint, "status": "INTERNAL"}}, newline="\r\n")


WIRE = Wire(
    name="gemini",
    path=re.compile(r"/v1(?:beta)?/models/(?P<model>[^/]+):(?:generateContent|streamGenerateContent\?alt=sse)"),
    key=("x-goog-api-key", ""),
    content_type="text/event-stream",
    model="gemini-2.5-flash",
    streamed=lambda path, request: ":streamGenerateContent" in path,
    hear=hear,
    whole=whole,
    stream=stream,
    refusal=refusal,
    broken=broken,
)
