"""What goes wrong with embeddings that went up together is told to whom it concerns, and to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import Caller, until
from tests.promises.embeddings import DOORS, EMBEDDINGS, MODEL, ask_all, embeds, reply, texts_in, vector
from tests.promises.scripts import Script, alias, refuses
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.test_left_to_the_collector import rest, uncollected
from tests.promises.upstream import Asked, Provider

ON = {"enabled": True, "window": 0.2}


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider() as provider:
        yield provider


@pytest.fixture
async def running(provider: Provider, tmp_path: Path) -> AsyncIterator[InLoop]:
    async with sidecar(tmp_path, {"up": openai_like(provider.url)}, batching=ON) as running:
        yield running


def no_bad_ones(asked: Asked) -> None:
    texts = texts_in(asked)
    if "bad" in texts:
        detail = f"input[{texts.index('bad')}] cannot be embedded"
        refuses(400, body={"error": {"message": detail, "type": "invalid_request_error", "param": "input"}})(asked)
    else:
        embeds(asked)


async def test_one_bad_input_among_ten(provider: Provider, running: InLoop) -> None:
    provider.answer = no_bad_ones
    texts = [f"text {number}" for number in range(9)]
    answers = await ask_all(running, *[("openai", [text]) for text in [*texts, "bad"]])
    assert [answer.status for answer in answers] == [200] * 9 + [400]
    assert [answer.json["data"][0]["embedding"] for answer in answers[:9]] == [vector(text) for text in texts]
    assert answers[9].error["message"] == "input[0] cannot be embedded"
    assert len(provider.requests) == 11
    assert await running.counted("llm_requests_failure", kind="invalid_request") == 1


@pytest.mark.parametrize(("status", "told"), [(500, 502), (429, 429), (401, 500)])
async def test_any_other_refusal_is_told_to_all_in_their_own_dialects(
    status: int, told: int, provider: Provider, running: InLoop
) -> None:
    provider.answer = refuses(status, {"retry-after": "7"})
    answers = await ask_all(running, ("openai", ["a"]), ("gemini", ["b"]), ("ollama", ["c"]))
    assert len(provider.requests) == 1
    assert [answer.status for answer in answers] == [told] * 3
    assert [answer.headers["x-outrider-batched"] for answer in answers] == ["3"] * 3
    if status == 429:
        assert [answer.headers["retry-after"] for answer in answers] == ["7"] * 3
    assert answers[0].error["type"]
    assert answers[1].error["code"] == told
    assert isinstance(answers[2].error, str)


async def test_the_attempts_of_many_are_those_of_one(provider: Provider, tmp_path: Path) -> None:
    provider.answer = Script(refuses(500), embeds)
    again = {"retry": {"attempts": 2, "initial": 0.01}}
    async with sidecar(tmp_path, {"up": openai_like(provider.url, **again)}, batching=ON) as running:
        answers = await ask_all(running, ("openai", ["a"]), ("openai", ["b"]), ("openai", ["c"]))
    assert [answer.headers["x-outrider-attempts"] for answer in answers] == ["2"] * 3
    assert [answer.headers["x-outrider-tried"] for answer in answers] == ["up:m provider_error"] * 3
    assert [len(texts_in(asked)) for asked in provider.requests] == [3, 3]


async def test_a_fallback_answers_all(provider: Provider, tmp_path: Path) -> None:
    provider.answer = refuses(500)
    async with Provider(embeds) as other:
        providers = {"up": openai_like(provider.url), "other": openai_like(other.url)}
        models = [alias("up", fallback=["other:m2"])]
        async with sidecar(tmp_path, providers, models=models, batching=ON) as running:
            bodies = [{"model": "fast", "input": text} for text in ("a", "b")]
            answers = await asyncio.gather(*[running.ask(body, path=EMBEDDINGS) for body in bodies])
        assert [answer.headers["x-outrider-provider"] for answer in answers] == ["other"] * 2
        assert [answer.headers["x-outrider-model"] for answer in answers] == ["m2"] * 2
        assert [len(texts_in(asked)) for asked in other.requests] == [2]


@pytest.mark.parametrize("lacking", ["too few", "doubled"])
async def test_too_few_vectors_are_nobodys_answer(lacking: str, provider: Provider, running: InLoop) -> None:
    def answer(asked: Asked) -> None:
        said = reply(texts_in(asked))
        said["data"] = said["data"][1:] if lacking == "too few" else [*said["data"][1:], said["data"][1]]
        asked.link.whole(said)

    provider.answer = answer
    answers = await ask_all(running, ("openai", ["a"]), ("openai", ["bb"]))
    assert [(answer.status, answer.error["type"]) for answer in answers] == [(502, "provider_error")] * 2


# ---- leaving


def embed_call(text: str, **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "input": text, **more}


async def test_who_hangs_up_is_left_out_and_the_others_are_answered(provider: Provider, running: InLoop) -> None:
    callers = [await Caller.connect(running.port) for _ in range(3)]
    for caller, text in zip(callers, "abc", strict=True):
        caller.post(embed_call(text), path=EMBEDDINGS)
    await until(lambda: len(running.sidecar.gateway.calls) == 3)
    callers[0].hang_up()
    asked = await provider.asked()
    assert sorted(texts_in(asked)) == ["b", "c"]
    callers[1].hang_up()
    await until(lambda: len(running.sidecar.gateway.calls) == 1)
    embeds(asked)
    answer = await callers[2].answer()
    assert [entry["embedding"] for entry in answer.json["data"]] == [vector("c")]
    callers[2].hang_up()
    assert await running.counted("outrider_client_gone_total") == 2


async def test_when_all_hang_up_the_providers_connection_is_closed(provider: Provider, running: InLoop) -> None:
    callers = [await Caller.connect(running.port) for _ in range(3)]
    for caller, text in zip(callers, "abc", strict=True):
        caller.post(embed_call(text), path=EMBEDDINGS)
    asked = await provider.asked()
    assert len(texts_in(asked)) == 3
    for caller in callers:
        caller.hang_up()
    await asked.link.is_closed()
    await running.is_idle()


async def test_each_has_its_own_time(provider: Provider, running: InLoop) -> None:
    hasty = asyncio.ensure_future(running.ask(embed_call("a", timeout=0.5), path=EMBEDDINGS))
    patient = asyncio.ensure_future(running.ask(embed_call("b", timeout=30), path=EMBEDDINGS))
    asked = await provider.asked()
    assert len(texts_in(asked)) == 2
    assert (await hasty).status == 504
    embeds(asked)
    answer = await patient
    assert (answer.status, answer.json["data"]) == (200, reply(["b"])["data"])


async def test_a_sidecar_that_ends_tells_all_of_them(provider: Provider, running: InLoop) -> None:
    questions = [asyncio.ensure_future(running.ask(embed_call(text), path=EMBEDDINGS)) for text in "ab"]
    asked = await provider.asked()
    running.sidecar.gateway.cut()
    answers = await asyncio.gather(*questions)
    assert [(answer.status, answer.error["type"]) for answer in answers] == [(503, "draining")] * 2
    await asked.link.is_closed()


@pytest.mark.parametrize("act", [embeds, refuses(500), refuses(400)], ids=["well", "refused", "the callers' fault"])
async def test_nothing_waits_for_the_collector(act: Any, provider: Provider, tmp_path: Path) -> None:
    provider.answer = act
    quick = {"enabled": True, "window": 0.03}
    questions = [("openai", [text]) for text in "abc"] + [("gemini", ["d"])]
    async with sidecar(tmp_path, {"up": openai_like(provider.url)}, batching=quick) as running:
        await ask_all(running, *questions)
        await rest(running)
        with uncollected() as found:
            for _ in range(3):
                await ask_all(running, *questions)
            await rest(running)
        assert not found


async def test_the_doors_agree_on_a_refusal(provider: Provider, running: InLoop) -> None:
    """Merged or alone, a caller reads the same error."""
    provider.answer = no_bad_ones
    for door in DOORS:
        [alone] = await ask_all(running, (door, ["bad"]))
        merged, good = await ask_all(running, (door, ["bad"]), (door, ["good"]))
        assert (merged.status, merged.json) == (alone.status, alone.json)
        assert DOORS[door].vectors(good.json) == [vector("good")]
