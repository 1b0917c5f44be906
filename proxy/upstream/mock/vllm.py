"""vLLM's server: OpenAI's wire with what vLLM adds and leaves out.

https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html. Reasoning is called `reasoning`
(https://docs.vllm.ai/en/latest/features/reasoning_outputs.html), a choice has a `stop_reason`, usage has no details, an error's
code is its status, and `[DONE]` follows even an error in a stream.
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy.call import Json
from proxy.upstream.mock import openai
from proxy.upstream.mock.answer import Answer, Choice
from proxy.upstream.mock.openai import DONE, OPENAI, deltas, event, sse
from proxy.upstream.mock.wire import FAULT, Events, Wire

#: Status -> type of the error body; the hundreds stand for the rest.
ERRORS: Mapping[int, str] = {
    400: "BadRequestError",
    401: "AuthenticationError",
    404: "NotFoundError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
    500: "InternalServerError",
    503: "ServiceUnavailableError",
}
OF_OPENAI_ALONE = ("service_tier", "system_fingerprint")


def error_body(status: int, text: str, param: str | None = None, code: str | None = None) -> Json:
    kind = ERRORS.get(status, ERRORS[status // 100 * 100])
    return {"error": {"message": text, "type": kind, "param": param, "code": status}}


def usage(answer: Answer) -> Json:
    counts = answer.usage()
    return {name: counts[name] for name in ("prompt_tokens", "total_tokens", "completion_tokens")} | {
        "prompt_tokens_details": None
    }


def message(choice: Choice) -> Json:
    said = {"annotations": None, "audio": None, "function_call": None, "tool_calls": [], **choice.message()}
    return said | {"reasoning": said.pop("reasoning_content", None)}


def completion(request: Json, answer: Answer, id: str) -> Json:
    whole = openai.completion(request, answer, id)
    for said, choice in zip(whole["choices"], answer.choices, strict=True):
        said |= {"message": message(choice), "stop_reason": choice.stopped_by, "token_ids": None}
    nothing = dict.fromkeys((*OF_OPENAI_ALONE, "prompt_logprobs", "prompt_token_ids", "kv_transfer_params"))
    return whole | nothing | {"usage": usage(answer)}


def events(request: Json, answer: Answer, id: str) -> Events:
    """Usage stands in the last chunk alone, where it is asked for, and is not null before."""
    frame = openai.identity(request, id, "chat.completion.chunk")
    frame = {name: value for name, value in frame.items() if name not in OF_OPENAI_ALONE}
    choices = list(enumerate(answer.choices))
    opening = [event(frame, index, {"role": "assistant", "content": ""}) for index, _ in choices]
    content = (event(frame, index, renamed(delta), token_ids=None) for index, delta in deltas(answer))
    closing = [
        event(frame, index, {}, choice.finish_reason, stop_reason=choice.stopped_by) for index, choice in choices
    ]
    asked = (request.get("stream_options") or {}).get("include_usage")
    last = [sse(frame | {"choices": [], "usage": usage(answer)})] if asked else []
    return Events(opening, content, [*closing, *last, DONE])


def renamed(delta: Json) -> Json:
    return {"reasoning": delta["reasoning_content"]} if "reasoning_content" in delta else delta


VLLM: Wire = OPENAI._replace(
    name="vllm",
    whole=completion,
    events=events,
    error=error_body,
    failed=sse(error_body(500, FAULT)) + DONE,
)
