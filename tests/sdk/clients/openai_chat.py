"""The `openai` package, chat completions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from openai import OpenAI, OpenAIError

from tests.sdk.clients.driver import KEY, Environment, Hear, data_url
from tests.sdk.scenes import Json, Made, Question, Said

RAISES = {
    400: "BadRequestError",
    401: "InternalServerError",
    404: "NotFoundError",
    429: "RateLimitError",
    500: "InternalServerError",
    503: "InternalServerError",
}


class Driver:
    name: str = "openai"
    raises: Mapping[int, str] = RAISES
    breaks: str = "APIError"
    errors: tuple[type[Exception], ...] = (OpenAIError,)
    samples: bool = True
    by_order: bool = False

    def __init__(self, url: str, environment: Environment) -> None:
        environment.setenv("OPENAI_BASE_URL", f"{url}/v1")
        environment.setenv("OPENAI_API_KEY", KEY)
        self.client = OpenAI(max_retries=0, timeout=20)
        self.hear: Hear = print

    def close(self) -> None:
        self.client.close()

    def ask(self, model: str, question: Question, streamed: bool) -> Said:
        body = request(model, question)
        if not streamed:
            return said(self.client.chat.completions.create(**body))
        with self.client.chat.completions.stream(**body, stream_options={"include_usage": True}) as stream:
            for event in stream:
                if event.type == "content.delta":
                    self.hear(event.delta)
            return said(stream.get_final_completion())

    def status(self, error: Any) -> int | None:
        return getattr(error, "status_code", None)

    def retry_after(self, error: Any) -> str | None:
        found: str | None = error.response.headers.get("retry-after")
        return found


def request(model: str, question: Question) -> Json:
    body: Json = {"model": model, "messages": messages(question)}
    if question.limit:
        body["max_completion_tokens"] = question.limit
    if question.temperature is not None:
        body["temperature"] = question.temperature
    if question.tools:
        functions = [{"name": t.name, "description": t.description, "parameters": t.parameters} for t in question.tools]
        body["tools"] = [{"type": "function", "function": function} for function in functions]
    if question.schema:
        schema = {"name": "city", "strict": True, "schema": question.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if question.thinks:
        body["reasoning_effort"] = "low"
    return body


def messages(question: Question) -> list[Json]:
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


def said(completion: Any) -> Said:
    [choice] = completion.choices
    message = choice.message
    turn = message.model_dump(exclude_none=True)
    for call in turn.get("tool_calls", []):
        call["function"].pop("parsed_arguments", None)
        call.pop("index", None)
    calls = [Made(c.id, c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls or []]
    return Said(
        text=message.content or "",
        calls=calls,
        thought=getattr(message, "reasoning_content", None) or "",
        finish=choice.finish_reason,
        tokens=(completion.usage.prompt_tokens, completion.usage.completion_tokens),
        turn=turn,
    )
