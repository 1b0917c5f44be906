"""AI21 Studio: https://docs.ai21.com/reference/jamba-1-6-api-ref.

Streams tell their usage unasked, and lines end with CRLF. A listing of models is documented nowhere, nor known to
https://github.com/AI21Labs/ai21-python.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="AI21 Studio",
    dialect="openai",
    docs="https://docs.ai21.com/reference/jamba-1-6-api-ref",
    base_url="https://api.ai21.com/studio/v1",
    paths={"chat": "/chat/completions"},
    key_env=("AI21_API_KEY",),
    models=("jamba-*",),
    renames={"max_completion_tokens": "max_tokens"},
    can=frozenset({"chat", "stream", "tools"}),
    lists="",
)
