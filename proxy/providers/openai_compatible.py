"""Any server that speaks OpenAI's chat completions; the operator gives the address. Many have a kind of their own."""

from proxy.providers import BESIDES, CAPABILITIES, Provider, openai_paths

PROVIDER = Provider(
    title="OpenAI-compatible server",
    dialect="openai",
    docs="https://platform.openai.com/docs/api-reference/chat",
    paths=openai_paths(*BESIDES),
    key_required=False,
    accepts=frozenset({"top_k"}),
    stream_usage=True,
    can=frozenset(CAPABILITIES),
    limits="openai",
)
