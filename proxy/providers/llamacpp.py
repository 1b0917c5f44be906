"""llama.cpp's server: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.

It has one model, or several as a router, under whatever names it was started with. `/models` asks for no key.
"""

from proxy.providers import Provider, openai_paths

PROVIDER = Provider(
    title="llama.cpp",
    dialect="openai",
    docs="https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
    base_url="http://127.0.0.1:8080/v1",
    paths=openai_paths("rerank"),
    key_env=("LLAMA_API_KEY",),
    key_required=False,
    implied=False,
    accepts=frozenset({"top_k"}),
    stream_usage=True,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "audio_input", "reasoning"),
            *("completions", "embeddings", "rerank"),
        }
    ),
)
