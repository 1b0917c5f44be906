"""Cohere, by its v2 API: https://docs.cohere.com/v2/reference/chat."""

from proxy.providers import Provider

PROVIDER = Provider(
    dialect="cohere",
    docs="https://docs.cohere.com/v2/reference/chat",
    base_url="https://api.cohere.com",
    paths={"chat": "/v2/chat", "embeddings": "/v2/embed", "models": "/v1/models"},
    key_env=("CO_API_KEY", "COHERE_API_KEY"),
    models=("command-*", "c4ai-*", "embed-*-v*"),
)
