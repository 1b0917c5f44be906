"""What the official package of a provider knows of a chat's request, where one that speaks like another has a package of its own.

A request is held against the package's types, member by member; what they do not know is a fault, unless UNTYPED says why not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from cerebras.cloud.sdk.types.chat import completion_create_params as cerebras
from groq.types.chat import completion_create_params as groq
from mistralai.client.models import ChatCompletionRequest
from perplexity.types import response_create_params as perplexity
from pydantic import TypeAdapter, ValidationError

from tests.sdk.scenes import Json
from tests.sdk.upstreams.strict import strictly


def typed(form: Any) -> Callable[[Json], None]:
    return partial(strictly, TypeAdapter(form))


def hold_mistral(request: Json) -> None:
    """Its typed dicts spell some members as Python must; the models know them as they are."""
    try:
        known = ChatCompletionRequest.model_validate(request)
    except ValidationError as fault:
        raise ValueError(str(fault)[:1000]) from None
    if (said := known.model_dump(mode="json", by_alias=True, exclude_unset=True)) != request:
        raise ValueError(f"unknown members: {request} is more than {said}")


#: kind -> what holds a chat's request against the package.
OWN: Mapping[str, Callable[[Json], None]] = {
    "cerebras": typed(cerebras.CompletionCreateParams),
    "groq": typed(groq.CompletionCreateParams),
    "mistral": hold_mistral,
    "perplexity": typed(perplexity.ResponseCreateParams),
}
#: (kind, member) -> why it goes there all the same.
UNTYPED: Mapping[tuple[str, str], str] = {
    ("groq", "stream_options"): "recorded as taken",
    ("perplexity", "include"): "every Responses request of the OpenAI SDK's may have it, and its page takes the SDK",
    ("perplexity", "temperature"): "the same, and @ai-sdk/perplexity sends it",
    ("perplexity", "top_p"): "the same, and @ai-sdk/perplexity sends it",
    ("perplexity", "tool_choice"): "the same; only `auto`, which is what it does anyway",
}


def hold(kind: str, request: Json) -> set[str]:
    """ValueError for what the package does not know; the members that UNTYPED lets through."""
    let = {name for name in request if (kind, name) in UNTYPED}
    OWN[kind]({name: value for name, value in request.items() if name not in let})
    return let
