"""SambaNova: https://docs.sambanova.ai/docs/en/features/openai-compatibility.

Open models: none is claimed. Limits: https://docs.sambanova.ai/docs/en/models/rate-limits, of a minute and of a day.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="SambaNova",
    dialect="openai",
    docs="https://docs.sambanova.ai/docs/en/features/openai-compatibility",
    base_url="https://api.sambanova.ai/v1",
    paths={
        "chat": "/chat/completions",
        "embeddings": "/embeddings",
        "models": "/models",
        "transcriptions": "/audio/transcriptions",
    },
    key_env=("SAMBANOVA_API_KEY",),
    accepts=frozenset({"top_k"}),
    stream_usage=True,
    can=frozenset(
        {
            *("chat", "stream", "tools", "structured_output", "vision", "reasoning", "embeddings"),
            "transcriptions",
        }
    ),
    limits="sambanova",
)
