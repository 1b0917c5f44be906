"""Google Gemini: https://ai.google.dev/api/generate-content.

The key goes in a header, never in the query, where logs would see it. No header tells what is left of a limit.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="Google Gemini",
    dialect="gemini",
    docs="https://ai.google.dev/api/generate-content",
    base_url="https://generativelanguage.googleapis.com",
    paths={
        "chat": "/v1beta/models/{model}:generateContent",
        "chat.stream": "/v1beta/models/{model}:streamGenerateContent?alt=sse",
        "count_tokens": "/v1beta/models/{model}:countTokens",
        "embeddings": "/v1beta/models/{model}:batchEmbedContents",
        "models": "/v1beta/models",
    },
    also={
        "gemini_array": {"chat": "/v1beta/models/{model}:streamGenerateContent"},
        "gemini_one": {"embeddings": "/v1beta/models/{model}:embedContent"},
    },
    key_env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    auth="x-goog-api-key",
    models=("gemini-*", "gemma-*", "text-embedding-004"),
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "documents", "audio_input"),
            *("reasoning", "caching", "embeddings"),
        }
    ),
    lists="gemini",
)
