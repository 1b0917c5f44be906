"""Cerebras Inference: https://inference-docs.cerebras.ai/resources/openai, limits https://inference-docs.cerebras.ai/support/rate-limits.

It answers the penalties, `logit_bias` and whatever it does not know with a 400 or a 422; what it knows is CompletionCreateParams
in https://github.com/Cerebras/cerebras-cloud-sdk-python. What its models thought stands in `reasoning`. Open models: none is
claimed.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="Cerebras",
    dialect="openai",
    docs="https://inference-docs.cerebras.ai/resources/openai",
    base_url="https://api.cerebras.ai/v1",
    paths={"chat": "/chat/completions", "completions": "/completions", "models": "/models"},
    key_env=("CEREBRAS_API_KEY",),
    refuses=frozenset(
        {
            *("frequency_penalty", "presence_penalty", "logit_bias", "audio", "metadata", "modalities", "store"),
            *("safety_identifier", "verbosity", "web_search_options", "messages.reasoning_content"),
        }
    ),
    stream_usage=True,
    can=frozenset({"chat", "stream", "tools", "structured_output", "reasoning", "completions"}),
    limits="cerebras",
)
