"""Voyage AI, embeddings and reranking: https://docs.voyageai.com/reference/embeddings-api,
https://docs.voyageai.com/reference/reranker-api.

Vectors come as numbers unless base64 is asked for; `float` is no word it knows. It lists no models.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    dialect="openai",
    title="Voyage AI",
    docs="https://docs.voyageai.com/reference/embeddings-api",
    base_url="https://api.voyageai.com/v1",
    paths={"embeddings": "/embeddings", "rerank": "/rerank"},
    key_env=("VOYAGE_API_KEY",),
    models=("voyage-*", "rerank-1", "rerank-2*", "rerank-lite-*"),
    accepts=frozenset({"input_type"}),
    refuses=frozenset({"user"}),
    fixed={"encoding_format": "base64"},
    renames={"dimensions": "output_dimension", "top_n": "top_k"},
    can=frozenset({"embeddings", "rerank"}),
    lists="",
)
