"""The embedded mock: OpenAI's wire, no network, no key. Its behaviour is in upstream/mock; docs/mock.md lists its models."""

from proxy.providers import Provider

PROVIDER = Provider(
    dialect="openai",
    docs="docs/mock.md",
    base_url="http://mock.invalid/v1",
    key_required=False,
    auth="none",
    models=("mock-*", "mock"),
    stream_usage=True,
)
