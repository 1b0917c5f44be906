"""DeepSeek: https://api-docs.deepseek.com/api/create-chat-completion.

While it thinks it takes the penalties and temperature and ignores them (https://api-docs.deepseek.com/guides/thinking_mode). The
names of its open weights are other hosts' as well, and not claimed.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="DeepSeek",
    dialect="openai",
    docs="https://api-docs.deepseek.com/api/create-chat-completion",
    base_url="https://api.deepseek.com",
    paths={"chat": "/chat/completions", "models": "/models"},
    also={"responses": {"chat": "/responses"}},
    key_env=("DEEPSEEK_API_KEY",),
    models=("deepseek-chat*", "deepseek-reasoner*", "deepseek-flash*", "deepseek-v4-*"),
    renames={"max_completion_tokens": "max_tokens"},
    stream_usage=True,
    can=frozenset({"chat", "stream", "tools", "parallel_tools", "reasoning", "caching"}),
)
