"""What a request may say itself of its way, where the operator lets it; what is refused is named in the caller's dialect."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.promises.dialects import WIRES, like
from tests.promises.scripts import Script, refuses, says
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider

MODELS = [
    {
        "model": "fast",
        "targets": [
            {"provider": "up", "model": "m", "tags": ["eu"]},
            {"provider": "up", "model": "other", "tags": ["us"]},
        ],
    }
]
#: Dialects whose body may carry what is ours.
BODIES = ("openai", "responses", "anthropic", "ollama", "cohere", "gemini", "bedrock")


@asynccontextmanager
async def scene(directory: Path, script: Script, **sections: Any) -> AsyncIterator[InLoop]:
    sections = {"models": MODELS, **sections}
    async with Provider(script) as provider, sidecar(directory, {"up": openai_like(provider.url)}, **sections) as on:
        yield on


@pytest.mark.parametrize("dialect", BODIES)
@pytest.mark.parametrize(("name", "value"), [("timeout", 5), ("fallbacks", ["up:other"])])
async def test_a_field_that_may_not_be_set(dialect: str, name: str, value: Any, tmp_path: Path) -> None:
    """With and without an alias: nobody is asked."""
    wire, script = WIRES[dialect], Script(says())
    async with scene(tmp_path, script, overrides=[]) as running:
        for model in ("fast", "up:m"):
            answer = await running.ask(wire.ask(model, **{name: value}), wire.headers, wire.path_to(model))
            assert (answer.status, answer.complete) == (400, True), answer
            assert name in wire.words_of(answer.json)
            assert answer.headers["x-should-retry"] == "false"
        assert script.count == 0
        assert await running.counted("llm_requests_failure", kind="invalid_request") == 2


@pytest.mark.parametrize("dialect", BODIES)
async def test_a_header_that_may_not_be_set(dialect: str, tmp_path: Path) -> None:
    wire, script = WIRES[dialect], Script(says())
    async with scene(tmp_path, script, overrides=["timeout", "fallbacks"]) as running:
        headers = {**wire.headers, "x-outrider-tags": "us"}
        answer = await running.ask(wire.ask("fast"), headers, wire.path_to("fast"))
        assert (answer.status, script.count) == (400, 0)
        assert "x-outrider-tags" in wire.words_of(answer.json)


async def test_what_is_allowed_beside_what_is_not(tmp_path: Path) -> None:
    script = Script(says())
    wire = WIRES["openai"]
    async with scene(tmp_path, script, overrides=["timeout"]) as running:
        assert (await running.ask(wire.ask("fast", timeout=5))).status == 200
        refused = await running.ask(wire.ask("fast", fallbacks=[]))
        assert (refused.status, refused.error["param"]) == (400, "fallbacks")


WRONG: list[tuple[str, Any, str]] = [
    ("timeout", 0, "timeout"),
    ("timeout", -1, "timeout"),
    ("timeout", "soon", "timeout"),
    ("timeout", True, "timeout"),
    ("fallbacks", "up:m", "fallbacks"),
    ("fallbacks", [5], "fallbacks"),
    ("fallbacks", [""], "fallbacks"),
    ("fallbacks", ["up:m"] * 11, "fallbacks"),
    ("fallbacks", ["nobody:m"], "nobody"),
]


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "ollama"])
@pytest.mark.parametrize(("name", "value", "word"), WRONG)
async def test_what_makes_no_sense(name: str, value: Any, word: str, dialect: str, tmp_path: Path) -> None:
    """Before anybody is asked, also where the first target would have answered."""
    wire, script = WIRES[dialect], Script(says())
    async with scene(tmp_path, script) as running:
        answer = await running.ask(wire.ask("fast", **{name: value}), wire.headers, wire.path_to("fast"))
        assert (answer.status, script.count) == (404 if word == "nobody" else 400, 0), answer
        assert word in wire.words_of(answer.json)
        if dialect == "openai" and word != "nobody":
            assert str(answer.error["param"]).startswith(name)


async def test_fallbacks_where_the_first_fails_and_the_second_is_not_there(tmp_path: Path) -> None:
    """Refused before anybody is asked: not when it is too late."""
    script = Script(refuses(500))
    async with scene(tmp_path, script) as running:
        answer = await running.ask(WIRES["openai"].ask("fast", fallbacks=["up:other", "nobody:m"]))
        assert (answer.status, answer.error["type"], script.count) == (404, "model_not_found", 0)


@pytest.mark.parametrize(
    ("fields", "headers"),
    [({"cache": {"mode": "bypass"}}, {}), ({}, {"x-outrider-cache": "refresh"})],
    ids=["body", "header"],
)
async def test_what_is_wanted_of_the_cache_is_refused_where_the_operator_says_so(
    tmp_path: Path, fields: dict[str, Any], headers: dict[str, str]
) -> None:
    wire = WIRES["openai"]
    async with scene(tmp_path, Script(says()), overrides=["timeout"]) as running:
        answer = await running.ask(wire.ask("fast", **fields), headers)
        assert (answer.status, answer.error["param"]) == (400, "cache")


@pytest.mark.parametrize("dialect", BODIES)
@pytest.mark.parametrize(
    ("name", "value"), [("timeout", 30), ("fallbacks", ["up:other"]), ("cache", {"mode": "bypass"})]
)
async def test_what_is_for_us_never_reaches_a_provider(dialect: str, name: str, value: Any, tmp_path: Path) -> None:
    """Where the caller's own bytes would go up, too."""
    wire = WIRES[dialect]
    async with (
        Provider(lambda asked: asked.link.whole(wire.reply("hello"))) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}) as running,
    ):
        answer = await running.ask(wire.ask("up:m", **{name: value}), wire.headers, wire.path_to("up:m"))
        assert (answer.status, wire.text_of(answer.json)) == (200, "hello")
        assert name not in provider.requests[0].json
