"""AI21 Studio: https://docs.ai21.com/reference/jamba-1-6-api-ref. Streams tell their usage unasked."""

from proxy.providers import Provider

PROVIDER = Provider(
    title="AI21 Studio",
    dialect="openai",
    docs="https://docs.ai21.com/reference/jamba-1-6-api-ref",
    base_url="https://api.ai21.com/studio/v1",
    paths={"chat": "/chat/completions", "models": "/models"},
    key_env=("AI21_API_KEY",),
    models=("jamba-*",),
    renames={"max_completion_tokens": "max_tokens"},
    can=frozenset({"chat", "stream", "tools"}),
)
