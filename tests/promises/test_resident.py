"""What the sidecar costs in every pod: resident memory of the process, idle, and with every provider there is configured."""

from __future__ import annotations

import compileall
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proxy.providers import Provider, all_providers
from tests.bench.measure import memory
from tests.promises.caller import CHAT
from tests.promises.sidecars import KEY, ROOT, process
from tests.sdk.sidecar import serving

#: Megabytes (10^6 bytes).
IDLE, WITH_EVERY_PROVIDER = 50.0, 60.0
#: What an idle sidecar has no use for: the mock, clouds, what only who errs needs, and aiohttp's framework above its server.
LATER = (
    *("proxy.upstream.mock.server", "proxy.upstream.credentials.aws", "proxy.upstream.credentials.google"),
    *("difflib", "yaml", "aiohttp.web"),
)

PORTS = "listen: {hosts: [127.0.0.1], port: 0}\nops: {hosts: [127.0.0.1], port: 0}\n"
#: Where the clouds are asked for credentials: nobody is there.
NOWHERE = {
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1",
    "GCE_METADATA_HOST": "127.0.0.1:1",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1",
}
HELLO = [{"role": "user", "content": "Hello"}]
SAID: dict[str, Any] = {"messages": HELLO}
TEXTS = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
#: Every dialect's door, as (path, body); `{model}` where the model stands in the path.
DOORS: list[tuple[str, dict[str, Any]]] = [
    (CHAT, SAID),
    (CHAT, SAID | {"stream": True}),
    ("/v1/messages", SAID | {"max_tokens": 50}),
    ("/v1/messages", SAID | {"max_tokens": 50, "stream": True}),
    ("/v1/responses", {"input": "Hello"}),
    ("/v1/responses", {"input": "Hello", "stream": True}),
    ("/v1beta/models/{model}:generateContent", CONTENTS),
    ("/v1beta/models/{model}:streamGenerateContent?alt=sse", CONTENTS),
    ("/model/{model}/converse", TEXTS),
    ("/model/{model}/converse-stream", TEXTS),
    ("/api/chat", SAID | {"stream": False}),
    ("/api/chat", SAID),
    ("/v2/chat", SAID),
]
MOCKS = ("mock", "mock-openai", "mock-anthropic", "mock-vllm")


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """A process that has to compile what it imports keeps a megabyte or two of what that took."""
    compileall.compile_dir(ROOT / "proxy", quiet=2)


def test_idle_with_the_default_configuration(tmp_path: Path) -> None:
    with serving(PORTS, tmp_path) as running:
        assert memory(running.process.pid).rss < IDLE


async def test_with_every_provider_and_after_calls(tmp_path: Path) -> None:
    entries = {kind.replace("_", "-"): entry(kind, known) for kind, known in all_providers().items() if not known.mock}
    async with process(tmp_path, entries, NOWHERE) as running:
        assert set(entries) | set(MOCKS) == set((await running.status())["providers"])
        before = memory(running.pid).rss
        for model in MOCKS:
            for path, body in DOORS:
                said = await running.ask(body | {"model": f"{model}:m"}, path=path.format(model=f"{model}:m"))
                assert (said.status, said.complete) == (200, True), (path, said.body)
        one_of_each = {known.cloud: kind for kind, known in all_providers().items() if known.cloud}
        for kind in one_of_each.values():
            said = await running.ask({"model": f"{kind.replace('_', '-')}:m", **SAID})
            assert said.error["type"] == "authentication_failed"
        after = memory(running.pid).rss
    assert len(MOCKS) * len(DOORS) > 50
    assert before < after < WITH_EVERY_PROVIDER


def entry(kind: str, known: Provider) -> dict[str, Any]:
    """A provider as whoever has all of them would write it: with a key, or with a cloud's own credentials."""
    written: dict[str, Any] = {"kind": kind, "options": {name: f"an-{name}" for name in known.options}}
    written |= {} if known.base_url else {"base_url": "http://127.0.0.1:1/v1"}
    return written | ({} if known.cloud or known.auth == "none" else {"api_key": KEY})


def test_what_is_seldom_needed_is_imported_when_it_is() -> None:
    source = (
        "import asyncio, sys; from proxy.app import Sidecar; from proxy.config import load; import os\n"
        "async def make(): Sidecar(load(None, {}), asyncio.get_running_loop())\n"
        "asyncio.run(make()); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=30, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    loaded = set(run.stdout.split())
    assert "proxy.app" in loaded
    assert loaded & set(LATER) == set()
