"""vLLM: https://docs.vllm.ai/en/latest/serving/online_serving/openai_compatible_server/.

It serves the model it was started with; what that cannot do is answered with a 400 or a 404. `user` and `parallel_tool_calls` are
taken and ignored.
"""

from proxy.providers import Provider, openai_paths

PROVIDER = Provider(
    title="vLLM",
    dialect="openai",
    docs="https://docs.vllm.ai/en/latest/serving/online_serving/openai_compatible_server/",
    base_url="http://127.0.0.1:8000/v1",
    paths=openai_paths("transcriptions", "translations", "rerank"),
    key_env=("VLLM_API_KEY",),
    key_required=False,
    implied=False,
    accepts=frozenset({"top_k"}),
    stream_usage=True,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "audio_input", "reasoning"),
            *("completions", "embeddings", "rerank", "transcriptions"),
        }
    ),
)
