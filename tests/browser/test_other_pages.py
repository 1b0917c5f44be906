"""What other pages that the same browser shows can learn of the sidecar or do to it, and what a browser elsewhere can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from proxy.server.local import TOKEN
from tests.browser.browser import ELSEWHERE, Page
from tests.promises.caller import chat, get
from tests.promises.sidecars import openai_like, sidecar
from tests.promises.upstream import Provider
from tests.promises.wires import openai_reply

EVIL = (Path(__file__).parent / "evil.js").read_text("utf-8")


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider(lambda asked: asked.link.whole(openai_reply("hi"))) as found:
        yield found


@asynccontextmanager
async def page_of_another_origin(host: str) -> AsyncIterator[str]:
    """Of the same site, though, where it is of the same host."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(text="<body>", content_type="text/html")

    server = web.Server(answer)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    try:
        yield f"http://{host}:{listener.sockets[0].getsockname()[1]}/"
    finally:
        listener.close()
        await server.shutdown(1)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", ELSEWHERE])
async def test_another_page_learns_and_changes_nothing(
    host: str, name: str, provider: Provider, page: Page, tmp_path: Path
) -> None:
    async with sidecar(tmp_path, {"up": openai_like(provider.url)}, cache={"enabled": True}) as running:
        await running.ask(chat("up:m", temperature=0))
        await running.is_idle()
        token = (await get(running.ops, "/status/setup.json")).json["token"]
        async with page_of_another_origin(host) as url:
            await page.open(url)
            found = await page.run(f"({EVIL})('http://{name}:{running.ops}', '{TOKEN}', '{token}')")
        assert found == {
            "setup": "TypeError",
            "status": "TypeError",
            "stolen": "TypeError",
            "forget": "",
            "drain": "",
            "script": "refused",
            "events": "refused",
            "frame": "closed to us",
            "form": "sent",
        }
        assert (await get(running.ops, "/readyz")).status == 200
        assert (await get(running.ops, "/cache")).json["caches"]["common"]["entries"][0] == 1
        assert not any(each.breaker.forced for _, _, each in running.sidecar.standings.all())


async def test_a_browser_elsewhere_may_look_where_all_may_and_do_nothing(
    provider: Provider, page: Page, tmp_path: Path
) -> None:
    ops = {"hosts": ["127.0.0.1"], "port": 0, "local_only": False}
    async with sidecar(tmp_path, {"up": openai_like(provider.url)}, ops=ops) as running:
        await running.ask(chat("up:m"))
        await page.open(f"http://{ELSEWHERE}:{running.ops}/status")
        await page.until("document.querySelector('#targets button') && !document.getElementById('remote').hidden")
        assert await page.run("[...document.querySelectorAll('main button')].every(each => each.disabled)")
        wishes = {"method": "POST", "headers": {"content-type": "application/json"}, "body": "{}"}
        assert await page.run(f"fetch('/drain', {wishes}).then(answer => answer.status)") == 403
        assert (await get(running.ops, "/readyz")).status == 200
