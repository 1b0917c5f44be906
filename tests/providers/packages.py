"""What the official package of a provider knows of a chat's request, where one that speaks like another has a package of its own.

A request is held against the package's types, member by member; what they do not know is a fault, unless UNTYPED says why not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from cerebras.cloud.sdk.types.chat import completion_create_params as cerebras
from groq.types.chat import completion_create_params as groq
from mistralai.client.models import ChatCompletionRequest
from perplexity.generated.api import ResponsesRequestInput
from pydantic import BaseModel, TypeAdapter, ValidationError

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


def hold_perplexity(request: Json) -> None:
    """Its models keep what they do not know."""
    try:
        known = ResponsesRequestInput.model_validate(request)
    except ValidationError as fault:
        raise ValueError(str(fault)[:1000]) from None
    if unknown := [*unknown_in(known)]:
        raise ValueError(f"unknown members: {unknown}")


def unknown_in(value: Any) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from value.model_extra or ()
        yield from unknown_in(list(dict(value).values()))
    elif isinstance(value, list):
        for item in value:
            yield from unknown_in(item)


#: kind -> what holds a chat's request against the package.
OWN: Mapping[str, Callable[[Json], None]] = {
    "cerebras": typed(cerebras.CompletionCreateParams),
    "groq": typed(groq.CompletionCreateParams),
    "mistral": hold_mistral,
    "perplexity": hold_perplexity,
}
#: (kind, member) -> why it goes there all the same.
UNTYPED: Mapping[tuple[str, str], str] = {
    ("groq", "stream_options"): "recorded as taken",
    ("perplexity", "include"): "any Responses request of OpenAI's SDK may have it, and its pages show that SDK",
}


def hold(kind: str, request: Json) -> set[str]:
    """ValueError for what the package does not know; the members that UNTYPED lets through."""
    let = {name for name in request if (kind, name) in UNTYPED}
    OWN[kind]({name: value for name, value in request.items() if name not in let})
    return let
