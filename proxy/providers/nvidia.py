"""NVIDIA's hosted NIMs: https://docs.api.nvidia.com/nim/reference/llm-apis.

Open models: none is claimed. A NIM of one's own is this kind with another `base_url`. Embedding models of retrieval want
`input_type` besides, which goes through as the application writes it.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="NVIDIA NIM",
    dialect="openai",
    docs="https://docs.api.nvidia.com/nim/reference/llm-apis",
    base_url="https://integrate.api.nvidia.com/v1",
    key_env=("NVIDIA_API_KEY",),
    renames={"max_completion_tokens": "max_tokens"},
    can=frozenset(
        {
            *("chat", "stream", "tools", "structured_output", "vision", "reasoning", "completions"),
            "embeddings",
        }
    ),
)
