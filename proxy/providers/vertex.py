"""Gemini on Google's Vertex AI: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference.

Signed by Application Default Credentials, or by a key of Google Cloud's that is bound to a service account. The host of
everything global knows every location. Models are claimed by the kind `gemini`. No header tells what is left of a quota, and the
listing of a publisher's models names what nobody has turned on.
"""

from proxy.providers import Option, Provider

BELOW = "/v1/projects/{project}/locations/{location}/publishers/google/models/{model}"

PROVIDER = Provider(
    title="Google Vertex AI (Gemini)",
    dialect="gemini",
    docs="https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
    base_url="https://{host}",
    options={
        "project": Option(env=("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT")),
        "location": Option(env=("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION"), default="global"),
        "host": Option(default="aiplatform.googleapis.com"),
    },
    paths={"chat": f"{BELOW}:generateContent", "chat.stream": f"{BELOW}:streamGenerateContent?alt=sse"},
    also={
        "gemini_array": {"chat": f"{BELOW}:streamGenerateContent"},
        "vertex_gemini": {"embeddings": f"{BELOW}:predict", "count_tokens": f"{BELOW}:countTokens"},
    },
    key_required=False,
    auth="x-goog-api-key",
    cloud="google",
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "documents", "audio_input"),
            *("reasoning", "caching", "embeddings"),
        }
    ),
    lists="",
)
