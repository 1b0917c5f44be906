"""LM Studio: https://lmstudio.ai/docs/developer/openai-compat. It runs on the desk, and asks for a token only when told to."""

from proxy.providers import Provider

PROVIDER = Provider(
    title="LM Studio",
    dialect="openai",
    docs="https://lmstudio.ai/docs/developer/openai-compat",
    base_url="http://127.0.0.1:1234/v1",
    key_env=("LM_API_TOKEN",),
    key_required=False,
    implied=False,
    accepts=frozenset({"top_k"}),
    stream_usage=True,
    can=frozenset({"chat", "stream", "tools", "structured_output", "vision", "reasoning", "completions", "embeddings"}),
)
