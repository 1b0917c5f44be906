"""A job's output from an address of its own: word by word, cut where it breaks off, and only where it lies with the provider."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from yarl import URL

from proxy.call import Json
from proxy.upstream.connection import Connection
from tests.promises.caller import chat, until
from tests.promises.sidecars import KEY, sidecar
from tests.promises.upstream import Link
from tests.upstream.job_answers import STREAM, USAGE, error_in, is_whole, text_in
from tests.upstream.job_servers import COUNTS, DONE, ID, TEXT, Replicate, event, outputs, prediction, refuse

MODEL = "up:meta/meta-llama-3-8b-instruct"
WHOLE = "".join(TEXT)


# ---- from an address


async def test_each_event_leaves_before_the_next_one_comes(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        said = asyncio.get_running_loop().create_future()
        server.play = lambda link, number: said.set_result(link)
        caller = await running.caller()
        caller.post(chat(MODEL, **STREAM))
        link: Link = await said
        for number, text in enumerate(TEXT):
            link.chunk(event("output", text, number))
            if number == 0:
                assert (await caller.head()).status == 200
            assert text_in(await caller.chunk() or b"") == text
        link.chunk(DONE)  # and stays open, as the provider's does
        rest, complete = await caller.rest()
        assert complete
        assert [orjson.loads(line[6:])["usage"] for line in rest.splitlines() if b'"usage"' in line] == [USAGE]
        await link.is_closed()
        assert await running.counted("llm_tokens_completion", provider="up") == 3
    listening = server.asked[1]
    assert listening.line == "GET /v1/files/bcwr-stream HTTP/1.1"
    assert (listening.headers["accept"], listening.headers["authorization"]) == ("text/event-stream", f"Bearer {KEY}")
    assert "prefer" not in server.asked[0].headers
    assert server.cancelled == []


@pytest.mark.parametrize("size", [1, 2, 7, 50])
async def test_however_it_is_cut_it_says_the_same(size: int, tmp_path: Path) -> None:
    def play(link: Link, number: int) -> None:
        data = outputs([*TEXT, " \u2013 fin"]) + DONE
        for start in range(0, len(data), size):
            link.chunk(data[start : start + size])

    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.play = play
        assert is_whole(await running.ask(chat(MODEL, **STREAM)), f"{WHOLE} \u2013 fin")


def times_out(link: Link, number: int) -> None:
    link.chunk(b":408: 408 Request Timeout\n\n")
    link.finish()


def dies(link: Link, number: int) -> None:
    link.cut()


@pytest.mark.parametrize("early", [times_out, dies])
async def test_while_a_model_starts_its_stream_is_listened_to_again(early: Any, tmp_path: Path) -> None:
    """The provider gives up on a stream in which nothing comes for half a minute; a model may take longer to start."""

    def play(link: Link, number: int) -> None:
        (early if number < 2 else lambda link, number: link.chunk(outputs(TEXT) + DONE))(link, number)

    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.states = [prediction("starting"), prediction("processing"), prediction(output=TEXT, metrics=COUNTS)]
        server.play = play
        assert is_whole(await running.ask(chat(MODEL, **STREAM)))
    assert (len(server.listeners), len(server.made)) == (3, 1)


@pytest.mark.parametrize("how", [dies, Link.finish, times_out])
async def test_a_stream_without_done_is_a_cut(how: Any, tmp_path: Path) -> None:
    def play(link: Link, number: int) -> None:
        link.chunk(outputs(TEXT))
        how(link) if how is Link.finish else how(link, number)

    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.play = play
        said = await running.ask(chat(MODEL, **STREAM))
        assert text_in(said.body) == WHOLE
        assert error_in(said)["type"] == "provider_stream_cut"
        await server.has_cancelled()
        assert await running.counted("llm_requests_failure", kind="provider_stream_cut") == 1
    assert (len(server.listeners), len(server.made)) == (1, 1)


@pytest.mark.parametrize("before", [[], TEXT])
async def test_an_error_event_is_told_as_one(before: list[str], tmp_path: Path) -> None:
    failed = event("error", '{"detail": "CUDA out of memory"}') + event("done", '{"reason": "error"}')
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:

        def play(link: Link, number: int) -> None:
            for text in before:
                link.chunk(event("output", text))
            asyncio.get_running_loop().call_later(0.05, link.chunk, failed)

        server.play = play
        said = await running.ask(chat(MODEL, **STREAM))
        error = error_in(said) if before else said.error
        assert said.status == (200 if before else 502)
        assert (error["type"], error["message"]) == ("provider_error", "CUDA out of memory")


async def test_a_model_that_does_not_stream_is_told_at_once(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.streams = False
        server.states = [prediction("processing"), prediction(output="all of it", metrics=COUNTS)]
        said = await running.ask(chat(MODEL, **STREAM))
        assert is_whole(said, "all of it")
        assert b'"completion_tokens":3' in said.body


async def test_what_ended_at_once_is_told_at_once(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.first = prediction(output=TEXT, metrics=COUNTS)
        assert is_whole(await running.ask(chat(MODEL, **STREAM)))
    assert len(server.asked) == 1


@pytest.mark.parametrize("job", [prediction("failed", error="boom"), prediction("aborted")])
async def test_a_job_that_fails_in_the_queue_is_an_error_and_no_stream(job: Json, tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.play = dies
        server.states = [prediction("starting"), job]
        said = await running.ask(chat(MODEL, **STREAM))
        assert said.status == (502 if job["error"] else 504)
        assert said.headers["content-type"] == "application/json"


async def test_a_job_without_a_word_is_no_answer(tmp_path: Path) -> None:
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.play = lambda link, number: link.chunk(DONE)
        server.states = [prediction(output=[], metrics=COUNTS)]
        said = await running.ask(chat(MODEL, **STREAM))
        assert is_whole(said, "")


async def test_counts_that_do_not_come_do_not_hold_up_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.upstream.job_stream.COUNTS_SECONDS", 0.2)
    async with Replicate() as server, sidecar(tmp_path, {"up": server.entry}) as running:
        server.states = [prediction("processing")]
        said = await running.ask(chat(MODEL, **STREAM))
        assert is_whole(said)
        assert b'"usage":{' not in said.body
        server.refusal = refuse(f"GET /v1/predictions/{ID} ", (401, {"detail": "x"}))
        assert is_whole(await running.ask(chat(MODEL, **STREAM)))


# ---- whose address


async def test_another_s_address_is_never_asked(tmp_path: Path) -> None:
    async with Replicate() as server, Replicate() as evil, sidecar(tmp_path, {"up": server.entry}) as running:
        server.first = {"urls": {"stream": f"{evil.upstream.url}/v1/files/bcwr-stream"}}
        assert is_whole(await running.ask(chat(MODEL, **STREAM)))
        await until(lambda: "its address is at a host that is not the provider's" in running.log())
        assert (evil.upstream.links, len(server.listeners)) == ([], 0)


async def test_the_provider_s_other_host_is_asked_with_the_key(tmp_path: Path) -> None:
    async with Replicate() as server:
        entry = {**server.entry, "base_url": "https://api.replicate.com/v1"}
        server.first = {"urls": {"stream": "https://stream.replicate.com/v1/files/bcwr-stream"}}
        async with sidecar(tmp_path, {"up": entry}) as running:
            origins = dial_here(running.sidecar, server.upstream.port)
            for _ in range(2):
                assert is_whole(await running.ask(chat(MODEL, **STREAM)))
    assert set(origins) == {URL("https://api.replicate.com"), URL("https://stream.replicate.com")}
    hosts = {asked.headers["host"] for asked in server.asked if "files" in asked.line}
    assert hosts == {"stream.replicate.com"}
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}


def dial_here(running: Any, port: int) -> list[URL]:
    """Every connection to the provider leads here; the origins that were asked for."""
    origins: list[URL] = []
    loop = asyncio.get_running_loop()

    async def dial(origin: URL) -> Connection:
        origins.append(origin)
        return (await loop.create_connection(lambda: Connection(loop), "127.0.0.1", port))[1]

    running.current.jobs._dial = dial
    running.current.roads.by_name["up"].pool._dial = lambda: dial(URL("https://api.replicate.com"))
    return origins
