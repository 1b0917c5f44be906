"""Anthropic: https://docs.claude.com/en/api/messages, its limits https://docs.claude.com/en/api/rate-limits."""

from proxy.providers import Provider

PROVIDER = Provider(
    title="Anthropic",
    dialect="anthropic",
    docs="https://docs.claude.com/en/api/messages",
    base_url="https://api.anthropic.com",
    paths={"chat": "/v1/messages", "count_tokens": "/v1/messages/count_tokens", "models": "/v1/models"},
    key_env=("ANTHROPIC_API_KEY",),
    auth="x-api-key",
    headers={"anthropic-version": "2023-06-01"},
    passes=frozenset({"anthropic-beta", "anthropic-version"}),
    models=("claude-*",),
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "documents"),
            *("reasoning", "caching"),
        }
    ),
    limits="anthropic",
    lists="anthropic",
)
