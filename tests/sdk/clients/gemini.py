"""The `google-genai` package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from google import genai
from google.genai import errors, types

from tests.sdk.clients.driver import KEY, Environment, Hear
from tests.sdk.scenes import Made, Question, Said

RAISES = dict.fromkeys((400, 404, 429), "ClientError") | dict.fromkeys((401, 500, 503), "ServerError")


class Driver:
    name: str = "gemini"
    raises: Mapping[int, str] = RAISES
    breaks: str = "ServerError"
    errors: tuple[type[Exception], ...] = (errors.APIError, httpx.HTTPError)
    samples: bool = True
    by_order: bool = False

    def __init__(self, url: str, environment: Environment) -> None:
        environment.setenv("GOOGLE_GEMINI_BASE_URL", url)
        environment.setenv("GEMINI_API_KEY", KEY)
        self.client = genai.Client(http_options=types.HttpOptions(timeout=20_000))
        self.hear: Hear = print

    def close(self) -> None:
        self.client.close()

    def ask(self, model: str, question: Question, streamed: bool) -> Said:
        said: Any = {"model": model, "contents": contents(question), "config": config(question)}
        if not streamed:
            response = self.client.models.generate_content(**said)
            [candidate] = response.candidates or []
            return gathered([candidate], response.usage_metadata)
        candidates, usage = [], None
        for chunk in self.client.models.generate_content_stream(**said):
            candidates += chunk.candidates or []
            usage = chunk.usage_metadata or usage
            self.hear(words_of(chunk.candidates or []))
        return gathered(candidates, usage)

    def status(self, error: Any) -> int | None:
        return getattr(error, "code", None)

    def retry_after(self, error: Any) -> str | None:
        found: str | None = error.response.headers.get("retry-after")
        return found


def config(question: Question) -> types.GenerateContentConfig:
    functions = [
        types.FunctionDeclaration(name=tool.name, description=tool.description, parameters_json_schema=tool.parameters)
        for tool in question.tools
    ]
    return types.GenerateContentConfig(
        system_instruction=question.system or None,
        max_output_tokens=question.limit,
        temperature=question.temperature,
        tools=[types.Tool(function_declarations=functions)] if functions else None,
        response_mime_type="application/json" if question.schema else None,
        response_json_schema=question.schema,
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=2048) if question.thinks else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


def contents(question: Question) -> list[types.Content]:
    parts = [types.Part(text=question.words)]
    if question.image:
        parts.append(types.Part.from_bytes(data=question.image, mime_type="image/png"))
    if question.image_url:
        parts.append(types.Part.from_uri(file_uri=question.image_url, mime_type="image/png"))
    said = [types.Content(role="user", parts=parts)]
    if question.said:
        said.append(question.said.turn)
        results = [
            types.FunctionResponse(id=call.id or None, name=call.name, response={"output": result})
            for call, result in zip(question.said.calls, question.results, strict=True)
        ]
        if all(call.id for call in question.said.calls):
            results.reverse()
        said.append(types.Content(role="user", parts=[types.Part(function_response=result) for result in results]))
    return said


def parts_of(candidates: list[types.Candidate]) -> list[types.Part]:
    return [part for candidate in candidates if candidate.content for part in candidate.content.parts or []]


def words_of(candidates: list[types.Candidate]) -> str:
    return "".join(part.text for part in parts_of(candidates) if part.text and not part.thought)


def gathered(candidates: list[types.Candidate], usage: Any) -> Said:
    """The whole of an answer, as the package's own chats put a stream together: all parts, in order."""
    parts = parts_of(candidates)
    calls = [part.function_call for part in parts if part.function_call]
    reason = candidates[-1].finish_reason
    finish = reason.value if reason else ""
    return Said(
        text=words_of(candidates),
        calls=[Made(call.id or "", call.name or "", call.args or {}) for call in calls],
        thought="".join(part.text for part in parts if part.text and part.thought),
        finish={"STOP": "tool_calls" if calls else "stop"}.get(finish, finish),
        tokens=(usage.prompt_token_count, usage.candidates_token_count),
        turn=types.Content(role="model", parts=parts),
    )
