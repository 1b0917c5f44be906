"""A whole round: who is looked at, who is not, in which order, and side by side."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from proxy.config import load
from proxy.doctor.finding import Finding
from proxy.doctor.round import Round

PAUSE = 0.4


@pytest.fixture
async def slow() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(PAUSE)
        return web.json_response({"data": []})

    app = web.Application()
    app.router.add_get("/v1/models", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/v1"))


def made(tmp_path: Path, only: str | None = None, seconds: float = 5.0, **sections: Any) -> Round:
    file = tmp_path / "config.yaml"
    ports = {"listen": {"hosts": ["127.0.0.1"], "port": 0}, "ops": {"hosts": ["127.0.0.1"], "port": 0}}
    file.write_text(yaml.safe_dump(ports | sections), "utf-8")
    return Round(load(str(file), {}), file, sections.get("providers", {}), {}, seconds, only)


def told(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(each.subject, each.check, each.state) for each in found]


async def test_providers_are_asked_side_by_side_and_told_in_order(slow: str, tmp_path: Path) -> None:
    names = [f"up{number}" for number in range(8)]
    entry = {"kind": "openai_compatible", "base_url": slow}
    checks = made(tmp_path, providers=dict.fromkeys(names, entry))
    began = time.monotonic()
    running = asyncio.ensure_future(checks.run())
    await asyncio.sleep(PAUSE / 2)
    assert checks.waiting() == names
    assert checks.total == len(names) + 1
    found = await running
    assert time.monotonic() - began < PAUSE * 4
    assert checks.waiting() == []
    assert [each.subject for each in found if each.check == "key"] == names
    assert told(found)[-1] == ("this machine", "clock", "ok")


async def test_one_provider_alone(slow: str, tmp_path: Path) -> None:
    entry = {"kind": "openai_compatible", "base_url": slow}
    found = await made(tmp_path, "one", providers={"one": entry, "two": entry, "groq": None}).run()
    assert {each.subject for each in found} == {"one", "this machine"}
    assert "port" not in {each.check for each in found}
    found = await made(tmp_path, "groq", providers={"one": entry, "groq": None}).run()
    assert told(found) == [("groq", "configuration", "warning")]
    assert "GROQ_API_KEY" in found[0].advice


async def test_what_the_configuration_tells_by_itself(tmp_path: Path) -> None:
    models = [
        {"model": "good", "targets": [{"provider": "mock", "model": "mock"}]},
        {"model": "lost", "targets": [{"provider": "groq", "model": "x"}]},
    ]
    found = await made(tmp_path, providers={"groq": None}, models=models).run()
    assert told(found) == [
        ("groq", "configuration", "warning"),
        ("good", "alias", "ok"),
        ("lost", "alias", "failed"),
        ("providers", "configuration", "warning"),
        ("listen", "port", "ok"),
        ("ops", "port", "ok"),
    ]


async def test_a_disk_that_hangs_is_told_and_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()
    monkeypatch.setattr("proxy.doctor.round.ledger_findings", lambda config: iter([hanging.wait(20)]))
    checks = made(tmp_path, seconds=0.2)
    found = await checks.run()
    hanging.set()
    assert ("this machine", "ledger", "failed") in told(found)
    assert ("listen", "port", "ok") in told(found)


async def test_the_store_is_asked_where_there_is_one(tmp_path: Path) -> None:
    found = await made(tmp_path, providers={}, sharing={"redis": "redis://127.0.0.1:1/0"}).run()
    assert ("sharing", "redis", "failed") in told(found)
