"""Fireworks AI: https://docs.fireworks.ai/tools-sdks/openai-compatibility, limits https://docs.fireworks.ai/serverless/rate-limits.

Open models, under names that begin with `accounts/`: none is claimed. The last chunk of a stream tells its usage.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="Fireworks AI",
    dialect="openai",
    docs="https://docs.fireworks.ai/tools-sdks/openai-compatibility",
    base_url="https://api.fireworks.ai/inference/v1",
    key_env=("FIREWORKS_API_KEY",),
    accepts=frozenset({"top_k"}),
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "reasoning", "caching"),
            *("completions", "embeddings"),
        }
    ),
    limits="fireworks",
)
