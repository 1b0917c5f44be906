"""What the section `listen` amounts to: who is asked, what is said at the start, and what the status tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.config import ConfigError
from proxy.server.gateway import Gateway
from proxy.server.guarded import Guarded
from tests.promises.caller import chat, until
from tests.promises.sidecars import sidecar
from tests.upstream.certificates import Authority

TOKEN = "token-of-shop-0123456789"


async def test_nobody_is_asked_unless_it_is_said(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as running:
        assert type(running.sidecar.gateway) is Gateway
        assert running.sidecar.entrance.options == {}
        status = await running.status()
        assert not {"callers", "certificate"} & status.keys()
        assert not [name for name in await running.metrics() if name.startswith(("outrider_caller", "outrider_listen"))]
    assert "the data port is reachable" not in running.log()


async def test_tokens_that_come_while_it_runs(tmp_path: Path) -> None:
    async with sidecar(tmp_path, listen={"tokens": "tokens"}) as running:
        assert isinstance(running.sidecar.gateway, Guarded)
        refused = await running.ask(chat("mock"), {"api-key": TOKEN})
        assert (refused.status, "the log of the proxy says why" in refused.error["message"]) == (401, True)
        [fault] = (await running.status())["callers"]["faults"]
        assert fault.startswith("nobody is let in: ")
        (tmp_path / "tokens").mkdir()
        (tmp_path / "tokens" / "shop").write_text(TOKEN, "latin-1")
        callers = running.sidecar.entrance.callers
        assert callers is not None
        await until(lambda: bool(callers.names))
        assert (await running.ask(chat("mock"), {"api-key": TOKEN})).status == 200
        assert (await running.status())["callers"] == {"names": ["shop"], "faults": []}
    assert fault in running.log()
    assert TOKEN not in running.log()


@pytest.mark.parametrize("guarded", [False, True])
async def test_an_open_door_is_warned_of(guarded: bool, tmp_path: Path) -> None:
    listen: dict[str, Any] = {"hosts": ["0.0.0.0"]} | ({"tokens": "tokens"} if guarded else {})
    async with sidecar(tmp_path, listen=listen) as running:
        await until(lambda: "serving" in running.log())
    assert ("reachable from outside the pod without a token" in running.log()) is not guarded


async def test_a_certificate_that_is_not_there_starts_nothing(tmp_path: Path) -> None:
    listen = {"tls": {"certificate": "tls.crt", "key": "tls.key"}}
    with pytest.raises(ConfigError, match=r"listen\.tls\.certificate is .* \(No such file or directory\)"):
        async with sidecar(tmp_path, listen=listen):
            pass


async def test_the_certificate_is_told_of(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("DNS:localhost")
    listen = {"tls": {"certificate": str(pair.certificate), "key": str(pair.key)}}
    async with sidecar(tmp_path, listen=listen) as running:
        told = (await running.status())["certificate"]
        metrics = await running.metrics()
        assert told["faults"] == []
        assert metrics["outrider_listen_certificate_not_after_seconds"] == told["not_after"] > 0
