"""OpenAI: https://platform.openai.com/docs/api-reference/chat."""

from proxy.providers import RESPONSES_PATHS, Provider

PROVIDER = Provider(
    dialect="openai",
    docs="https://platform.openai.com/docs/api-reference/chat",
    base_url="https://api.openai.com/v1",
    also={"responses": RESPONSES_PATHS},
    key_env=("OPENAI_API_KEY",),
    passes=frozenset({"openai-beta", "idempotency-key", "x-client-request-id"}),
    models=("gpt-*", "chatgpt-*", "o1*", "o3*", "o4*", "ft:gpt-*"),
    stream_usage=True,
)
