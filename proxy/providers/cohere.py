"""Cohere, by its v2 API: https://docs.cohere.com/v2/reference/chat. Its headers name limits, and never what is left of them."""

from proxy.providers import Provider

PROVIDER = Provider(
    title="Cohere",
    dialect="cohere",
    docs="https://docs.cohere.com/v2/reference/chat",
    base_url="https://api.cohere.com",
    paths={"chat": "/v2/chat", "embeddings": "/v2/embed", "rerank": "/v2/rerank", "models": "/v1/models"},
    key_env=("CO_API_KEY", "COHERE_API_KEY"),
    models=("command-*", "c4ai-*", "embed-v*", "embed-*-v*", "rerank-v*", "rerank-english-*", "rerank-multilingual-*"),
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "reasoning"),
            *("embeddings", "rerank"),
        }
    ),
    lists="cohere",
)
