"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, LM Studio, a gateway; the operator gives the address."""

from proxy.providers import Provider

PROVIDER = Provider(
    dialect="openai",
    docs="https://platform.openai.com/docs/api-reference/chat",
    key_required=False,
    accepts=frozenset({"top_k"}),
    stream_usage=True,
)
