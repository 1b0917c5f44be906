"""What is asked besides calls: models in every dialect's words, and paths that lead nowhere, refused in the words of who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.promises.caller import Answer
from tests.promises.sidecars import InLoop, sidecar

ALIASES = [{"model": "fast/one", "targets": [{"provider": "mock", "model": "mock"}]}]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[InLoop]:
    async with sidecar(tmp_path, models=ALIASES) as running:
        yield running


async def say(running: InLoop, method: str, path: str, body: Any = None, headers: str = "") -> Answer:
    data = b"" if body is None else orjson.dumps(body)
    length = f"content-length: {len(data)}\r\n" if data else ""
    caller = await running.caller()
    caller.send(f"{method} {path} HTTP/1.1\r\nhost: x\r\n{headers}{length}\r\n".encode() + data)
    return await caller.answer()


async def test_anthropic_s_list_is_for_who_speaks_its_version(running: InLoop) -> None:
    answer = await say(running, "GET", "/v1/models", headers="anthropic-version: 2023-06-01\r\n")
    models = answer.json["data"]
    assert {model["type"] for model in models} == {"model"}
    assert answer.json["has_more"] is False
    assert answer.json["first_id"] == models[0]["id"]
    assert answer.json["last_id"] == models[-1]["id"]
    one = await say(running, "GET", "/v1/models/fast%2Fone", headers="anthropic-version: 2023-06-01\r\n")
    assert (one.json["type"], one.json["id"]) == ("model", "fast/one")


@pytest.mark.parametrize("path", ["/v1/models/fast/one", "/models/fast%2Fone", "/v1/models/mock:mock"])
async def test_one_model(path: str, running: InLoop) -> None:
    answer = await say(running, "GET", path)
    assert answer.status == 200
    assert (answer.json["object"], answer.json["owned_by"]) == ("model", "mock")


async def test_gemini_s_list_and_one_of_it(running: InLoop) -> None:
    models = (await say(running, "GET", "/v1beta/models?pageSize=50")).json["models"]
    assert "models/fast/one" in [model["name"] for model in models]
    one = (await say(running, "GET", "/v1beta/models/fast/one")).json
    assert one["name"] == "models/fast/one"
    assert "generateContent" in one["supportedGenerationMethods"]


async def test_ollama_s_questions(running: InLoop) -> None:
    tags = (await say(running, "GET", "/api/tags")).json["models"]
    assert "fast/one" in [model["name"] for model in tags]
    assert (await say(running, "GET", "/api/version")).json["version"]
    assert (await say(running, "GET", "/api/ps")).json["models"] == []
    shown = await say(running, "POST", "/api/show", {"model": "fast/one"})
    assert "completion" in shown.json["capabilities"]


@pytest.mark.parametrize("body", [None, [], {}, {"model": 7}, {"model": "x" * 100_000}])
async def test_a_question_about_no_model_is_refused_in_ollama_s_words(body: Any, running: InLoop) -> None:
    answer = await say(running, "POST", "/api/show", body)
    assert answer.status in (400, 404)
    assert "model" in answer.json["error"]


#: Path -> how its dialect's error object is recognised.
NOWHERE: dict[str, Callable[[Any], bool]] = {
    "/v1/messages/batches": lambda said: said["type"] == "error" and "nothing at" in said["error"]["message"],
    "/v1beta/files": lambda said: said["error"]["code"] == 404 and "nothing at" in said["error"]["message"],
    "/model/m/eat": lambda said: "nothing at" in said["message"],
    "/api/pull": lambda said: "nothing at" in said["error"],
    "/v2/summarize": lambda said: "nothing at" in said["message"],
    "/v1/responses/resp_1/cancel": lambda said: "nothing at" in said["error"]["message"],
    "/v1/audio/voices": lambda said: said["error"]["type"] == "invalid_request",
}


@pytest.mark.parametrize("path", NOWHERE)
async def test_a_path_that_leads_nowhere_is_refused_in_its_dialect(path: str, running: InLoop) -> None:
    answer = await say(running, "POST", path, {})
    assert answer.status == 404
    assert NOWHERE[path](answer.json), answer.json


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/messages", "POST"),
        ("GET", "/api/chat", "POST"),
        ("DELETE", "/v1beta/models/m:generateContent", "POST"),
        ("PUT", "/api/tags", "GET"),
        ("GET", "/api/show", "POST"),
        ("POST", "/v1/models/mock", "GET"),
    ],
)
async def test_a_method_that_is_not_taken(method: str, path: str, allow: str, running: InLoop) -> None:
    answer = await say(running, method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allow)


async def test_an_unknown_model_is_a_404_in_the_dialect(running: InLoop) -> None:
    answer = await say(running, "GET", "/v1beta/models/nobody")
    assert (answer.status, answer.json["error"]["status"]) == (404, "NOT_FOUND")


async def test_models_by_provider_and_by_capability(running: InLoop) -> None:
    ids = [model["id"] for model in (await say(running, "GET", "/v1/models?provider=mock")).json["data"]]
    assert "fast/one" in ids
    assert "mock" in ids
    for path in ("/v1/models?provider=nobody", "/v1beta/models?provider=nobody"):
        refused = await say(running, "GET", path)
        assert refused.status == 404
        assert "nobody" in refused.json["error"]["message"]


@pytest.mark.parametrize("capability", ["visoin", "", "%00", "x" * 300])
async def test_a_capability_that_there_is_not_is_refused_with_those_that_there_are(
    capability: str, running: InLoop
) -> None:
    refused = await say(running, "GET", f"/v1/models?capability={capability}&provider=mock")
    if not capability:
        assert refused.status == 200
        return
    assert (refused.status, refused.json["error"]["param"]) == (400, "capability")
    assert "vision" in refused.json["error"]["message"]
    assert len(refused.json["error"]["message"]) < 500
