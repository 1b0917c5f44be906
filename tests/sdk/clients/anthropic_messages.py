"""The `anthropic` package: messages, streamed through its accumulator.

Since its second version it has no word for temperature, top_p and top_k (https://platform.claude.com/docs/en/api/versioning).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from anthropic import Anthropic, AnthropicError

from tests.sdk.clients.driver import KEY, Environment, Hear, finish_of
from tests.sdk.scenes import Json, Made, Question, Said

FINISHES = {"end_turn": "stop", "tool_use": "tool_calls"}

RAISES = {
    400: "BadRequestError",
    401: "InternalServerError",
    404: "NotFoundError",
    429: "RateLimitError",
    500: "InternalServerError",
    503: "InternalServerError",
}


class Driver:
    name: str = "anthropic"
    raises: Mapping[int, str] = RAISES
    breaks: str = "APIStatusError"
    errors: tuple[type[Exception], ...] = (AnthropicError,)
    samples: bool = False
    by_order: bool = False

    def __init__(self, url: str, environment: Environment) -> None:
        environment.setenv("ANTHROPIC_BASE_URL", url)
        environment.setenv("ANTHROPIC_API_KEY", KEY)
        self.client = Anthropic(max_retries=0, timeout=20)
        self.hear: Hear = print

    def close(self) -> None:
        self.client.close()

    def ask(self, model: str, question: Question, streamed: bool) -> Said:
        body = request(model, question)
        if not streamed:
            return said(self.client.messages.create(**body))
        with self.client.messages.stream(**body) as stream:
            for piece in stream.text_stream:
                self.hear(piece)
            return said(stream.get_final_message())

    def status(self, error: Any) -> int | None:
        return getattr(error, "status_code", None)

    def retry_after(self, error: Any) -> str | None:
        found: str | None = error.response.headers.get("retry-after")
        return found


def request(model: str, question: Question) -> Json:
    body: Json = {"model": model, "messages": messages(question), "max_tokens": question.limit or 4096}
    if question.system:
        body["system"] = question.system
    if question.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
            for tool in question.tools
        ]
    if question.schema:
        body["output_config"] = {"format": {"type": "json_schema", "schema": question.schema}}
    if question.thinks:
        body["thinking"] = {"type": "enabled", "budget_tokens": 2048}
    return body


def messages(question: Question) -> list[Json]:
    content: list[Json] = [{"type": "text", "text": question.words}]
    if question.image:
        source = {"type": "base64", "media_type": "image/png", "data": b64encode(question.image).decode()}
        content.append({"type": "image", "source": source})
    if question.image_url:
        content.append({"type": "image", "source": {"type": "url", "url": question.image_url}})
    said: list[Json] = [{"role": "user", "content": content}]
    if question.said:
        said.append(question.said.turn)
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": result}
            for call, result in zip(question.said.calls, question.results, strict=True)
        ]
        said.append({"role": "user", "content": results[::-1]})
    return said


def said(message: Any) -> Said:
    content = [block.model_dump(exclude_none=True, exclude={"parsed_output"}) for block in message.content]
    return Said(
        text="".join(block.text for block in message.content if block.type == "text"),
        calls=[Made(block.id, block.name, block.input) for block in message.content if block.type == "tool_use"],
        thought="".join(block.thinking for block in message.content if block.type == "thinking"),
        finish=finish_of(FINISHES, message.stop_reason),
        tokens=(message.usage.input_tokens, message.usage.output_tokens),
        turn={"role": "assistant", "content": content},
    )
