"""The `ollama` package. Its calls have no ids: a result names its function, and follows the order of the calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from ollama import Client, Message, ResponseError

from tests.sdk.clients.driver import KEY, Environment, Hear
from tests.sdk.scenes import Json, Made, Question, Said

RAISES = dict.fromkeys((400, 401, 404, 429, 500, 503), "ResponseError")


class Driver:
    name: str = "ollama"
    raises: Mapping[int, str] = RAISES
    breaks: str = "ResponseError"
    errors: tuple[type[Exception], ...] = (ResponseError, httpx.HTTPError)
    samples: bool = True
    by_order: bool = True

    def __init__(self, url: str, environment: Environment) -> None:
        environment.setenv("OLLAMA_HOST", url)
        environment.setenv("OLLAMA_API_KEY", KEY)
        self.client = Client(timeout=20)
        self.hear: Hear = print

    def close(self) -> None:
        self.client.close()  # type: ignore[no-untyped-call]

    def ask(self, model: str, question: Question, streamed: bool) -> Said:
        body = request(model, question)
        if not streamed:
            response = self.client.chat(**body)
            return said([response])
        responses = []
        for response in self.client.chat(**body, stream=True):
            self.hear(response.message.content or "")
            responses.append(response)
        return said(responses)

    def status(self, error: Any) -> int | None:
        return getattr(error, "status_code", None)

    def retry_after(self, error: Any) -> str | None:
        """The package keeps no headers."""
        return None


def request(model: str, question: Question) -> Json:
    options: Json = {"num_predict": question.limit, "temperature": question.temperature}
    body: Json = {"model": model, "messages": messages(question)}
    body["options"] = {name: value for name, value in options.items() if value is not None}
    if question.tools:
        functions = [{"name": t.name, "description": t.description, "parameters": t.parameters} for t in question.tools]
        body["tools"] = [{"type": "function", "function": function} for function in functions]
    if question.schema:
        body["format"] = question.schema
    if question.thinks:
        body["think"] = True
    return body


def messages(question: Question) -> list[Any]:
    said: list[Any] = [{"role": "system", "content": question.system}] if question.system else []
    asked: Json = {"role": "user", "content": question.words}
    said.append(asked | {"images": [question.image]} if question.image else asked)
    if question.said:
        said.append(question.said.turn)
        for call, result in zip(question.said.calls, question.results, strict=True):
            said.append({"role": "tool", "tool_name": call.name, "content": result})
    return said


def said(responses: list[Any]) -> Said:
    *_, last = responses
    assert last.done
    messages = [response.message for response in responses]
    calls = [call for message in messages for call in message.tool_calls or []]
    text = "".join(message.content or "" for message in messages)
    thought = "".join(message.thinking or "" for message in messages)
    return Said(
        text=text,
        calls=[Made("", call.function.name, dict(call.function.arguments)) for call in calls],
        thought=thought,
        finish={"stop": "tool_calls" if calls else "stop"}.get(last.done_reason, last.done_reason),
        tokens=(last.prompt_eval_count, last.eval_count),
        turn=Message(role="assistant", content=text, thinking=thought or None, tool_calls=calls or None),
    )
