"""The `boto3` package: Converse and ConverseStream.

It sends the token of AWS_BEARER_TOKEN_BEDROCK to addresses with https only, so an application beside a sidecar signs with the
credentials that its pod has, or with made-up ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from tests.sdk.clients.driver import KEY, Environment, Hear, finish_of
from tests.sdk.scenes import Json, Made, Question, Said

FINISHES = {"end_turn": "stop", "tool_use": "tool_calls"}

RAISES = {
    400: "ValidationException",
    401: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    500: "ModelErrorException",
    503: "ServiceUnavailableException",
}


class Driver:
    name: str = "bedrock"
    raises: Mapping[int, str] = RAISES
    breaks: str = "EventStreamError"
    errors: tuple[type[Exception], ...] = (ClientError, BotoCoreError)
    samples: bool = True
    by_order: bool = False

    def __init__(self, url: str, environment: Environment) -> None:
        environment.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIA-OF-THE-POD")
        environment.setenv("AWS_SECRET_ACCESS_KEY", KEY)
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=20)
        self.client = boto3.session.Session().client("bedrock-runtime", config=config)
        self.hear: Hear = print

    def close(self) -> None:
        self.client.close()

    def ask(self, model: str, question: Question, streamed: bool) -> Said:
        body = request(model, question)
        if not streamed:
            response = self.client.converse(**body)
            return said(response["output"]["message"], response["stopReason"], response["usage"])
        with closing(self.client.converse_stream(**body)["stream"]) as stream:
            return self.gathered(stream)

    def gathered(self, stream: Any) -> Said:
        blocks: dict[int, Json] = {}
        stop, usage = "", {}
        for event in stream:
            [(name, payload)] = event.items()
            if name == "contentBlockStart":
                blocks[payload["contentBlockIndex"]] = {"toolUse": payload["start"]["toolUse"] | {"input": ""}}
            elif name == "contentBlockDelta":
                grow(blocks.setdefault(payload["contentBlockIndex"], {}), payload["delta"])
                self.hear(payload["delta"].get("text", ""))
            elif name == "messageStop":
                stop = payload["stopReason"]
            elif name == "metadata":
                usage = payload["usage"]
        content = [finished(block) for _, block in sorted(blocks.items())]
        return said({"role": "assistant", "content": content}, stop, usage)

    def status(self, error: Any) -> int | None:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])

    def retry_after(self, error: Any) -> str | None:
        found: str | None = error.response["ResponseMetadata"]["HTTPHeaders"].get("retry-after")
        return found


def grow(block: Json, delta: Json) -> None:
    for name, piece in delta.items():
        if isinstance(piece, dict):
            grow(block.setdefault(name, {}), piece)
        else:
            block[name] = block.get(name, piece[:0]) + piece


def finished(block: Json) -> Json:
    """A block of a stream in the form that goes back: arguments as an object, a thought's text and signature together."""
    if "toolUse" in block:
        return {"toolUse": block["toolUse"] | {"input": json.loads(block["toolUse"]["input"] or "{}")}}
    if "text" in block.get("reasoningContent", {}):
        return {"reasoningContent": {"reasoningText": block["reasoningContent"]}}
    return block


def request(model: str, question: Question) -> Json:
    body: Json = {"modelId": model, "messages": messages(question)}
    settings = {"maxTokens": question.limit, "temperature": question.temperature}
    settings = {name: value for name, value in settings.items() if value is not None}
    if settings:
        body["inferenceConfig"] = settings
    if question.system:
        body["system"] = [{"text": question.system}]
    if question.tools:
        body["toolConfig"] = {
            "tools": [
                {"toolSpec": {"name": t.name, "description": t.description, "inputSchema": {"json": t.parameters}}}
                for t in question.tools
            ]
        }
    if question.schema:
        structure = {"jsonSchema": {"schema": json.dumps(question.schema), "name": "city"}}
        body["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": structure}}
    if question.thinks:
        body["additionalModelRequestFields"] = {"thinking": {"type": "enabled", "budget_tokens": 2048}}
    return body


def messages(question: Question) -> list[Json]:
    content: list[Json] = [{"text": question.words}]
    if question.image:
        content.append({"image": {"format": "png", "source": {"bytes": question.image}}})
    said: list[Json] = [{"role": "user", "content": content}]
    if question.said:
        said.append(question.said.turn)
        results = [
            {"toolResult": {"toolUseId": call.id, "content": [{"text": result}]}}
            for call, result in zip(question.said.calls, question.results, strict=True)
        ]
        said.append({"role": "user", "content": results[::-1]})
    return said


def said(message: Json, stop: str, usage: Json) -> Said:
    blocks = message["content"]
    calls = [block["toolUse"] for block in blocks if "toolUse" in block]
    thoughts = [block["reasoningContent"].get("reasoningText", {}) for block in blocks if "reasoningContent" in block]
    return Said(
        text="".join(block.get("text", "") for block in blocks),
        calls=[Made(call["toolUseId"], call["name"], call["input"]) for call in calls],
        thought="".join(thought.get("text", "") for thought in thoughts),
        finish=finish_of(FINISHES, stop),
        tokens=(usage["inputTokens"], usage["outputTokens"]),
        turn=message,
    )
