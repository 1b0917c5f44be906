"""Ollama, by its native API: https://docs.ollama.com/api.

It streams unless told not to, and needs no key where it runs locally. Its copy of OpenAI's API can say less, so only what it has
nowhere else is asked for there.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="Ollama",
    dialect="ollama",
    docs="https://docs.ollama.com/api",
    base_url="http://127.0.0.1:11434",
    paths={"chat": "/api/chat", "embeddings": "/api/embed", "models": "/api/tags"},
    also={
        "ollama_generate": {"chat": "/api/generate"},
        "ollama_legacy": {"embeddings": "/api/embeddings"},
        "openai": {"completions": "/v1/completions"},
    },
    key_env=("OLLAMA_API_KEY",),
    key_required=False,
    implied=False,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "reasoning"),
            *("completions", "embeddings"),
        }
    ),
    lists="ollama",
)
