"""Google's SDK uploads a file in pieces, to addresses that the provider gives it and that lead back through the sidecar."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from google import genai
from google.genai import types

from tests.promises.relaying import Visit, store
from tests.promises.sidecars import KEY, sidecar

#: The SDK sends eight megabytes at a time.
FILE = bytes(range(256)) * (9 << 12)
MADE = {"name": "files/1", "mimeType": "text/plain", "sizeBytes": str(len(FILE)), "uri": "https://there/files/1"}


class Files:
    """Takes uploads as https://ai.google.dev/gemini-api/docs/files#upload-file has them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.taken = b""

    async def __call__(self, visit: Visit) -> None:
        while True:
            _, target, headers = await visit.head()
            body = await visit.body()
            assert headers["x-goog-api-key"] == KEY
            self.asked.append(target)
            if headers["x-goog-upload-command"] == "start":
                assert headers["x-goog-upload-header-content-length"] == str(len(FILE))
                there = f"http://{headers['host']}/upload/v1beta/files?upload_id=u1&key={KEY}"
                visit.answer(200, b"{}", {"x-goog-upload-url": there, "x-goog-upload-status": "active"})
                continue
            assert headers["x-goog-upload-offset"] == str(len(self.taken))
            self.taken += body
            ended = "finalize" in headers["x-goog-upload-command"]
            said = orjson.dumps({"file": MADE}) if ended else b""
            status = {"x-goog-upload-status": "final" if ended else "active"}
            visit.answer(200, said, {"content-type": "application/json", **status})


@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_a_file_goes_up_in_pieces(tmp_path: Path) -> None:
    files = Files()
    path = tmp_path / "a.txt"
    path.write_bytes(FILE)
    async with store(files) as there:
        entry = {"kind": "gemini", "base_url": there.url, "api_key": KEY}
        async with sidecar(tmp_path, {"google": entry}) as running:
            url = f"http://127.0.0.1:{running.port}/providers/google"
            async with genai.Client(api_key="mine", http_options=types.HttpOptions(base_url=url)).aio as client:
                made = await client.files.upload(file=str(path))
    assert made.name == "files/1"
    assert files.taken == FILE
    assert files.asked[0].startswith("/upload/v1")
    assert files.asked[1:] == ["/upload/v1beta/files?upload_id=u1"] * 2
