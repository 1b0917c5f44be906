"""What is known of models rules calls: an image goes to who can see it, a limit is what the model gives. And the one list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import get
from tests.promises.sidecars import KEY, InLoop, openai_like, sidecar
from tests.promises.upstream import Asked, Provider

PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SEEN: dict[str, Any] = {"type": "image_url", "image_url": {"url": PIXEL}}
CATALOG = [
    {"provider": "up", "model": "text", "capabilities": ["chat", "stream"], "max_output": 100},
    {"provider": "up", "model": "seeing", "capabilities": ["chat", "stream", "vision"], "max_output": 200},
]
ALIASES = [{"model": "any", "targets": [{"provider": "up", "model": "text"}, {"provider": "up", "model": "seeing"}]}]


def said(asked: Asked) -> None:
    """A list of models, or an answer that tells which model gave it."""
    if asked.line.startswith("GET "):
        listed = [{"id": "text"}, {"id": "live-only", "max_model_len": 512}]
        return asked.link.whole({"object": "list", "data": listed})
    message = {"role": "assistant", "content": "hello"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    asked.link.whole({"id": "1", "object": "chat.completion", "model": asked.json["model"], "choices": [choice]})
    return None


@pytest.fixture
async def up() -> AsyncIterator[Provider]:
    async with Provider(said) as provider:
        yield provider


def chat(model: str, image: bool = False, **more: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": "what is it?"}, SEEN] if image else "hello"
    return {"model": model, "messages": [{"role": "user", "content": content}], **more}


@pytest.mark.parametrize(("image", "taken"), [(False, "text"), (True, "seeing")])
async def test_of_several_targets_the_first_that_can(image: bool, taken: str, up: Provider, tmp_path: Path) -> None:
    async with sidecar(tmp_path, {"up": openai_like(up.url)}, models=ALIASES, catalog=CATALOG) as running:
        answer = await running.ask(chat("any", image))
    assert answer.status == 200
    assert [asked.json["model"] for asked in up.requests] == [taken]
    assert answer.headers["x-outrider-model"] == taken


async def test_an_image_is_never_shown_to_who_sees_none(up: Provider, tmp_path: Path) -> None:
    async with sidecar(tmp_path, {"up": openai_like(up.url)}, models=ALIASES, catalog=CATALOG) as running:
        answer = await running.ask(chat("up:text", image=True))
        source = {"type": "base64", "media_type": "image/png", "data": PIXEL.partition(",")[2]}
        body = {
            "model": "up:text",
            "max_tokens": 5,
            "messages": [{"role": "user", "content": [{"type": "image", "source": source}]}],
        }
        of_anthropic = await running.ask(body, {"anthropic-version": "2023-06-01"}, "/v1/messages")
    assert (answer.status, answer.json["error"]["param"]) == (400, "messages")
    assert "takes no images" in answer.json["error"]["message"]
    assert (of_anthropic.status, of_anthropic.json["type"]) == (400, "error")
    assert "takes no images" in of_anthropic.json["error"]["message"]
    assert up.requests == []


LIMITS = [
    ("reject", 400, []),
    ("clamp", 200, [100]),
    ("ignore", 200, [101]),
]


@pytest.mark.parametrize(("rule", "status", "sent"), LIMITS)
async def test_a_limit_above_the_model_s(rule: str, status: int, sent: list[int], up: Provider, tmp_path: Path) -> None:
    async with sidecar(tmp_path, {"up": openai_like(up.url)}, catalog=CATALOG, model_limits=rule) as running:
        answer = await running.ask(chat("up:text", max_tokens=101))
        fitting = await running.ask(chat("up:text", max_tokens=100))
    assert answer.status == status
    assert [asked.json["max_tokens"] for asked in up.requests] == [*sent, 100]
    assert fitting.status == 200
    assert "x-outrider-translated" not in fitting.headers
    assert ("max_tokens" in answer.headers.get("x-outrider-translated", "")) == (rule == "clamp")
    if rule == "reject":
        assert answer.json["error"]["param"] == "max_tokens"
        assert "at most 100 tokens" in answer.json["error"]["message"]


def local(url: str) -> dict[str, Any]:
    return {"kind": "openai_compatible", "base_url": f"{url}/v1", "api_key": KEY, "list_models": True}


async def listed(running: InLoop, query: str = "") -> dict[str, Any]:
    answer = await get(running.port, f"/v1/models{query}")
    assert answer.status == 200, answer.body
    return {model["id"]: model for model in answer.json["data"]}


async def test_one_list_of_all_models(up: Provider, tmp_path: Path) -> None:
    """Each resolves, and says what is known of it; servers tell their own."""
    providers = {"up": openai_like(up.url), "local": local(up.url)}
    async with sidecar(tmp_path, providers, models=ALIASES, catalog=CATALOG) as running:
        models = await listed(running)
        assert models["any"]["outrider"]["provider"] == "up"
        assert models["up:text"]["outrider"]["capabilities"] == ["chat", "stream"]
        assert models["local:live-only"]["outrider"] | {"capabilities": None} == {
            "provider": "local",
            "context_window": 512,
            "max_output": None,
            "capabilities": None,
        }
        assert (await running.ask(chat("live-only"))).status == 200
        assert {model["owned_by"] for model in (await listed(running, "?provider=local")).values()} == {"local"}
        assert "up:seeing" in await listed(running, "?capability=vision")
        assert "up:text" not in await listed(running, "?capability=vision")
        refused = await get(running.port, "/v1/models?capability=flying")
        assert (refused.status, refused.json["error"]["param"]) == (400, "capability")
        refused = await get(running.port, "/v1/models?provider=nobody")
        assert (refused.status, refused.json["error"]["param"]) == (404, "provider")
    assert {asked.headers["authorization"] for asked in up.requests} == {f"Bearer {KEY}"}


async def test_a_server_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    async with sidecar(tmp_path, {"local": local("http://127.0.0.1:9")}) as running:
        assert "mock" in str(await listed(running))
        await listed(running)
    log = running.log()
    assert log.count("a list of models could not be had") == 1
    assert KEY not in log
