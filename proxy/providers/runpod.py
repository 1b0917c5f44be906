"""RunPod serverless endpoints in OpenAI's form: https://docs.runpod.io/serverless/vllm/openai-compatibility.

Even the listing of models wakes a worker, which costs money: it is never asked for. The worker is vLLM.
"""

from proxy.providers import Option, Provider

PROVIDER = Provider(
    title="RunPod",
    dialect="openai",
    docs="https://docs.runpod.io/serverless/vllm/openai-compatibility",
    base_url="https://api.runpod.ai/v2/{endpoint_id}/openai/v1",
    options={"endpoint_id": Option(env=("RUNPOD_ENDPOINT_ID",))},
    paths={"chat": "/chat/completions", "completions": "/completions"},
    key_env=("RUNPOD_API_KEY",),
    accepts=frozenset({"top_k"}),
    stream_usage=True,
    can=frozenset({"chat", "stream", "tools", "structured_output", "vision", "completions"}),
    lists="",
)
