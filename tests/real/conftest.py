"""A real Ollama, two real llama-servers, one for chat and one for embeddings, and a sidecar before them all.

Where nobody says in which folder the programs are, there is nothing to collect.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import ollama
import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.real.llama_server import LlamaServer, serving_chat, serving_embeddings
from tests.real.ollama_server import Ollama, serving
from tests.sdk import sidecar

PROGRAMS = "OUTRIDER_REAL"
collect_ignore_glob = [] if PROGRAMS in os.environ else ["test_*.py"]

#: Ollama twice: asked in its own words, and by its copy of OpenAI's API.
CONFIG = """
listen: {{hosts: [127.0.0.1], port: 0}}
ops: {{hosts: [127.0.0.1], port: 0}}
providers:
  native: {{kind: ollama, base_url: "{native}"}}
  copy: {{kind: openai_compatible, base_url: "{copy}/v1"}}
  llamacpp: {{base_url: "{llamacpp}/v1"}}
  vectors: {{kind: llamacpp, base_url: "{vectors}/v1"}}
models:
  - {{model: tiny, targets: [{{provider: native, model: tiny-chat}}]}}
"""
#: The alias in it, and whose model it is.
ALIAS, ALIASED = "tiny", "native"
CHATTING = ("native", "copy", "llamacpp")
EMBEDDING = ("native", "copy", "vectors")
PATIENCE = 30.0


@pytest.fixture(scope="session")
def programs() -> Path:
    return Path(os.environ[PROGRAMS])


@pytest.fixture(scope="session")
def ollama_server(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ollama]:
    with serving(programs / "ollama", tmp_path_factory.mktemp("ollama")) as server:
        yield server


@pytest.fixture(scope="session")
def llama_server(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    with serving_chat(programs / "llama-server", tmp_path_factory.mktemp("chat")) as server:
        yield server


@pytest.fixture(scope="session")
def addresses(
    ollama_server: Ollama, llama_server: LlamaServer, programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Provider, as the sidecar knows it -> the address of its server."""
    with serving_embeddings(programs / "llama-server", tmp_path_factory.mktemp("embedding")) as vectors:
        yield {
            "native": ollama_server.url,
            "copy": ollama_server.url,
            "llamacpp": llama_server.url,
            "vectors": vectors.url,
        }


@pytest.fixture(scope="session")
def house(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[sidecar.Running]:
    with sidecar.serving(CONFIG.format(**addresses), tmp_path_factory.mktemp("sidecar")) as running:
        yield running


@pytest.fixture
def client(house: sidecar.Running) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{house.url}/v1", api_key="unused", max_retries=0, timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def directly(addresses: dict[str, str]) -> Iterator[Callable[[str], OpenAI]]:
    """A provider's name -> OpenAI's SDK before its server, without the sidecar: what the server itself says."""
    with ExitStack() as clients:

        def at(provider: str) -> OpenAI:
            client = OpenAI(base_url=f"{addresses[provider]}/v1", api_key="unused", max_retries=0, timeout=PATIENCE)
            return clients.enter_context(client)

        yield at


@pytest.fixture
def through(house: sidecar.Running) -> Iterator[ollama.Client]:
    """Ollama's SDK through the sidecar."""
    with closing(ollama.Client(host=house.url, timeout=PATIENCE)) as client:
        yield client


@pytest.fixture
def claude(house: sidecar.Running) -> Iterator[Anthropic]:
    """Anthropic's SDK through the sidecar."""
    with Anthropic(base_url=house.url, api_key="unused", max_retries=0, timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def itself(ollama_server: Ollama) -> Iterator[ollama.Client]:
    """Ollama's SDK before Ollama itself."""
    with closing(ollama.Client(host=ollama_server.url, timeout=PATIENCE)) as client:
        yield client
