"""The section `batching`: embeddings that are asked for at about the same time, and go up as one request.

The defaults fit every provider there is: Cohere takes 96 texts in a request (https://docs.cohere.com/v2/reference/embed), Gemini
100, Vertex AI 250 texts and 20,000 tokens (https://cloud.google.com/vertex-ai/generative-ai/docs/quotas), OpenAI 2,048 inputs and
300,000 tokens (https://platform.openai.com/docs/api-reference/embeddings/create). How calls become one is not said here.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from proxy.config.values import Count

Window = Annotated[float, Meta(gt=0, le=1, extra={"allowed": "seconds, above 0 and at most 1"})]
Inputs = Annotated[int, Meta(ge=2, le=2048, extra={"allowed": "a whole number, 2 to 2048"})]


def _about(description: str) -> Meta:
    return Meta(description=description)


class Batching(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`batching`: embeddings asked for at about the same time go up as one request."""

    enabled: Annotated[bool, _about("Whether they do, where an alias does not say otherwise.")] = False
    window: Annotated[Window, _about("Seconds that the first of them waits for others.")] = 0.005
    inputs: Annotated[Inputs, _about("Most inputs of one request; at so many it goes at once.")] = 96
    tokens: Annotated[Count, _about("Most estimated tokens of one request.")] = 20_000
