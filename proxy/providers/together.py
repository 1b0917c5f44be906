"""Together AI: https://docs.together.ai/docs/openai-api-compatibility.

It hosts open models, so it claims none. Streams tell their usage unasked. The limits in its headers,
https://docs.together.ai/docs/rate-limits, are those of a second.
"""

from proxy.providers import Provider, openai_paths

PROVIDER = Provider(
    title="Together AI",
    dialect="openai",
    docs="https://docs.together.ai/docs/openai-api-compatibility",
    base_url="https://api.together.ai/v1",
    paths=openai_paths("images", "transcriptions", "translations", "speech", "rerank"),
    key_env=("TOGETHER_API_KEY",),
    accepts=frozenset({"top_k"}),
    renames={"max_completion_tokens": "max_tokens"},
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "reasoning"),
            *("completions", "embeddings", "rerank", "images", "speech", "transcriptions"),
        }
    ),
    limits="together",
    lists="together",
)
