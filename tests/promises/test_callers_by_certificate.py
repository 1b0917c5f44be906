"""Callers known by their certificate: good ones are named, others get no further than the handshake or the door."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from tests.promises.caller import Answer, Cut, chat, until
from tests.promises.secured import connect, in_loop_or_process, put_tokens, tls_section, trusting
from tests.promises.sidecars import InLoop, InProcess
from tests.upstream.certificates import Authority, Pair

SHOP = "spiffe://cluster.local/ns/shop/sa/cart"
TOKEN = "token-of-shop-0123456789"


class Scene(NamedTuple):
    running: InLoop | InProcess
    authority: Authority
    folder: Path

    async def ask(self, client: Pair | None, headers: dict[str, str] | None = None) -> Answer:
        caller = await connect(self.running.port, trusting(self.authority, client))
        try:
            return await caller.ask(chat("mock"), headers)
        finally:
            caller.hang_up()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    (tmp_path / "ca").mkdir()
    return Authority(tmp_path / "ca")


@pytest.fixture(params=[False, True], ids=["asyncio", "process"])
async def scene(request: pytest.FixtureRequest, tmp_path: Path, authority: Authority) -> AsyncIterator[Scene]:
    mutual = {"client_ca": str(authority.bundle), "names": ["spiffe://cluster.local/ns/shop/*"]}
    listen = {"tls": tls_section(authority) | mutual}
    async with in_loop_or_process(request.param, tmp_path, {}, listen) as running:
        yield Scene(running, authority, tmp_path)


async def test_a_good_one_is_named(scene: Scene) -> None:
    answer = await scene.ask(scene.authority.issue(f"URI:{SHOP}"))
    assert answer.status == 200
    await until(lambda: '"event":"call"' in scene.running.log())
    [line] = [line for line in map(orjson.loads, scene.running.log().splitlines()) if line["event"] == "call"]
    assert line["caller"] == SHOP
    assert await scene.running.counted("outrider_caller_requests_total", caller=SHOP) == 1


async def test_one_of_another_namespace_is_told(scene: Scene) -> None:
    answer = await scene.ask(scene.authority.issue("URI:spiffe://cluster.local/ns/bank/sa/vault"))
    assert (answer.status, answer.error["type"]) == (401, "unauthenticated")
    assert answer.error["message"] == "the certificate names nobody that is let in"


@pytest.mark.parametrize("which", ["none", "foreign", "expired"])
async def test_others_get_no_further_than_the_handshake(which: str, scene: Scene) -> None:
    (scene.folder / "foreign").mkdir()
    clients: dict[str, Any] = {
        "none": lambda: None,
        "foreign": lambda: Authority(scene.folder / "foreign").issue(f"URI:{SHOP}"),
        "expired": lambda: scene.authority.issue(f"URI:{SHOP}", -1),
    }
    with pytest.raises((ssl.SSLError, ConnectionError, Cut)):
        await scene.ask(clients[which]())
    assert await scene.running.counted("llm_requests_total") == 0
    assert (await scene.ask(scene.authority.issue(f"URI:{SHOP}"))).status == 200


async def test_both_are_needed_where_both_are_asked_for(tmp_path: Path, authority: Authority) -> None:
    """And the token names the caller."""
    put_tokens(tmp_path / "tokens", {"till": TOKEN})
    listen = {"tokens": "tokens", "tls": tls_section(authority) | {"client_ca": str(authority.bundle)}}
    async with in_loop_or_process(False, tmp_path, {}, listen) as running:
        scene, client = Scene(running, authority, tmp_path), authority.issue(f"URI:{SHOP}")
        assert (await scene.ask(client)).status == 401
        assert (await scene.ask(client, {"api-key": TOKEN})).status == 200
        with pytest.raises((ssl.SSLError, ConnectionError, Cut)):
            await scene.ask(None, {"api-key": TOKEN})
        assert await running.counted("outrider_caller_requests_total", caller="till") == 1
