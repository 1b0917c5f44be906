"""Embeddings that are asked for at the same time go up together, and nobody can tell by the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.promises.caller import http, until
from tests.promises.embeddings import DOORS, EMBEDDINGS, MODEL, ask_all, embeds, reply, texts_in, vector
from tests.promises.scripts import alias, call_lines
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider

#: Long enough for all callers of a test to come within it, on a machine that does other things too.
ON = {"enabled": True, "window": 0.2}


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider(embeds) as provider:
        yield provider


@pytest.fixture
async def running(provider: Provider, tmp_path: Path) -> AsyncIterator[InLoop]:
    async with sidecar(tmp_path, {"up": openai_like(provider.url)}, batching=ON) as running:
        yield running


async def test_fifty_callers_ask_once_or_twice(provider: Provider, running: InLoop) -> None:
    texts = [f"text {number}" for number in range(50)]
    answers = await ask_all(running, *[("openai", [text]) for text in texts])
    assert len(provider.requests) <= 3
    assert sorted(text for asked in provider.requests for text in texts_in(asked)) == sorted(texts)
    for text, answer in zip(texts, answers, strict=True):
        assert (answer.status, answer.json["data"]) == (200, reply([text])["data"])
        assert answer.json["model"] == "m-2"
    assert sum(answer.json["usage"]["prompt_tokens"] for answer in answers) == sum(map(len, texts))
    assert len({answer.headers["x-request-id"] for answer in answers}) == 50
    assert {answer.headers["x-outrider-provider"] for answer in answers} == {"up"}
    assert sum(1 / int(answer.headers["x-outrider-batched"]) for answer in answers) == pytest.approx(
        len(provider.requests)
    )


async def test_tokens_are_counted_once(running: InLoop) -> None:
    texts = [f"text {number}" * (number + 1) for number in range(9)]
    answers = await ask_all(running, *[("openai", [text]) for text in texts])
    await running.is_idle()
    assert await running.counted("llm_tokens_prompt", model=MODEL) == sum(map(len, texts))
    assert await running.counted("llm_requests_success", model=MODEL) == 9
    await until(lambda: len(call_lines(running)) == 9)
    told = {line["id"]: line["tokens_in"] for line in call_lines(running)}
    assert told == {answer.headers["x-request-id"]: answer.json["usage"]["prompt_tokens"] for answer in answers}


async def test_callers_of_several_dialects_go_together(provider: Provider, running: InLoop) -> None:
    questions = [("openai", ["a", "bb"]), ("gemini", ["ccc"]), ("ollama", ["dddd", "eeeee"]), ("openai", ["f"])]
    answers = await ask_all(running, *questions)
    [asked] = provider.requests
    assert sorted(texts_in(asked)) == ["a", "bb", "ccc", "dddd", "eeeee", "f"]
    for (door, texts), answer in zip(questions, answers, strict=True):
        assert DOORS[door].vectors(answer.json) == [vector(text) for text in texts]
    assert sum(DOORS[door].tokens(answer.json) for (door, _), answer in zip(questions, answers, strict=True)) == 16


async def test_what_the_vectors_are_for_keeps_callers_apart(provider: Provider, running: InLoop) -> None:
    answers = await ask_all(running, ("cohere", ["a"]), ("cohere", ["bb"]), ("openai", ["ccc"]), ("openai", ["d"]))
    assert sorted(sorted(texts_in(asked)) for asked in provider.requests) == [["a", "bb"], ["ccc", "d"]]
    assert [DOORS["cohere"].vectors(answer.json) for answer in answers[:2]] == [[vector("a")], [vector("bb")]]
    assert [answer.headers["x-outrider-dropped"] for answer in answers[:2]] == ["input_type"] * 2


@pytest.mark.parametrize("door", DOORS)
async def test_the_answer_is_the_one_that_a_call_gets_alone(door: str, provider: Provider, running: InLoop) -> None:
    provider.answer = lambda asked: asked.link.whole(reply(texts_in(asked)))
    [alone] = await ask_all(running, (door, ["a", "bbbb"]))
    first, second = await ask_all(running, (door, ["a", "bbbb"]), (door, ["c", "dddd"]))
    assert len(provider.requests) == 2
    assert DOORS[door].vectors(second.json) == [vector("c"), vector("dddd")]
    named = {"id": ""} if door == "cohere" else {}  # says which answer it is
    assert first.json | named == alone.json | named
    differing = {"date", "content-length", "x-request-id", "x-outrider-overhead-ms", "x-outrider-batched"}
    assert first.headers.keys() - differing == alone.headers.keys() - differing


async def test_who_is_alone_goes_up_byte_for_byte(provider: Provider, running: InLoop) -> None:
    body = b'{ "input":  "alone", "model":"up:m", "encoding_format" : "float", "x" : 1e0 }'
    answer = await running.ask(body, path=EMBEDDINGS)
    [asked] = provider.requests
    assert asked.body == body.replace(b'"up:m"', b'"m"')
    assert answer.json == {**reply(["alone"]), "data": reply(["alone"])["data"]}
    assert "x-outrider-batched" not in answer.headers


async def test_tokens_and_texts_stay_apart(provider: Provider, running: InLoop) -> None:
    bodies: list[Any] = [[1, 2], [[3], [4, 5]], "text", ["more"]]
    answers = await asyncio.gather(*[running.ask({"model": MODEL, "input": each}, path=EMBEDDINGS) for each in bodies])
    assert sorted(map(str, map(texts_in, provider.requests))) in (
        ["['more', 'text']", "[[1, 2], [3], [4, 5]]"],
        ["['text', 'more']", "[[1, 2], [3], [4, 5]]"],
        ["['more', 'text']", "[[3], [4, 5], [1, 2]]"],
        ["['text', 'more']", "[[3], [4, 5], [1, 2]]"],
    )
    assert [[entry["embedding"] for entry in answer.json["data"]] for answer in answers] == [
        [vector([1, 2])],
        [vector([3]), vector([4, 5])],
        [vector("text")],
        [vector("more")],
    ]


async def test_tenants_and_credentials_stay_apart(provider: Provider, running: InLoop) -> None:
    body = {"model": MODEL, "input": "a"}
    headers = [{"x-tenant": "a"}, {"x-tenant": "b"}, {"authorization": "Bearer k"}, {"traceparent": "00-1-1-1"}, {}]
    await asyncio.gather(*[running.ask(body, each, EMBEDDINGS) for each in headers])
    assert sorted(len(texts_in(asked)) for asked in provider.requests) == [1, 1, 1, 2]


async def test_a_window_that_is_really_small(provider: Provider, tmp_path: Path) -> None:
    small = {"enabled": True, "window": 0.000001}
    async with sidecar(tmp_path, {"up": openai_like(provider.url)}, batching=small) as running:
        answers = await ask_all(running, *[("openai", [f"text {number}"]) for number in range(10)])
        assert [answer.json["data"][0]["embedding"] for answer in answers] == [
            vector(f"text {number}") for number in range(10)
        ]


async def test_off_by_default_and_on_for_an_alias(provider: Provider, tmp_path: Path) -> None:
    models = [alias("up", name="merged", batching=True), alias("up", name="apart")]
    window = {"window": 0.15}
    async with sidecar(tmp_path, {"up": openai_like(provider.url)}, models=models, batching=window) as running:
        bodies = [{"model": model, "input": text} for model in ("merged", "apart") for text in ("a", "b")]
        await asyncio.gather(*[running.ask(body, path=EMBEDDINGS) for body in bodies])
        assert sorted(len(texts_in(asked)) for asked in provider.requests) == [1, 1, 2]


async def test_the_embedded_mock(tmp_path: Path) -> None:
    async with sidecar(tmp_path, batching=ON) as running:
        bodies = [{"model": "mock:mock-embed", "input": f"text {number}"} for number in range(20)]
        alone = [(await running.ask(body, path=EMBEDDINGS)).json for body in bodies[:2]]
        answers = await asyncio.gather(*[running.ask(body, path=EMBEDDINGS) for body in bodies])
        assert [answer.json for answer in answers[:2]] == alone
        assert all("x-outrider-batched" in answer.headers for answer in answers)


async def test_base64_is_what_the_provider_sent(tmp_path: Path) -> None:
    async with sidecar(tmp_path, batching=ON) as running:
        body = {"model": "mock:mock-embed", "input": "text", "encoding_format": "base64"}
        alone = await running.ask(body, path=EMBEDDINGS)
        answers = await asyncio.gather(*[running.ask(body, path=EMBEDDINGS) for _ in range(3)])
        assert isinstance(alone.json["data"][0]["embedding"], str)
        assert [answer.json for answer in answers] == [alone.json] * 3
        assert "x-outrider-batched" in answers[0].headers


async def test_an_answer_too_large_to_be_held_elsewhere(provider: Provider, running: InLoop) -> None:
    def large(asked: Any) -> None:
        said = reply(texts_in(asked))
        for entry in said["data"]:
            entry["embedding"] = entry["embedding"] + [0.123456789] * 60_000
        asked.link.whole(said)

    provider.answer = large
    answers = await ask_all(running, ("openai", ["a"]), ("openai", ["bb"]), ("ollama", ["ccc"]))
    assert len(provider.requests) == 1
    assert [DOORS["ollama"].vectors(answers[2].json)[0][:3]] == [vector("ccc")]
    assert (
        sum(answer.json["usage"]["prompt_tokens"] for answer in answers[:2]) + DOORS["ollama"].tokens(answers[2].json)
        == 6
    )
    await running.is_idle()
    assert await running.counted("llm_tokens_prompt", model=MODEL) == 6


async def test_many_on_one_connection(provider: Provider, running: InLoop) -> None:
    """Requests that wait for each other are never in one window."""
    caller = await running.caller()
    for text in ("a", "b"):
        caller.send(http({"model": MODEL, "input": text}, None, EMBEDDINGS))
    for text in ("a", "b"):
        assert orjson.loads((await caller.answer()).body)["data"] == reply([text])["data"]
    assert len(provider.requests) == 2


async def test_what_went_up_together_is_kept_for_each(provider: Provider, tmp_path: Path) -> None:
    providers = {"up": openai_like(provider.url)}
    async with sidecar(tmp_path, providers, batching=ON, cache={"enabled": True}) as running:
        questions = [("openai", ["a"]), ("gemini", ["bb"]), ("ollama", ["ccc"]), ("openai", ["a"])]
        first = await ask_all(running, *questions)
        again = await ask_all(running, *questions)
    assert [sorted(texts_in(asked)) for asked in provider.requests] == [["a", "bb", "ccc"]]
    assert [answer.headers["x-outrider-cache"] for answer in again] == ["hit"] * 4
    assert [answer.json for answer in again] == [answer.json for answer in first]
