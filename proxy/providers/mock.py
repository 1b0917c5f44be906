"""The embedded mock: OpenAI's wire, no network, no key. Its behaviour is in upstream/mock; docs/mock.md lists its models."""

from proxy.providers import OPENAI_PATHS, Provider

PROVIDER = Provider(
    title="Mock",
    dialect="openai",
    docs="docs/mock.md",
    base_url="http://mock.invalid/v1",
    paths={operation: OPENAI_PATHS[operation] for operation in ("chat", "embeddings", "models")},
    key_required=False,
    auth="none",
    models=("mock-*", "mock"),
    stream_usage=True,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "documents", "audio_input"),
            *("reasoning", "embeddings"),
        }
    ),
    mock="openai",
)
