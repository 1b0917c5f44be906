"""One job: made once whatever happens, looked at with patience, and always with the key that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.call import Json
from tests.promises.caller import chat
from tests.promises.sidecars import KEY, sidecar
from tests.promises.upstream import Asked
from tests.upstream.job_servers import COUNTS, ID, TEXT, Replicate, RunPod, completion, prediction, refuse

#: The loop of the sidecar; what depends on the loop is tested on both where streams and ends are.
pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

MODEL = "up:meta/meta-llama-3-8b-instruct"
LOOK = f"GET /v1/predictions/{ID} "
OTHER_KEY = "sk-another-0123456789abcdefghij"
BUSY = (503, {"detail": "later"})


async def test_a_prediction_is_asked_for_and_waited_for(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.states = [prediction("starting"), prediction("processing"), prediction(output=TEXT, metrics=COUNTS)]
        said = await running.ask(chat(MODEL, timeout=90))
        assert said.json["choices"][0]["message"]["content"] == "".join(TEXT)
        assert said.json["usage"] == {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
        assert await running.counted("llm_tokens_completion", provider="up") == 3
    made, *looks = server.asked
    assert made.json == {"version": "meta/meta-llama-3-8b-instruct", "input": {"prompt": "hello"}}
    assert (made.headers["prefer"], made.headers["cancel-after"]) == ("wait=1", "90s")
    assert [asked.line for asked in looks] == [f"{LOOK}HTTP/1.1"] * 3
    for asked in server.asked:
        lines = asked.head.decode("latin-1").split("\r\n")
        assert [line for line in lines if KEY in line] == [f"authorization: Bearer {KEY}"]
    assert server.cancelled == []


async def test_what_ends_at_once_is_not_looked_at(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.first = prediction(output="hello Alice")
        said = await running.ask(chat(MODEL))
        assert said.json["choices"][0]["message"]["content"] == "hello Alice"
    assert len(server.asked) == 1


async def test_runpod_s_queue_is_waited_for(tmp_path: Path) -> None:
    async with RunPod() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.states = [
            {"status": "IN_QUEUE"},
            {"status": "IN_PROGRESS"},
            {"status": "COMPLETED", "output": [completion()]},
        ]
        said = await running.ask(chat("up:m", tools=[{"type": "function", "function": {"name": "f"}}]))
        assert said.json == completion()
    made, *looks = server.asked
    assert made.line == "POST /v2/ep1/runsync?wait=1000 HTTP/1.1"
    assert made.json["input"]["openai_input"]["tools"] == [{"type": "function", "function": {"name": "f"}}]
    policy = made.json["policy"]
    assert policy == {"executionTimeout": policy["ttl"], "ttl": pytest.approx(600_000, abs=1_000)}
    assert [asked.line for asked in looks] == [f"GET /v2/ep1/status/sync-{ID}-u1 HTTP/1.1"] * 3


# ---- made once


def hang_up(asked: Asked) -> bool:
    asked.link.cut()
    return True


def half_an_answer(asked: Asked) -> bool:
    asked.link.send(b'HTTP/1.1 201 X\r\ncontent-length: 100\r\n\r\n{"id":')
    asked.link.cut()
    return True


@pytest.mark.parametrize("refusal", [hang_up, half_an_answer])
async def test_a_job_that_may_exist_is_not_made_again(refusal: object, tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry | {"retry": {"attempts": 3}}}) as running:
        assert (await running.ask(chat(MODEL))).status == 200  # leaves an idle connection behind
        server.refusal = refusal  # type: ignore[assignment]
        server.asked.clear()
        said = await running.ask(chat(MODEL))
        assert said.status == 502
        assert [asked.line for asked in server.asked] == ["POST /v1/predictions HTTP/1.1"]


@pytest.mark.parametrize(
    ("status", "body", "kind", "seen"),
    [
        (422, {"detail": "- input: prompt is required\n", "title": "Input validation failed"}, "invalid_request", 422),
        (402, {"title": "Insufficient credit", "detail": "You have insufficient credit"}, "authentication_failed", 500),
        (404, {"detail": "The requested resource could not be found."}, "model_not_found", 404),
        (429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}, "provider_rate_limited", 429),
        (502, {"detail": f"with {KEY}"}, "provider_error", 502),
    ],
)
async def test_what_is_refused_is_no_job(status: int, body: Json, kind: str, seen: int, tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.refusal = refuse("POST", (status, body))
        said = await running.ask(chat(MODEL))
        assert (said.status, said.error["type"]) == (seen, kind)
        assert KEY.encode() not in said.body
        assert said.headers.get("retry-after") == ("30" if status == 429 else None)
    assert (len(server.asked), server.cancelled) == (1, [])


async def test_a_job_without_an_id_is_the_provider_s_fault(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.first = {"id": "../account"}
        said = await running.ask(chat(MODEL))
        assert (said.status, said.error["type"]) == (502, "provider_error")
    assert len(server.asked) == 1


# ---- looked at


async def test_a_look_that_fails_is_borne(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.refusal = refuse("GET", BUSY, (429, {"detail": "Request was throttled."}), BUSY)
        assert (await running.ask(chat(MODEL))).status == 200
    assert len(server.paths("GET")) == 4


async def test_looks_that_go_on_failing_end_the_job(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.refusal = refuse("GET", *[BUSY] * 9)
        said = await running.ask(chat(MODEL))
        assert (said.status, said.error["type"]) == (502, "provider_overloaded")
        await server.has_cancelled()
    assert len(server.paths("GET")) == 5


async def test_a_failure_that_stays_is_told_at_once(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.refusal = refuse("GET", (401, {"detail": "Invalid token."}))
        said = await running.ask(chat(MODEL))
        assert (said.status, said.error["type"]) == (500, "authentication_failed")
        await server.has_cancelled()


@pytest.mark.parametrize(
    ("job", "kind", "words"),
    [
        (prediction("failed", error="CUDA out of memory (E1001)"), "provider_error", "CUDA out of memory (E1001)"),
        (prediction("failed", error="E1002 PromptTooLong: x"), "invalid_request", "E1002 PromptTooLong: x"),
        (prediction("canceled"), "provider_error", "canceled"),
        (prediction("aborted"), "timeout", "aborted"),
        (prediction("failed", error=f"with {KEY}"), "provider_error", "with [redacted]"),
    ],
)
async def test_a_job_that_fails_is_a_failure(job: Json, kind: str, words: str, tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.states = [prediction("processing"), job]
        said = await running.ask(chat(MODEL))
        assert said.error["type"] == kind
        assert words in said.error["message"]
        assert await running.counted("llm_requests_failure", kind=kind) == 1
    assert server.cancelled == []


async def test_the_key_that_made_a_job_asks_after_it(tmp_path: Path) -> None:
    async with Replicate() as server:
        entry = {**server.entry, "api_keys": [KEY, OTHER_KEY]}
        del entry["api_key"]
        async with sidecar(tmp_path, {"up": entry}) as running:
            for _ in range(2):
                assert (await running.ask(chat(MODEL))).status == 200
    keys = [asked.headers["authorization"].removeprefix("Bearer ") for asked in server.asked]
    assert keys == [KEY, KEY, OTHER_KEY, OTHER_KEY]
