"""The store that pods share, real and gone; and whether a sidecar runs already."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from msgspec import structs

from proxy.config import load
from proxy.config.limits import Sharing
from proxy.doctor.around import running_sidecar, store_finding
from proxy.upstream.credentials.ask import Asker
from tests.upstream.redis import Redis, needs_redis


def sharing(tmp_path: Path, url: str) -> Sharing:
    (tmp_path / "config.yaml").write_text(f'sharing: {{redis: "{url}", password: {{env: PASSWORD}}}}', "utf-8")
    found = load(str(tmp_path), {"PASSWORD": "canary-password"}).sharing
    assert found is not None
    return found


@needs_redis
async def test_a_store_that_answers(redis: Redis, tmp_path: Path) -> None:
    found = await store_finding(structs.replace(sharing(tmp_path, redis.url), password=None), 2.0)
    assert (found.state, found.detail) == ("ok", f"sharing.redis ({redis.url}) answers, and runs scripts")


async def test_a_store_that_is_gone(tmp_path: Path) -> None:
    found = await store_finding(sharing(tmp_path, f"redis://127.0.0.1:{unused_port()}/0"), 2.0)
    assert (found.subject, found.check, found.state) == ("sharing", "redis", "failed")
    assert "canary" not in repr(found)
    assert found.advice.startswith("check sharing.redis")


async def test_a_store_that_is_silent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = await store_finding(sharing(tmp_path, f"redis://127.0.0.1:{silent.getsockname()[1]}/0"), 0.3)
    assert found.state == "failed"


STATUS = {"version": "0.1.0", "config_fingerprint": "abcdef123456"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (STATUS, "a running sidecar (0.1.0, configuration abcdef123456)"),
        (
            {"version": "x" * 900, "config_fingerprint": "y" * 900},
            f"a running sidecar ({'x' * 32}, configuration {'y' * 12})",
        ),
        ({"hello": 1}, None),
        ([1], None),
        ("text", None),
    ],
)
async def test_who_has_the_ops_port(body: Any, told: str | None) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(body)

    app, asker = web.Application(), Asker()
    app.router.add_get("/status.json", answer)
    async with TestServer(app) as server:
        assert await running_sidecar(["0.0.0.0"], server.port or 0, asker, 2.0) == told
    assert await running_sidecar(["127.0.0.1"], server.port or 0, asker, 2.0) is None
    assert await running_sidecar(["127.0.0.1"], 0, asker, 2.0) is None
    await asker.close()
