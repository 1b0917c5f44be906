"""What an answer has cost is told with it, exactly, where the price is known; where it is not, that is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.promises.caller import chat, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import openai_reply, openai_stream, openai_word

#: Dollars per million tokens.
PRICE = {"input": "2.5", "cache_read": "0.25", "output": "10"}
CATALOG = [{"provider": "up", "model": "m", "price": PRICE}]
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "total_tokens": 1100,
    "prompt_tokens_details": {"cached_tokens": 400},
}
#: 600 x 2.5 + 400 x 0.25 + 100 x 10, in millionths.
COST = "0.0026"


def answer(asked: Asked) -> None:
    if asked.json.get("stream"):
        asked.link.stream(openai_stream("hello", usage=USAGE))
    else:
        asked.link.whole(openai_reply(usage=USAGE))


@asynccontextmanager
async def priced(path: Path, **sections: Any) -> AsyncIterator[InLoop]:
    async with Provider(answer) as provider:
        up = {"up": openai_like(provider.url)}
        async with sidecar(path, up, catalog=CATALOG, **sections) as running:
            yield running


async def test_a_whole_answer_says_it_in_its_head(tmp_path: Path) -> None:
    async with priced(tmp_path) as running:
        assert (await running.ask(chat())).headers["x-outrider-cost"] == COST
        assert "x-outrider-cost" not in (await running.ask(chat("up:unknown"))).headers


async def test_a_stream_says_it_in_a_trailer_to_whom_wants_one(tmp_path: Path) -> None:
    async with priced(tmp_path) as running:
        caller = await running.caller()
        caller.post(chat(stream=True), {"te": "trailers", "connection": "close"})
        said = await caller.everything()
        head, _, body = said.partition(b"\r\n\r\n")
        assert b"trailer: x-outrider-cost, x-outrider-tokens" in head
        assert body.endswith(f"0\r\nx-outrider-cost: {COST}\r\nx-outrider-tokens: 1000, 100\r\n\r\n".encode())


async def test_and_to_nobody_else(tmp_path: Path) -> None:
    async with priced(tmp_path) as running:
        caller = await running.caller()
        caller.post(chat(stream=True), {"connection": "close"})
        said = await caller.everything()
        assert b"trailer" not in said
        assert said.endswith(b"0\r\n\r\n")


async def test_a_whole_answer_has_no_trailer(tmp_path: Path) -> None:
    async with priced(tmp_path) as running:
        found = await running.ask(chat(), {"te": "trailers"})
        assert "trailer" not in found.headers
        assert found.headers["x-outrider-cost"] == COST


async def test_log_and_metrics_tell_it_too(tmp_path: Path) -> None:
    async with priced(tmp_path) as running:
        await running.ask(chat())
        await running.ask(chat(stream=True))
        await running.ask(chat("up:unknown"))
        await running.is_idle()
        assert await running.counted("outrider_cost_dollars_total", model="up:m") == float(COST) * 2
        assert await running.counted("outrider_price_unknown_total", model="up:unknown") == 1
        assert await running.counted("outrider_price_unknown_total", model="up:m") == 0
        await until(lambda: running.log().count('"event":"call"') == 3)
        lines = [orjson.loads(line) for line in running.log().splitlines()]
        assert [line["cost"] for line in lines if line["event"] == "call"] == [COST, COST, None]


async def test_a_kept_stream_keeps_what_its_head_announced(tmp_path: Path) -> None:
    async with priced(tmp_path, cache={"enabled": True, "streams": "store"}) as running:
        cache = running.sidecar.current.caching.cache
        assert cache is not None
        for cost in (COST, "0"):
            caller = await running.caller()
            caller.post(chat(stream=True, temperature=0), {"te": "trailers", "connection": "close"})
            _, _, trailer = (await caller.everything()).rpartition(b"\r\n0\r\n")
            assert f"x-outrider-cost: {cost}\r\n".encode() in trailer
            await running.is_idle()
            await until(lambda: cache.reading[0] == 0)


async def test_a_kept_answer_costs_nothing(tmp_path: Path) -> None:
    async with priced(tmp_path, cache={"enabled": True}) as running:
        costs = [(await running.ask(chat(temperature=0))).headers["x-outrider-cost"] for _ in range(2)]
        await running.is_idle()
        assert costs == [COST, "0"]
        assert await running.counted("outrider_cost_dollars_total") == float(COST)
        assert await running.counted("outrider_price_unknown_total") == 0


async def test_what_was_received_of_a_broken_stream_is_paid_for(tmp_path: Path) -> None:
    """As far as is known: the tokens are an estimate, and marked as such."""

    def broken(asked: Asked) -> None:
        asked.link.start()
        asked.link.chunk(openai_word("hello " * 50))
        asked.link.cut()

    async with Provider(broken) as provider:
        up = {"up": openai_like(provider.url)}
        async with sidecar(tmp_path, up, catalog=CATALOG) as running:
            await running.ask(chat(stream=True))
            await running.is_idle()
            assert await running.counted("outrider_cost_dollars_total", model="up:m") > 0
            assert await running.counted("outrider_tokens_estimated_total", model="up:m") > 50
