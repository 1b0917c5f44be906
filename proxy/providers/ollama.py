"""Ollama, by its native API: https://docs.ollama.com/api.

It streams unless told not to, and needs no key where it runs locally.
"""

from proxy.providers import OPENAI_PATHS, Provider

PROVIDER = Provider(
    dialect="ollama",
    docs="https://docs.ollama.com/api",
    base_url="http://127.0.0.1:11434",
    paths={"chat": "/api/chat", "embeddings": "/api/embed", "models": "/api/tags"},
    also={
        "ollama_generate": {"chat": "/api/generate"},
        "ollama_legacy": {"embeddings": "/api/embeddings"},
        "openai": {name: f"/v1{path}" for name, path in OPENAI_PATHS.items()},
    },
    key_env=("OLLAMA_API_KEY",),
    key_required=False,
    implied=False,
)
