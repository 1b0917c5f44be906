"""Mistral AI: https://docs.mistral.ai/api/, which answers any field it does not know with a 422.

What it knows is ChatCompletionRequest in https://github.com/mistralai/client-python; a temperature above 1.5 is answered so too.
Streams tell their usage unasked.
"""

from typing import Any

from proxy.call import Json
from proxy.providers import Provider

TIERS = ("auto", "standard_only")


def put_tier(wire: Json, tier: Any) -> bool:
    """`default` asks for what it does where nothing is said."""
    if tier not in TIERS:
        wire.pop("service_tier", None)
    return tier in (*TIERS, "default")


PROVIDER = Provider(
    title="Mistral AI",
    dialect="openai",
    docs="https://docs.mistral.ai/api/",
    base_url="https://api.mistral.ai/v1",
    paths={
        "chat": "/chat/completions",
        "embeddings": "/embeddings",
        "models": "/models",
        "transcriptions": "/audio/transcriptions",
        "moderations": "/moderations",
    },
    key_env=("MISTRAL_API_KEY",),
    models=(
        *("mistral-*", "ministral-*", "magistral-*", "codestral-*", "devstral-*", "labs-devstral-*", "pixtral-*"),
        *("voxtral-*", "open-mistral-*", "open-mixtral-*"),
    ),
    refuses=frozenset(
        {
            *("audio", "logit_bias", "modalities", "safety_identifier", "store", "stream_options", "user", "verbosity"),
            *("web_search_options", "messages.name", "messages.reasoning_content"),
        }
    ),
    accepts=frozenset({"top_k"}),
    renames={"max_completion_tokens": "max_tokens", "seed": "random_seed"},
    amends={"service_tier": put_tier},
    clamps={"temperature": (0, 1.5)},
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "reasoning"),
            *("embeddings", "moderations", "transcriptions"),
        }
    ),
    limits="mistral",
    lists="mistral",
)
