"""Cloudflare Workers AI in OpenAI's form: https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility."""

from proxy.providers import Option, Provider

PROVIDER = Provider(
    title="Cloudflare Workers AI",
    dialect="openai",
    docs="https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility",
    base_url="https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1",
    options={"account_id": Option(env=("CLOUDFLARE_ACCOUNT_ID",))},
    paths={"chat": "/chat/completions", "embeddings": "/embeddings"},
    key_env=("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"),
    models=("@cf/*",),
    stream_usage=True,
    can=frozenset({"chat", "stream", "tools", "structured_output", "vision", "reasoning", "embeddings"}),
    lists="",
)
