"""A span for each call and one for each attempt, as a collector gets them, however the call ends."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from proxy import __version__
from proxy.advice import ADVICE
from proxy.call import KINDS
from tests.promises.caller import chat, until
from tests.promises.dialects.openai import OPENAI
from tests.promises.scripts import QUICK, Script, alias, hangs_up, is_silent, late, refuses, says, sends
from tests.promises.sidecars import KEY
from tests.promises.tracing import traced
from tests.promises.wires import openai_reply
from tests.tracing.receiver import CLIENT, ERROR, SERVER, UNSET, Received

SAID = OPENAI.stream(["hel", "lo"])
CUT = sends(*SAID.opening, SAID.words[0], cut=True)


def failed_as(span: Received, kind: str) -> None:
    assert span.span.status.code == ERROR
    assert span.span.status.message == ADVICE[kind].meaning
    assert span.attributes["error.type"] == kind


def went_well(span: Received) -> None:
    assert span.span.status.code == UNSET
    assert "error.type" not in span.attributes


async def test_a_whole_answer(tmp_path: Path) -> None:
    began = time.time()
    async with traced(tmp_path, says("hello"), catalog=[]) as at:
        answer = await at.running.ask(
            chat("up:gpt-4o", temperature=0.5, max_tokens=9, seed=2**64 - 1, n=1), {"x-request-id": "the-id"}
        )
        assert answer.status == 200
        root, [attempt] = await at.collector.call(1)
        assert (root.name, attempt.name) == ("chat up:gpt-4o", "chat gpt-4o")
        assert (root.parent, root.span.kind, attempt.span.kind) == ("", SERVER, CLIENT)
        went_well(root)
        went_well(attempt)
        found = root.attributes
        assert found == {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "up:gpt-4o",
            "gen_ai.request.temperature": 0.5,
            "gen_ai.request.max_tokens": 9,
            "gen_ai.request.choice.count": 1,
            "gen_ai.response.model": "m",
            "gen_ai.response.id": "c1",
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.output_tokens": 50,
            "gen_ai.usage.cache_read.input_tokens": 30,
            "gen_ai.usage.reasoning.output_tokens": 20,
            "http.response.status_code": 200,
            "outrider.attempts": 1,
            "outrider.cost": found["outrider.cost"],
            "outrider.usage.input": 70,
            "outrider.usage.cache_read": 30,
            "outrider.usage.output": 30,
            "outrider.usage.reasoning": 20,
            "provider.name": "up",
            "request.id": "the-id",
            "request.model": "up:gpt-4o",
        }
        assert f"{found['outrider.cost']:.10f}".startswith(answer.headers["x-outrider-cost"])
        assert attempt.attributes == {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "http.response.status_code": 200,
            "outrider.attempt": 1,
            "provider.name": "up",
            "request.id": "the-id",
            "request.model": "up:gpt-4o",
            "server.address": "127.0.0.1",
            "server.port": at.up.port,
        }
        for span in (root, attempt):
            assert began <= span.span.start_time_unix_nano / 1e9 <= span.span.end_time_unix_nano / 1e9 <= time.time()
            assert span.scope == ("outrider", __version__)
            assert span.resource["service.name"] == "outrider"
        assert root.span.start_time_unix_nano <= attempt.span.start_time_unix_nano
        assert attempt.span.end_time_unix_nano <= root.span.end_time_unix_nano
        [request] = at.collector.requests
        assert (request.method, request.path) == ("POST", "/v1/traces")
        assert request.headers["content-type"] == "application/x-protobuf"


async def test_a_stream(tmp_path: Path) -> None:
    async with traced(tmp_path, late(0.05, says("hel", "lo"))) as at:
        await at.running.ask(chat(stream=True))
        root, [attempt] = await at.collector.call(1)
        assert root.attributes["gen_ai.request.stream"] is True
        assert root.attributes["gen_ai.usage.output_tokens"] == 50
        first = root.attributes["gen_ai.response.time_to_first_chunk"]
        assert 0.04 < first <= root.seconds
        assert 0.04 < attempt.attributes["gen_ai.response.time_to_first_chunk"] <= first
        assert "gen_ai.usage.output_tokens" not in attempt.attributes, "a sum over spans would count it twice"


async def test_an_attempt_that_is_made_again(tmp_path: Path) -> None:
    script = Script(hangs_up, refuses(503), says())
    async with traced(tmp_path, script, **QUICK) as at:
        assert (await at.running.ask(chat())).status == 200
        root, [first, second, third] = await at.collector.call(3)
        went_well(root)
        assert root.attributes["outrider.attempts"] == 3
        assert root.attributes["outrider.trail"] == ["up:m network_error", "up:m provider_overloaded"]
        failed_as(first, "network_error")
        assert "http.response.status_code" not in first.attributes
        failed_as(second, "provider_overloaded")
        assert second.attributes["http.response.status_code"] == 503
        went_well(third)
        numbers = [span.attributes["outrider.attempt"] for span in (first, second, third)]
        resent = [span.attributes.get("http.request.resend_count") for span in (first, second, third)]
        assert (numbers, resent) == ([1, 2, 3], [None, 1, 2])


async def test_a_fallback(tmp_path: Path) -> None:
    models = [alias("up", fallback=["other:better"])]
    async with traced(tmp_path, refuses(500), says(), models=models) as at:
        assert (await at.running.ask(chat("fast"))).status == 200
        root, [first, second] = await at.collector.call(2)
        assert root.attributes["provider.name"] == second.attributes["provider.name"] == "other"
        assert (root.attributes["gen_ai.request.model"], second.attributes["gen_ai.request.model"]) == (
            "fast",
            "better",
        )
        failed_as(first, "provider_error")


@pytest.mark.parametrize("winner", ["up", "other"])
async def test_attempts_beside_each_other(winner: str, tmp_path: Path) -> None:
    models = [alias("up", "other", hedge={"after": 0.02, "share": 1})]
    async with traced(tmp_path, models=models) as at:
        caller = await at.running.caller()
        caller.post(chat("fast"))
        asked = {"up": await at.up.asked(), "other": await at.other.asked()}
        says()(asked[winner])
        assert (await caller.answer()).status == 200
        root, both = await at.collector.call(2)
        went_well(root)
        assert root.attributes["provider.name"] == winner
        by_name = {span.attributes["provider.name"]: span for span in both}
        lost = by_name["other" if winner == "up" else "up"]
        went_well(lost)
        assert lost.attributes["outrider.overtaken"] is True
        assert "outrider.overtaken" not in by_name[winner].attributes
        assert {span.attributes["outrider.attempt"] for span in both} == {1, 2}
        headers = [provider.requests[0].headers["traceparent"] for provider in (at.up, at.other)]
        assert headers == [f"00-{root.trace_id}-{by_name[name].id}-01" for name in ("up", "other")]


async def test_a_kept_answer_and_a_shared_one(tmp_path: Path) -> None:
    async with traced(tmp_path, late(0.05, says()), cache={"enabled": True}) as at:
        asked = chat(temperature=0)
        leader, follower = await at.running.caller(), await at.running.caller()
        leader.post(asked)
        await until(lambda: bool(at.up.requests))
        follower.post(asked)
        assert (await leader.answer()).status == (await follower.answer()).status == 200
        assert (await at.running.ask(asked)).headers["x-outrider-cache"] == "hit"
        spans = await at.collector.has(4)
        roots = [span for span in spans if span.span.kind == SERVER]
        by_cache = {root.attributes["outrider.cache"]: root for root in roots}
        assert by_cache.keys() == {"miss", "shared", "hit"}
        [attempt] = [span for span in spans if span.span.kind == CLIENT]
        assert attempt.parent == by_cache["miss"].id
        for cache in ("hit", "shared"):
            assert by_cache[cache].attributes["outrider.attempts"] == 0
            assert by_cache[cache].attributes.get("gen_ai.usage.input_tokens", 0) == 0
            assert by_cache[cache].attributes["outrider.cost"] == 0


async def test_a_stream_that_is_cut(tmp_path: Path) -> None:
    async with traced(tmp_path, CUT) as at:
        await at.running.ask(chat(stream=True))
        root, [attempt] = await at.collector.call(1)
        for span in (root, attempt):
            failed_as(span, "provider_stream_cut")
        assert root.attributes["outrider.phase"] == "streaming"
        assert root.attributes["outrider.party"] == "provider"
        assert root.attributes["gen_ai.usage.output_tokens"] > 0, "what was received is billed"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_that_is_abandoned(stream: bool, tmp_path: Path) -> None:
    async with traced(tmp_path) as at:
        caller = await at.running.caller()
        caller.post(chat(stream=stream))
        asked = await at.up.asked()
        if stream:
            asked.link.start()
            asked.link.chunk(b"".join([*SAID.opening, SAID.words[0]]))
            await caller.head()
        caller.hang_up()
        root, [attempt] = await at.collector.call(1)
        for span in (root, attempt):
            failed_as(span, "client_gone")
        assert root.attributes["http.response.status_code"] == 499
        assert root.attributes["outrider.phase"] == ("streaming" if stream else "waiting")


async def test_a_call_that_takes_too_long(tmp_path: Path) -> None:
    async with traced(tmp_path, is_silent) as at:
        assert (await at.running.ask(chat(timeout=0.05))).status == 504
        root, [attempt] = await at.collector.call(1)
        failed_as(root, "timeout")
        failed_as(attempt, "timeout")


FAULTS: dict[str, tuple[Any, dict[str, Any], int]] = {
    "invalid_request": (says(), {"temperature": "warm"}, 0),
    "model_not_found": (says(), {"model": "nobody-has-it"}, 0),
    "authentication_failed": (refuses(401), {}, 1),
    "provider_rate_limited": (refuses(429), {}, 1),
    "provider_error": (refuses(500), {}, 1),
    "provider_overloaded": (refuses(503), {}, 1),
    "network_error": (hangs_up, {}, 1),
}


@pytest.mark.parametrize("kind", FAULTS)
async def test_each_fault_is_told_by_its_kind(kind: str, tmp_path: Path) -> None:
    act, said, attempts = FAULTS[kind]
    async with traced(tmp_path, act) as at:
        answer = await at.running.ask({**chat(), **said})
        root, _ = await at.collector.call(attempts)
        failed_as(root, kind)
        assert root.attributes["outrider.party"] == KINDS[kind].party
        assert root.attributes["http.response.status_code"] == answer.status
        if kind == "model_not_found":
            assert root.name == "chat", "names of spans are few"


async def test_what_is_relayed_as_it_came(tmp_path: Path) -> None:
    async with traced(tmp_path, lambda asked: asked.link.whole({"id": "f"})) as at:
        assert (await at.running.ask({}, path="/providers/up/files")).status == 200
        root, [attempt] = await at.collector.call(1)
        assert (root.name, attempt.name) == ("raw", "raw")
        [asked] = at.up.requests
        assert asked.headers["traceparent"] == f"00-{root.trace_id}-{attempt.id}-01"


async def test_embeddings_that_go_up_together_are_asked_in_the_first_one_s_trace(tmp_path: Path) -> None:
    vectors = [{"object": "embedding", "index": index, "embedding": [0.5]} for index in (0, 1)]
    usage = {"prompt_tokens": 2, "total_tokens": 2}
    answer = {"object": "list", "model": "m", "data": vectors, "usage": usage}
    batching = {"enabled": True, "window": 0.5, "inputs": 2}
    async with traced(tmp_path, lambda asked: asked.link.whole(answer), batching=batching) as at:
        callers = [await at.running.caller() for _ in range(2)]
        for caller in callers:
            caller.post({"model": "up:m", "input": "text"}, path="/v1/embeddings")
        assert [(await caller.answer()).status for caller in callers] == [200, 200]
        spans = await at.collector.has(3)
        [attempt] = [span for span in spans if span.span.kind == CLIENT]
        roots = {span.id: span for span in spans if span.span.kind == SERVER}
        assert attempt.trace_id == roots[attempt.parent].trace_id
        assert all(root.attributes["gen_ai.operation.name"] == "embeddings" for root in roots.values())


async def test_nothing_of_a_prompt_and_no_key(tmp_path: Path) -> None:
    """Not even where the provider quotes both, and the application names them as its model and its call."""
    prompt = "the-canary-of-a-prompt"
    quoting = refuses(400, body={"error": {"message": f"{prompt} with {KEY}", "type": KEY, "code": KEY}})
    script = Script(quoting, says(prompt), quoting)
    async with traced(tmp_path, script) as at:
        for model, stream in (("up:m", False), ("up:m", True), (f"up:{KEY}", False)):
            await at.running.ask(chat(model, prompt, stream=stream, user=prompt), {"x-request-id": KEY})
        await at.collector.has(6)
        assert all(KEY.encode() not in body and prompt.encode() not in body for body in at.collector.bodies)
        assert b"[redacted]" in b"".join(at.collector.bodies)


async def test_a_prompt_where_it_is_asked_for(tmp_path: Path) -> None:
    async with traced(tmp_path, says(), tracing={"content": 40}) as at:
        await at.running.ask(chat(text=f"say {KEY} to a@b.example, and on, and on, and on"))
        root, [attempt] = await at.collector.call(1)
        said = root.attributes["gen_ai.input.messages"]
        assert (
            said == '[{"role":"user","parts":[{"type":"text","content":"say [redacted] to [redacted:mail], and o…"}]}]'
        )
        assert "gen_ai.input.messages" not in attempt.attributes


async def test_the_reply_s_own_words_are_in_a_model_name_of_its_own(tmp_path: Path) -> None:
    reply = openai_reply(model="gpt-4o-2024-11-20")
    async with traced(tmp_path, lambda asked: asked.link.whole(reply)) as at:
        await at.running.ask(chat("up:gpt-4o"))
        root, _ = await at.collector.call(1)
        assert root.attributes["gen_ai.response.model"] == "gpt-4o-2024-11-20"
