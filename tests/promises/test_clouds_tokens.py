"""A cloud's tokens while calls run: fetched once, renewed beside them, used while valid, dropped when a provider refuses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from time import time

import pytest

from proxy import roads
from proxy.upstream.credentials.choice import Surroundings
from tests.promises.caller import chat, until
from tests.promises.cloud_ways import METADATA, WAYS, Way
from tests.promises.clouds import CANARY, Ground, entry, ground, shown, signed_by, speaking
from tests.promises.sidecars import sidecar
from tests.promises.upstream import Asked, Provider
from tests.upstream.credentials.aws_places import keys_named
from tests.upstream.credentials.token_server import Answered, Question

CROWD = 100
STATUSES = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"}
FETCHED = {name: way for name, way in WAYS.items() if way.asked}


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ground]:
    async with ground(tmp_path, monkeypatch) as here:
        yield here


class Mint:
    """A metadata server that gives another token each time: `canary-1`, `canary-2`. `life` in seconds; it can be broken."""

    def __init__(self, here: Ground) -> None:
        self.server = here.server
        self.life = 3600.0
        self.broken = False
        self.given = 0
        here.server.answers[METADATA] = self
        here.set({"GCE_METADATA_HOST": here.server.host})

    def __call__(self, asked: Question) -> Answered:
        if self.broken:
            return Answered(500, b"out of order", {"Metadata-Flavor": "Google"})
        self.given += 1
        token = {"access_token": f"canary-{self.given}", "expires_in": self.life}
        return Answered(200, token, {"Metadata-Flavor": "Google"})


def tokens(provider: Provider) -> list[str]:
    return [asked.headers["authorization"].removeprefix("Bearer canary-") for asked in provider.requests]


# ---- how often it is fetched


@pytest.mark.parametrize("way", FETCHED.values(), ids=FETCHED)
async def test_of_a_hundred_calls_at_once_one_fetches_it(way: Way, here: Ground) -> None:
    way.set_up(here)
    here.server.answering.clear()
    async with (
        Provider(speaking(way.kind)) as provider,
        sidecar(here.folder, {"up": entry(way.kind, provider.url, way.options)}) as running,
    ):
        calls = [asyncio.ensure_future(running.ask(chat())) for _ in range(CROWD)]
        await until(lambda: len(running.sidecar.gateway.calls) == CROWD)
        assert provider.requests == []
        here.server.answering.set()
        assert {answer.status for answer in await asyncio.gather(*calls)} == {200}
        assert (len(provider.requests), len(here.server.asked)) == (CROWD, way.asked)


class Wall:
    """Seconds since the epoch, and as many more as the test says."""

    ahead = 0.0

    def __call__(self) -> float:
        return time() + self.ahead


async def test_when_it_has_expired_one_of_a_hundred_calls_fetches_the_next(
    here: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody called for so long that the machine slept: nothing was renewed."""
    wall, mint = Wall(), Mint(here)
    monkeypatch.setattr(roads, "Surroundings", partial(Surroundings, wall=wall))
    async with (
        Provider(speaking("vertex")) as provider,
        sidecar(here.folder, {"up": entry("vertex", provider.url)}) as running,
    ):
        assert (await running.ask(chat())).status == 200
        wall.ahead = 7200.0
        found = await asyncio.gather(*[running.ask(chat()) for _ in range(CROWD)])
        assert {answer.status for answer in found} == {200}
        assert tokens(provider) == ["1", *["2"] * CROWD]
        assert mint.given == 2


async def test_it_is_renewed_beside_the_calls_and_the_old_one_goes_on_meanwhile(here: Ground) -> None:
    """The place is out of order when the renewal is due, then silent, then well again. No call waits for any of it."""
    mint = Mint(here)
    mint.life = 12.0
    async with (
        Provider(speaking("vertex")) as provider,
        sidecar(here.folder, {"up": entry("vertex", provider.url)}) as running,
    ):
        assert (await running.ask(chat())).status == 200
        mint.broken, mint.life = True, 3600.0
        await until(lambda: len(here.server.asked) >= 4)
        assert (await running.ask(chat())).status == 200
        mint.broken = False
        here.server.answering.clear()
        asked = len(here.server.asked)
        await until(lambda: len(here.server.asked) > asked)
        async with asyncio.timeout(1.0):
            found = await asyncio.gather(*[running.ask(chat()) for _ in range(20)])
        assert {answer.status for answer in found} == {200}
        assert set(tokens(provider)) == {"1"}
        here.server.answering.set()
        await until(lambda: mint.given == 2)

        async def is_used() -> bool:
            await running.ask(chat())
            return tokens(provider)[-1] == "2"

        await until(is_used)
    assert mint.given == 2
    [told] = [line for line in running.log().splitlines() if "a credential could not be had" in line]
    assert "answered 500" in told
    assert '"valid":true' in told


# ---- refused by the provider


def refusing(first: int, status: int, words: str = "who is that?") -> Callable[[Asked], None]:
    """A provider that refuses so many calls and then answers."""
    said = speaking("vertex")
    seen: list[Asked] = []

    def answer(asked: Asked) -> None:
        seen.append(asked)
        if len(seen) <= first:
            asked.link.whole({"error": {"code": status, "message": words, "status": STATUSES[status]}}, status)
        else:
            said(asked)

    return answer


async def test_one_that_the_provider_refuses_is_dropped_and_the_call_is_not_tried_again(here: Ground) -> None:
    mint = Mint(here)
    async with (
        Provider(refusing(1, 401)) as provider,
        sidecar(here.folder, {"up": entry("vertex", provider.url)}) as running,
    ):
        failed = await running.ask(chat())
        assert (failed.status, failed.error["type"]) == (500, "authentication_failed")
        assert failed.headers["x-should-retry"] == "false"
        assert failed.headers["x-outrider-attempts"] == "1"
        assert (tokens(provider), mint.given) == (["1"], 1)
        assert [(await running.ask(chat())).status for _ in range(2)] == [200, 200]
        assert (tokens(provider), mint.given) == (["1", "2", "2"], 2)
        assert await running.counted("llm_requests_failure", kind="authentication_failed") == 1


async def test_of_many_calls_that_it_refuses_each_fails_and_one_token_comes_after_them(here: Ground) -> None:
    mint = Mint(here)
    async with Provider() as provider, sidecar(here.folder, {"up": entry("vertex", provider.url)}) as running:
        calls = [asyncio.ensure_future(running.ask(chat())) for _ in range(20)]
        refused = [await provider.asked() for _ in calls]
        provider.answer = speaking("vertex")
        waiting = set(calls)
        for asked in refused:
            asked.link.whole({"error": {"code": 401, "message": "no", "status": "UNAUTHENTICATED"}}, 401)
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert (await running.ask(chat())).status == 200
        assert {call.result().status for call in calls} == {500}
        assert mint.given == 2


async def test_what_its_owner_may_not_do_costs_no_token(here: Ground) -> None:
    mint = Mint(here)
    async with (
        Provider(refusing(3, 403)) as provider,
        sidecar(here.folder, {"up": entry("vertex", provider.url)}) as running,
    ):
        found = [await running.ask(chat()) for _ in range(4)]
        assert [answer.status for answer in found] == [500, 500, 500, 200]
        assert found[0].error["type"] == "authentication_failed"
        assert "who is that?" in found[0].error["message"]
        assert mint.given == 1


@pytest.mark.parametrize(
    ("kind", "keeps"),
    [
        ("ExpiredTokenException", False),
        ("UnrecognizedClientException", False),
        ("InvalidSignatureException", False),
        ("AccessDeniedException", True),
    ],
)
async def test_keys_of_aws_s_go_when_they_are_refused_and_stay_when_access_is(
    kind: str, keeps: bool, here: Ground
) -> None:
    way = WAYS["aws: EKS Pod Identity"]
    way.set_up(here)

    def answer(asked: Asked) -> None:
        if len(provider.requests) > 1:
            speaking("bedrock")(asked)
        else:
            token = asked.headers["x-amz-security-token"]
            said = {"message": f"The canonical string should have been\nx-amz-security-token:{token}"}
            asked.link.whole(said, 403, {"x-amzn-errortype": f"{kind}:http://internal.amazon.com/"})

    async with (
        Provider(answer) as provider,
        sidecar(here.folder, {"up": entry("bedrock", provider.url)}) as running,
    ):
        failed, again = await running.ask(chat()), await running.ask(chat())
        assert (failed.error["type"], again.status) == ("authentication_failed", 200)
        assert len(here.server.asked) == (1 if keeps else 2)
        said = await shown(running, failed, again)
    assert CANARY not in said + running.log()
    assert signed_by(provider.requests[1], keys_named("pod"))


async def test_a_token_that_the_provider_repeats_is_taken_out_of_its_words(here: Ground) -> None:
    Mint(here)
    async with (
        Provider() as provider,
        sidecar(here.folder, {"up": entry("vertex", provider.url)}, logging={"level": "debug"}) as running,
    ):
        provider.answer = lambda asked: refusing(9, 401, f"not {asked.headers['authorization']}")(asked)
        answers = [
            await running.ask(chat()),
            await running.ask(chat()),
            await running.ask(b"{}", {}, "/providers/up/x"),
        ]
        assert tokens(provider) == ["1", "2", "3"]
        said = await shown(running, *answers)
    assert CANARY not in said + running.log()
