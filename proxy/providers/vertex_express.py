"""Vertex AI in express mode: https://cloud.google.com/vertex-ai/generative-ai/docs/start/express-mode/vertex-ai-express-mode-api-reference.

The key stands for the project: no path names one, nor a location, and there is one host. Google's own libraries take the key from
GOOGLE_API_KEY, which here is the kind `gemini`'s. Nothing is listed; models are claimed by the kind `gemini`.
"""

from proxy.providers import Provider

BELOW = "/v1/publishers/google/models/{model}"

PROVIDER = Provider(
    title="Google Vertex AI, express mode",
    dialect="gemini",
    docs="https://cloud.google.com/vertex-ai/generative-ai/docs/start/express-mode/vertex-ai-express-mode-api-reference",
    base_url="https://aiplatform.googleapis.com",
    paths={"chat": f"{BELOW}:generateContent", "chat.stream": f"{BELOW}:streamGenerateContent?alt=sse"},
    also={
        "gemini_array": {"chat": f"{BELOW}:streamGenerateContent"},
        "vertex_gemini": {"count_tokens": f"{BELOW}:countTokens"},
    },
    key_env=("VERTEX_API_KEY",),
    auth="x-goog-api-key",
    implied=False,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "documents", "audio_input"),
            *("reasoning", "caching"),
        }
    ),
    lists="",
)
