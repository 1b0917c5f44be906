"""Every curl of docs/relay.md works as it is written, and asks the provider for what the text says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.promises.relaying import Visit, store
from tests.promises.sidecars import KEY, ROOT, openai_like, sidecar

TEXT = (ROOT / "docs" / "relay.md").read_text("utf-8")
EXAMPLES: list[str] = re.findall(r"```sh\n(.*?)```", TEXT, flags=re.DOTALL)
JSON = {"content-type": "application/json"}
RANKED = b'{"id":"1","results":[{"index":1,"relevance_score":0.9}]}'
#: What each block asks for.
ASKED = [
    [
        "GET /v1/files?limit=10",
        "POST /v1/files",
        "POST /v1/batches",
        "GET /v1/batches/batch-1",
        "GET /v1/files/file-2/content",
        "GET /v1/files/file-2/content",
        "DELETE /v1/files/file-1",
    ],
    [
        "POST /v1/images/generations",
        "POST /v1/audio/transcriptions",
        "POST /v1/audio/speech",
        "POST /v1/moderations",
        "POST /v2/rerank",
    ],
]


@pytest.mark.parametrize(("example", "asked"), [*zip(EXAMPLES, ASKED, strict=True)], ids=["by path", "by model"])
async def test_the_examples_work(example: str, asked: list[str], tmp_path: Path) -> None:
    found: list[str] = []

    async def provider(visit: Visit) -> None:
        while True:
            method, target, headers = await visit.head()
            body = await visit.body()
            found.append(f"{method} {target}")
            assert headers["authorization"] == f"Bearer {KEY}"
            assert body or method in ("GET", "DELETE")
            visit.answer(200, RANKED if target.endswith("rerank") else b'{"object":"thing"}', JSON)

    for name in ("requests.jsonl", "speech.mp3"):
        (tmp_path / name).write_bytes(b"{}\n")
    async with store(provider) as there:
        entries = {"openai": openai_like(there.url), "cohere": {"base_url": there.url, "api_key": KEY}}
        async with sidecar(tmp_path, entries) as running:
            script = example.replace("127.0.0.1:11411", f"127.0.0.1:{running.port}").replace("curl ", "curl -fsS ")
            done = await asyncio.create_subprocess_exec(
                *("bash", "-ec", script), cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
            async with asyncio.timeout(30):
                said, complaint = await done.communicate()
    assert (done.returncode, complaint) == (0, b"")
    assert found == asked
    assert said.count(b"thing") + said.count(b"relevance_score") == len(asked) - example.count(" -o ")
