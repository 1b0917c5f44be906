"""xAI: https://docs.x.ai/docs/api-reference.

Its models that reason answer penalties and `stop` with an error (https://docs.x.ai/docs/guides/reasoning), and those that do not
are the exception: they are dropped for all. The header keeps a conversation at one server, for its cache
(https://docs.x.ai/developers/advanced-api-usage/prompt-caching). A bad key is a 400 there.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="xAI",
    dialect="openai",
    docs="https://docs.x.ai/docs/api-reference",
    base_url="https://api.x.ai/v1",
    paths={
        "chat": "/chat/completions",
        "models": "/models",
        "images": "/images/generations",
    },
    also={"responses": {"chat": "/responses"}},
    key_env=("XAI_API_KEY",),
    passes=frozenset({"x-grok-conv-id"}),
    models=("grok-*",),
    refuses=frozenset({"presence_penalty", "frequency_penalty", "stop"}),
    stream_usage=True,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "reasoning", "caching"),
            "images",
        }
    ),
    limits="openai",
)
