"""Jina AI, embeddings and reranking: https://api.jina.ai/redoc, https://jina.ai/reranker.

How a vector is written is `embedding_type` here, in the words of OpenAI's `encoding_format`. It lists no models.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    dialect="openai",
    title="Jina AI",
    docs="https://api.jina.ai/redoc",
    base_url="https://api.jina.ai/v1",
    paths={"embeddings": "/embeddings", "rerank": "/rerank"},
    key_env=("JINA_API_KEY",),
    models=("jina-*",),
    refuses=frozenset({"user"}),
    renames={"encoding_format": "embedding_type"},
    can=frozenset({"embeddings", "rerank"}),
    lists="",
)
