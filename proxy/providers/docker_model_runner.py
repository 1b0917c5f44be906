"""Docker Model Runner: https://docs.docker.com/ai/model-runner/api-reference/.

The address is the one on the host; from a container of Docker Desktop it is `http://model-runner.docker.internal/engines/v1`.
It knows no keys. The engine is llama.cpp unless told otherwise.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="Docker Model Runner",
    dialect="openai",
    docs="https://docs.docker.com/ai/model-runner/api-reference/",
    base_url="http://127.0.0.1:12434/engines/v1",
    key_required=False,
    auth="none",
    implied=False,
    accepts=frozenset({"top_k"}),
    stream_usage=True,
    can=frozenset({"chat", "stream", "tools", "structured_output", "vision", "completions", "embeddings"}),
)
