"""The `openai` package, responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from openai import OpenAI, OpenAIError

from tests.sdk.clients import openai_chat
from tests.sdk.clients.driver import KEY, Environment, Hear, data_url
from tests.sdk.scenes import Json, Made, Question, Said


class Driver:
    name: str = "responses"
    raises: Mapping[int, str] = openai_chat.RAISES
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
            return said(self.client.responses.create(**body))
        with self.client.responses.stream(**body) as stream:
            for number, event in enumerate(stream):
                assert event.sequence_number == number
                if event.type == "response.output_text.delta":
                    self.hear(event.delta)
            return said(stream.get_final_response())

    def status(self, error: Any) -> int | None:
        return getattr(error, "status_code", None)

    def retry_after(self, error: Any) -> str | None:
        found: str | None = error.response.headers.get("retry-after")
        return found


def request(model: str, question: Question) -> Json:
    body: Json = {"model": model, "input": items(question), "store": False}
    if question.system:
        body["instructions"] = question.system
    if question.limit:
        body["max_output_tokens"] = question.limit
    if question.temperature is not None:
        body["temperature"] = question.temperature
    if question.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": t.name,
                "description": t.description,
                "parameters": t.parameters,
                "strict": False,
            }
            for t in question.tools
        ]
    if question.schema:
        body["text"] = {"format": {"type": "json_schema", "name": "city", "schema": question.schema, "strict": True}}
    if question.thinks:
        body["reasoning"] = {"effort": "low", "summary": "auto"}
        body["include"] = ["reasoning.encrypted_content"]
    return body


def items(question: Question) -> list[Json]:
    content: list[Json] = [{"type": "input_text", "text": question.words}]
    images = [data_url(question.image)] if question.image else []
    images += [question.image_url] if question.image_url else []
    content += [{"type": "input_image", "image_url": url, "detail": "auto"} for url in images]
    said: list[Json] = [{"role": "user", "content": content}]
    if question.said:
        said += question.said.turn
        for call, result in reversed(list(zip(question.said.calls, question.results, strict=True))):
            said.append({"type": "function_call_output", "call_id": call.id, "output": result})
    return said


def said(response: Any) -> Said:
    calls = [item for item in response.output if item.type == "function_call"]
    thoughts = [item for item in response.output if item.type == "reasoning"]
    turn = [item.model_dump(exclude_none=True) for item in response.output]
    for item in turn:
        item.pop("parsed_arguments", None)
        for part in item.get("content", []):
            part.pop("parsed", None)
    return Said(
        text=response.output_text,
        calls=[Made(call.call_id, call.name, json.loads(call.arguments)) for call in calls],
        thought="".join(part.text for item in thoughts for part in [*item.summary, *(item.content or [])]),
        finish={"completed": "tool_calls" if calls else "stop"}.get(response.status, response.status),
        tokens=(response.usage.input_tokens, response.usage.output_tokens),
        turn=turn,
    )
