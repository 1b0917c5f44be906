"""The `cohere` package, second API."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import httpx
from cohere import ClientV2
from cohere.core import ApiError

from tests.sdk.clients.driver import KEY, Environment, Hear, data_url, finish_of
from tests.sdk.scenes import Json, Made, Question, Said

FINISHES = {"COMPLETE": "stop", "TOOL_CALL": "tool_calls"}


class StreamError(Exception):
    """What an application must look for by itself: the package raises nothing when a stream says that it ended in error."""


RAISES = {
    400: "BadRequestError",
    401: "InternalServerError",
    404: "NotFoundError",
    429: "TooManyRequestsError",
    500: "ApiError",
    503: "ApiError",
}


class Driver:
    name: str = "cohere"
    raises: Mapping[int, str] = RAISES
    breaks: str = "StreamError"
    errors: tuple[type[Exception], ...] = (ApiError, StreamError, httpx.HTTPError)
    samples: bool = True
    by_order: bool = False

    def __init__(self, url: str, environment: Environment) -> None:
        """The package reads CO_API_URL when it is imported, which was long ago."""
        environment.setenv("CO_API_URL", url)
        environment.setenv("CO_API_KEY", KEY)
        self.client = ClientV2(base_url=os.environ["CO_API_URL"], timeout=20, max_retries=0)
        self.hear: Hear = print

    def close(self) -> None:
        self.client._client_wrapper.httpx_client.httpx_client.close()

    def ask(self, model: str, question: Question, streamed: bool) -> Said:
        body = request(model, question)
        if not streamed:
            response = self.client.chat(**body)
            message = json.loads(response.message.model_dump_json(exclude_none=True))
            return said(message, response.finish_reason, response.usage)
        stream: Any = self.client.chat_stream(**body)
        with closing(stream):
            return self.gathered(stream)

    def gathered(self, stream: Any) -> Said:
        content: dict[int, Json] = {}
        calls: dict[int, Json] = {}
        end = None
        for event in stream:
            match event.type:
                case "content-start":
                    content[event.index] = json.loads(event.delta.message.content.model_dump_json(exclude_none=True))
                case "content-delta":
                    piece = json.loads(event.delta.message.content.model_dump_json(exclude_none=True))
                    self.hear(piece.get("text", ""))
                    for name, words in piece.items():
                        content[event.index][name] += words
                case "tool-call-start":
                    calls[event.index] = json.loads(event.delta.message.tool_calls.model_dump_json(exclude_none=True))
                case "tool-call-delta":
                    function = calls[event.index]["function"]
                    function["arguments"] += event.delta.message.tool_calls.function.arguments
                case "message-end":
                    end = event.delta
                    if end.finish_reason == "ERROR":
                        raise StreamError(end.error)
        if end is None:
            raise StreamError("the stream ended without message-end")
        message: Json = {"role": "assistant"}
        if content:
            message["content"] = [block for _, block in sorted(content.items())]
        if calls:
            message["tool_calls"] = [call for _, call in sorted(calls.items())]
        return said(message, end.finish_reason, end.usage)

    def status(self, error: Any) -> int | None:
        return getattr(error, "status_code", None)

    def retry_after(self, error: Any) -> str | None:
        found: str | None = error.headers.get("retry-after")
        return found


def request(model: str, question: Question) -> Json:
    body: Json = {"model": model, "messages": messages(question)}
    if question.limit:
        body["max_tokens"] = question.limit
    if question.temperature is not None:
        body["temperature"] = question.temperature
    if question.tools:
        functions = [{"name": t.name, "description": t.description, "parameters": t.parameters} for t in question.tools]
        body["tools"] = [{"type": "function", "function": function} for function in functions]
    if question.schema:
        body["response_format"] = {"type": "json_object", "json_schema": question.schema}
    if question.thinks:
        body["thinking"] = {"type": "enabled", "token_budget": 2048}
    return body


def messages(question: Question) -> list[Any]:
    said: list[Json] = [{"role": "system", "content": question.system}] if question.system else []
    images = [data_url(question.image)] if question.image else []
    images += [question.image_url] if question.image_url else []
    if images:
        parts: list[Json] = [{"type": "text", "text": question.words}]
        parts += [{"type": "image_url", "image_url": {"url": url}} for url in images]
        said.append({"role": "user", "content": parts})
    else:
        said.append({"role": "user", "content": question.words})
    if question.said:
        said.append(question.said.turn)
        for call, result in reversed(list(zip(question.said.calls, question.results, strict=True))):
            said.append({"role": "tool", "tool_call_id": call.id, "content": result})
    return said


def said(message: Json, finish: Any, usage: Any) -> Said:
    calls = message.get("tool_calls", [])
    content = message.get("content", [])
    return Said(
        text="".join(block.get("text", "") for block in content),
        calls=[
            Made(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"] or "{}"))
            for call in calls
        ],
        thought="".join(block.get("thinking", "") for block in content),
        finish=finish_of(FINISHES, finish),
        tokens=(int(usage.tokens.input_tokens), int(usage.tokens.output_tokens)),
        turn=message,
    )
