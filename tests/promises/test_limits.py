"""Limits over real sockets: refused in the dialect and told when to come again, waited for in order, led elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import chat, get
from tests.promises.sidecars import openai_like, sidecar
from tests.promises.upstream import Asked, Provider


def says(name: str, headers: dict[str, str] | None = None) -> Any:
    def answer(asked: Asked) -> None:
        message = {"role": "assistant", "content": name}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}
        asked.link.whole({"id": "1", "choices": [choice], "usage": usage}, headers=headers)

    return answer


CLAUDE = {"model": "fast", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
ALIAS = [{"model": "fast", "targets": [{"provider": "up", "model": "m"}]}]


async def test_a_caller_s_limit(tmp_path: Path) -> None:
    limits = [{"header": "x-user", "requests": 2, "per": "hour"}]
    async with (
        Provider(says("up")) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, models=ALIAS, limits=limits) as running,
    ):
        ann = [await running.ask(chat("fast"), {"x-user": "ann"}) for _ in range(3)]
        bob = await running.ask(CLAUDE, {"x-user": "bob", "anthropic-version": "2023-06-01"}, "/v1/messages")
        assert [answer.status for answer in ann] == [200, 200, 429]
        assert bob.status == 200
        assert (ann[2].error["type"], int(ann[2].headers["retry-after"]) > 3000) == ("rate_limited", True)
        assert "x-user" in ann[2].error["message"]
        refused = await running.ask(CLAUDE, {"x-user": "ann", "anthropic-version": "2023-06-01"}, "/v1/messages")
        assert (refused.status, refused.json["error"]["type"]) == (429, "rate_limit_error")
        assert len(provider.requests) == 3
        assert await running.counted("outrider_limit_refusals_total") == 2


async def test_a_provider_s_limit_leads_elsewhere(tmp_path: Path) -> None:
    targets = [{"provider": "up", "model": "m"}, {"provider": "other", "model": "m"}]
    limits = [{"provider": "up", "requests": 2, "per": "hour"}]
    async with Provider(says("up")) as up, Provider(says("other")) as other:
        both = {"up": openai_like(up.url), "other": openai_like(other.url)}
        aliases = [
            {"model": "fast", "targets": targets},
            {"model": "alone", "targets": targets[:1], "fallback": ["other:m"]},
        ]
        async with sidecar(tmp_path, both, models=aliases, limits=limits, retry={"attempts": 3}) as running:
            answers = [await running.ask(chat("fast")) for _ in range(3)]
            fallen = await running.ask(chat("alone"))
            refused = await running.ask(chat("up:m"))
    assert [answer.headers["x-outrider-provider"] for answer in answers] == ["up", "up", "other"]
    assert answers[2].headers["x-outrider-tried"] == "up:m rate_limited"
    assert (fallen.status, fallen.headers["x-outrider-provider"]) == (200, "other")
    assert (refused.status, refused.error["type"]) == (429, "rate_limited")
    assert (len(up.requests), len(other.requests)) == (2, 2)


async def test_who_may_wait_waits_in_order(tmp_path: Path) -> None:
    limits = [{"provider": "up", "requests": 2, "per": 0.4, "wait": 10}]
    async with (
        Provider(says("up")) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, limits=limits) as running,
    ):
        began = asyncio.get_running_loop().time()
        answers = await asyncio.gather(*[running.ask(chat("up:m")) for _ in range(6)])
        took = asyncio.get_running_loop().time() - began
    assert [answer.status for answer in answers] == [200] * 6
    assert 0.75 < took < 5
    assert len(provider.requests) == 6


async def test_a_learned_limit_slows_down(tmp_path: Path) -> None:
    """The provider says that nothing is left for a while: nobody goes there before that is over."""
    told = {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "400ms",
    }
    learning = {"limits": {"adaptive": True}}
    async with (
        Provider(says("up", told)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url, **learning)}) as running,
    ):
        await running.ask(chat("up:m"))
        began = asyncio.get_running_loop().time()
        assert (await running.ask(chat("up:m"))).status == 200
        assert asyncio.get_running_loop().time() - began > 0.3


async def test_the_operator_sees_them(tmp_path: Path) -> None:
    limits = [{"name": "of all", "model": "fast", "requests": 2, "per": "hour"}]
    async with (
        Provider(says("up")) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, models=ALIAS, limits=limits) as running,
    ):
        assert (await get(running.ops, "/limits?model=fast")).json["wait_seconds"] == 0
        for _ in range(2):
            await running.ask(chat("fast"))
        found = (await get(running.ops, "/limits?model=fast")).json
        assert found["limits"]["of all"]["requests"] == {"used": 2, "limit": 2}
        assert 3500 < found["wait_seconds"] < 3640
        assert (await get(running.ops, "/limits?model=nobody:m")).status == 400
        assert await running.counted("outrider_limit_fill", limit="of all", what="requests") == 2


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ([{"requests": 2}], "limits[0] is for nobody"),
        ([{"model": "fast"}], "limits[0] is without any amount"),
        ([{"model": "fast", "requests": 0}], "limits[0].requests is 0"),
    ],
)
async def test_a_limit_with_a_fault_is_refused_at_load(limits: list[Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=words.replace("[", r"\[").replace("]", r"\]")):
        async with sidecar(tmp_path, limits=limits):
            pass
