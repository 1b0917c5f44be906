"""What is shown of providers: the limits that they told, the time before they are asked, breakers that move, certificates."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.promises.caller import chat
from tests.promises.sidecars import openai_like, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import openai_reply
from tests.upstream.certificates import Authority
from tests.upstream.raw import RawUpstream, always, plain

DAY = 86400.0
TARGET = {"provider": "up", "target_model": "m"}
TOLD = {
    "x-ratelimit-limit-requests": "100",
    "x-ratelimit-remaining-requests": "40",
    "x-ratelimit-reset-requests": "60s",
}


class Answers:
    """Each request gets the next status, then 200, with the headers of a limit."""

    def __init__(self, *statuses: int) -> None:
        self._statuses: Iterator[int] = iter(statuses)

    def __call__(self, asked: Asked) -> None:
        status = next(self._statuses, 200)
        body: Any = openai_reply() if status == 200 else {"error": {"message": "broken"}}
        asked.link.whole(body, status, TOLD)


async def test_limits_that_a_provider_told(tmp_path: Path) -> None:
    async with (
        Provider(Answers()) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url, limits={"adaptive": True})}) as running,
    ):
        assert (await running.ask(chat())).status == 200
        of_requests = {**TARGET, "what": "requests"}
        assert await running.counted("outrider_provider_limit", **of_requests) == 100
        assert await running.counted("outrider_provider_limit_remaining", **of_requests) == 40


async def test_time_that_is_lost_before_a_provider_is_asked(tmp_path: Path) -> None:
    rules = {"retry": {"attempts": 2, "initial": 0.05, "jitter": False}}
    async with (
        Provider(Answers(500)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, **rules) as running,
    ):
        assert (await running.ask(chat())).status == 200
        stages = {
            stage: await running.counted("outrider_stage_seconds_total", provider="up", stage=stage)
            for stage in ("connection", "connect", "backing_off")
        }
    assert stages["connection"] == 0
    assert 0 < stages["connect"] < 5
    assert stages["backing_off"] == pytest.approx(0.05)


async def test_a_breaker_that_moves(tmp_path: Path) -> None:
    rules = {"breaker": {"failures": 2, "successes": 1, "reset": 0.05}}
    async with (
        Provider(Answers(500, 500)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, **rules) as running,
    ):
        while (await running.ask(chat())).status != 200:
            pass
        for state in ("open", "half_open", "closed"):
            assert await running.counted("outrider_breaker_transitions_total", **TARGET, state=state) == 1
        assert await running.counted("outrider_breaker_opened_total", **TARGET) == 1


async def test_when_a_providers_certificate_ends(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    ends = []
    async with (
        RawUpstream(always(plain(orjson.dumps(openai_reply()))), tls=authority.server(days=20)) as raw,
        sidecar(tmp_path, {"up": openai_like(str(raw.origin), pool={"idle": 0})}) as running,
    ):
        assert await running.counted("outrider_certificate_not_after_seconds") == 0
        for _ in range(2):  # the second resumes the first one's session
            assert (await running.ask(chat())).status == 200
            ends.append(await running.counted("outrider_certificate_not_after_seconds", provider="up"))
    assert [end - time.time() for end in ends] == pytest.approx([20 * DAY] * 2, abs=DAY / 24)
