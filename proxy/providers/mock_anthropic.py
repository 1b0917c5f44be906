"""The embedded mock as Anthropic: what is known of Anthropic, without its network and its key. docs/mock.md lists its models."""

from dataclasses import replace

from proxy.providers import anthropic, mock

PROVIDER = replace(
    anthropic.PROVIDER,
    title="Mock of Anthropic",
    docs=mock.PROVIDER.docs,
    base_url="http://mock.invalid",
    key_env=(),
    key_required=False,
    auth="none",
    models=(),
    implied=False,
    can=anthropic.PROVIDER.can & mock.PROVIDER.can,
    limits="",
    mock="anthropic",
)
