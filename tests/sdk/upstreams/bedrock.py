"""Amazon Bedrock's Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.

Requests are held against the service model that comes with botocore. The frames of a stream are made here by hand
(https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html).
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session  # type: ignore[import-untyped]

from tests.sdk.scenes import INPUT_TOKENS, OUTPUT_TOKENS, Answer, Heard, Json, Made
from tests.sdk.upstreams.wire import Wire, arguments_of, matched, only, pieces, woven

USAGE: Json = {
    "inputTokens": INPUT_TOKENS,
    "outputTokens": OUTPUT_TOKENS,
    "totalTokens": INPUT_TOKENS + OUTPUT_TOKENS,
}
TYPES = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


def hear(request: Json) -> Heard:
    hold(request, converse_shape(), "the request")
    config, tooling = request.get("inferenceConfig", {}), request.get("toolConfig", {})
    tools = {tool["toolSpec"]["name"]: tool["toolSpec"]["inputSchema"]["json"] for tool in tooling.get("tools", [])}
    thinking = request.get("additionalModelRequestFields", {})
    heard = Heard(
        system="\n".join(block["text"] for block in request.get("system", [])),
        limit=config.get("maxTokens"),
        temperature=config.get("temperature"),
        tools=tools,
        thinks=bool({"thinking", "reasoning_config"} & thinking.keys()),
    )
    form = request.get("outputConfig", {}).get("textFormat")
    if form:
        heard.schema = json.loads(form["structure"]["jsonSchema"]["schema"])
    forced = tooling.get("toolChoice", {}).get("tool")
    if forced:
        heard.json_tool = forced["name"]
        heard.schema = tools[forced["name"]]
    results = [hear_message(heard, message) for message in request["messages"]]
    heard.results = matched(heard.calls, [result for found in results for result in found])
    return heard


def hear_message(heard: Heard, message: Json) -> list[tuple[str, str]]:
    """Its tool results."""
    results = []
    for block in message["content"]:
        [(kind, said)] = block.items()
        if kind == "toolUse":
            heard.calls.append(Made(said["toolUseId"], said["name"], said["input"]))
        elif kind == "toolResult":
            results.append((said["toolUseId"], "".join(result_text(part) for part in said["content"])))
        elif kind == "reasoningContent":
            heard.signatures.append(said["reasoningText"].get("signature", ""))
        elif kind == "image":
            heard.images.append(f"data:image/{said['format']};base64,{said['source']['bytes']}")
        elif kind == "text" and message["role"] == "user":
            heard.words = said
    return results


def result_text(part: Json) -> str:
    return part["text"] if "text" in part else json.dumps(part["json"])


@cache
def converse_shape() -> Any:
    return botocore.session.Session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape


#: Python's types of the service model's.
SCALARS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}


def hold(value: Any, shape: Any, path: str) -> None:
    """ValueError for what the service model does not know, or misses; a blob must be base64."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return
    if kind == "blob":
        b64decode(value, validate=True)
    elif kind == "list":
        for index, item in enumerate(value):
            hold(item, shape.member, f"{path}[{index}]")
    elif kind == "map":
        for name, item in value.items():
            hold(item, shape.value, f"{path}.{name}")
    elif kind == "structure":
        hold_structure(value, shape, path)
    elif not isinstance(value, SCALARS[kind]):
        raise ValueError(f"{path} is {value!r}, not a {kind}")
    elif getattr(shape, "enum", None) and value not in shape.enum:
        raise ValueError(f"{path} is {value!r}, none of {shape.enum}")


def hold_structure(value: Json, shape: Any, path: str) -> None:
    only(value, list(shape.members), path)
    missing = {name for name in shape.required_members if name != "modelId"} - value.keys()
    if missing or (getattr(shape, "is_tagged_union", False) and len(value) != 1):
        raise ValueError(f"{path} lacks {missing}, or is more than one of a union: {list(value)}")
    for name, member in value.items():
        hold(member, shape.members[name], f"{path}.{name}")


# ---- what it answers


def whole(answer: Answer, model: str) -> Json:
    content: list[Json] = []
    if answer.thought:
        reasoning = {"text": answer.thought, "signature": answer.signature}
        content.append({"reasoningContent": {"reasoningText": reasoning}})
    if answer.text:
        content.append({"text": answer.text})
    for call in answer.calls:
        content.append({"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}})
    return {
        "metrics": {"latencyMs": 917},
        "output": {"message": {"content": content, "role": "assistant"}},
        "stopReason": "tool_use" if answer.calls else "end_turn",
        "usage": USAGE,
    }


def frame(kind: str, name: str, payload: Json) -> bytes:
    """One message: two lengths and their CRC, headers, payload, the CRC of it all."""
    named = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    headers = b"".join(
        struct.pack("!B", len(key)) + key.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for key, value in named.items()
    )
    data = json.dumps(payload).encode()
    prelude = struct.pack("!II", len(headers) + len(data) + 16, len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + data
    return message + struct.pack("!I", zlib.crc32(message))


def stream(answer: Answer, model: str, request: Json) -> list[bytes]:
    return [frame("event", name, payload | {"p": "abcd"}) for name, payload in events_of(answer)]


def events_of(answer: Answer) -> Iterator[tuple[str, Json]]:
    """Text and thoughts have no start; the tokens come after the stop."""
    yield "messageStart", {"role": "assistant"}
    index = 0
    thoughts: list[Json] = [{"reasoningContent": {"text": piece}} for piece in pieces(answer.thought)]
    signed: list[Json] = [{"reasoningContent": {"signature": answer.signature}}] if answer.signature else []
    texts: list[Json] = [{"text": piece} for piece in pieces(answer.text)]
    for deltas in filter(None, ([*thoughts, *signed], texts)):
        yield from (("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}) for delta in deltas)
        yield "contentBlockStop", {"contentBlockIndex": index}
        index += 1
    calls = list(enumerate(answer.calls, index))
    for index, call in calls:
        start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
        yield "contentBlockStart", {"contentBlockIndex": index, "start": start}
    yield from woven([[tool_delta(index, piece) for piece in pieces(arguments_of(call))] for index, call in calls])
    for index, _ in calls:
        yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", {"stopReason": "tool_use" if answer.calls else "end_turn"}
    yield "metadata", {"metrics": {"latencyMs": 917}, "usage": USAGE}


def tool_delta(index: int, piece: str) -> tuple[str, Json]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": {"toolUse": {"input": piece}}}


def refusal(status: int, words: str) -> tuple[dict[str, str], Json]:
    kind = f"{TYPES[status]}:http://internal.amazon.com/coral/com.amazon.bedrock/"
    return {"x-amzn-errortype": kind, "x-amzn-requestid": "req-1"}, {"message": words}


def broken(complaint: str) -> bytes:
    return frame("exception", "modelStreamErrorException", {"message": complaint, "originalStatusCode": 500})


WIRE = Wire(
    name="bedrock",
    path=re.compile(r"/model/(?P<model>[^/]+)/converse(?:-stream)?"),
    key=("authorization", "Bearer "),
    content_type="application/vnd.amazon.eventstream",
    model="us.anthropic.claude-opus-4-5-20251101-v1:0",
    streamed=lambda path, request: path.endswith("/converse-stream"),
    hear=hear,
    whole=whole,
    stream=stream,
    refusal=refusal,
    broken=broken,
)
