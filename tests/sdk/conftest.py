"""One sidecar for all tests of this folder, with an Anthropic-wire upstream; the official SDK as its client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from openai import AsyncOpenAI, OpenAI

from tests.sdk.anthropic_upstream import KEY, AnthropicUpstream, answers, text
from tests.sdk.sidecar import Running, serving
from tests.sdk.upstreams.provider import KEY as PROVIDERS_KEY
from tests.sdk.upstreams.provider import Providers

CONFIG = """
listen: {{hosts: [127.0.0.1], port: 0}}
ops: {{hosts: [127.0.0.1], port: 0}}
retry: {{attempts: 1}}
breaker: {{enabled: false}}
providers:
  mock: {{mock: {{first_token_ms: 0, inter_token_ms: 0}}}}
  claude: {{kind: anthropic, base_url: "{upstream}", api_key: {key}}}
  hasty: {{kind: anthropic, base_url: "{upstream}", api_key: {key}, timeouts: {{first_byte: 0.3, idle: 0.3}}}}
  absent: {{kind: openai_compatible, base_url: "http://127.0.0.1:1/v1"}}
models:
  - {{model: clever, targets: [{{provider: claude, model: claude-sonnet-4-5}}]}}
"""

#: Addresses as the providers' own SDKs take them.
HOUSE = """
listen: {{hosts: [127.0.0.1], port: 0}}
ops: {{hosts: [127.0.0.1], port: 0}}
retry: {{attempts: 1}}
breaker: {{enabled: false}}
providers:
  openai: {{kind: openai_compatible, base_url: "{upstream}/v1", api_key: {key}}}
  openai-itself: {{kind: openai, base_url: "{upstream}/v1", api_key: {key}}}
  responses: {{kind: openai_responses, base_url: "{upstream}/v1", api_key: {key}}}
  anthropic: {{base_url: "{upstream}", api_key: {key}}}
  gemini: {{base_url: "{upstream}", api_key: {key}}}
  bedrock: {{base_url: "{upstream}", api_key: {key}}}
  ollama: {{base_url: "{upstream}", api_key: {key}}}
  cohere: {{base_url: "{upstream}", api_key: {key}}}
models:
  - {{model: of-the-house, targets: [{{provider: bedrock, model: "us.anthropic.claude-opus-4-5-20251101-v1:0"}}]}}
"""


@pytest.fixture(scope="session")
def listening() -> Iterator[AnthropicUpstream]:
    upstream = AnthropicUpstream()
    with upstream.listening():
        yield upstream


@pytest.fixture(scope="session")
def sidecar(listening: AnthropicUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    config = CONFIG.format(upstream=listening.url, key=KEY)
    with serving(config, tmp_path_factory.mktemp("sidecar")) as running:
        yield running


@pytest.fixture(scope="session")
def providers() -> Iterator[Providers]:
    providers = Providers()
    with providers.listening():
        yield providers


@pytest.fixture(scope="session")
def house(providers: Providers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sidecar before all seven providers."""
    config = HOUSE.format(upstream=providers.url, key=PROVIDERS_KEY)
    with serving(config, tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest.fixture
def upstream(listening: AnthropicUpstream) -> AnthropicUpstream:
    """The upstream with nothing remembered."""
    listening.turns.clear()
    listening.script = answers(text("Hello"))
    return listening


@pytest.fixture
def client(sidecar: Running) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{sidecar.url}/v1", api_key="sk-app-own-key", max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture
async def async_client(sidecar: Running) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{sidecar.url}/v1", api_key="sk-app-own-key", max_retries=0, timeout=20) as client:
        yield client
