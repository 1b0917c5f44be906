"""Hugging Face Inference Providers: https://huggingface.co/docs/inference-providers/tasks/chat-completion.

A dedicated Inference Endpoint is this kind with its own `base_url`, which ends in `/v1`. Open models: none is claimed. Who stands
behind the router answers in his own way: about half end their streams without `[DONE]`.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="Hugging Face",
    dialect="openai",
    docs="https://huggingface.co/docs/inference-providers/tasks/chat-completion",
    base_url="https://router.huggingface.co/v1",
    paths={"chat": "/chat/completions", "models": "/models"},
    key_env=("HF_TOKEN",),
    passes=frozenset({"x-hf-bill-to"}),
    stream_usage=True,
    can=frozenset({"chat", "stream", "tools", "structured_output", "vision", "reasoning"}),
)
