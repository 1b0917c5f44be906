"""The embedded mock as vLLM: what is known of vLLM, without a server and a key. docs/mock.md lists its models."""

from dataclasses import replace

from proxy.providers import mock, vllm

PROVIDER = replace(
    vllm.PROVIDER,
    title="Mock of vLLM",
    docs=mock.PROVIDER.docs,
    base_url=mock.PROVIDER.base_url,
    paths=mock.PROVIDER.paths,
    key_env=(),
    auth="none",
    can=vllm.PROVIDER.can & mock.PROVIDER.can,
    mock="vllm",
)
