"""Vertex AI in OpenAI's form: https://cloud.google.com/vertex-ai/generative-ai/docs/migrate/openai/overview.

For models of others that Google serves, such as `meta/llama-3.3-70b-instruct-maas`; Gemini is `google/gemini-2.5-flash` here, and
loses less by the kind `vertex`. What it does not know it leaves out without a word. Nothing is listed.
"""

from proxy.providers import Option, Provider

PROVIDER = Provider(
    title="Google Vertex AI (OpenAI form)",
    dialect="openai",
    docs="https://cloud.google.com/vertex-ai/generative-ai/docs/migrate/openai/overview",
    base_url="https://{host}",
    options={
        "project": Option(env=("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT")),
        "location": Option(env=("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION"), default="global"),
        "host": Option(default="aiplatform.googleapis.com"),
    },
    paths={"chat": "/v1/projects/{project}/locations/{location}/endpoints/openapi/chat/completions"},
    key_required=False,
    cloud="google",
    stream_usage=True,
    implied=False,
    can=frozenset({"chat", "stream", "tools", "structured_output", "vision", "audio_input", "reasoning"}),
    lists="",
)
