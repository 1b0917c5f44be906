"""What may be done on the status page by its buttons, also after the sidecar was restarted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browser import Page
from tests.browser.test_status_page import LIVE, opened, rows
from tests.promises.caller import chat, get, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider
from tests.promises.wires import openai_reply

CACHED: dict[str, Any] = {"cache": {"enabled": True}}
ANNOUNCED = "document.getElementById('announce').textContent"


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider(lambda asked: asked.link.whole(openai_reply("hi"))) as found:
        yield found


@pytest.fixture
async def running(provider: Provider, tmp_path: Path) -> AsyncIterator[InLoop]:
    async with sidecar(tmp_path, {"up": openai_like(provider.url)}, **CACHED) as found:
        await found.ask(chat("up:m", temperature=0))
        await found.is_idle()
        yield found


async def press(page: Page, selector: str) -> None:
    """As with a keyboard."""
    assert await page.until(f"document.querySelector({selector!r}) && !document.querySelector({selector!r}).disabled")
    await page.run(f"document.querySelector({selector!r}).focus()")
    key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
    await page.call("Input.dispatchKeyEvent", type="keyDown", **key)
    await page.call("Input.dispatchKeyEvent", type="keyUp", **key)


async def announced(page: Page, words: str) -> None:
    await page.until(f"{ANNOUNCED}.includes({words!r})")


# ---- buttons


async def test_a_breaker_is_held_and_let_go(running: InLoop, page: Page) -> None:
    await opened(page, running)
    await press(page, "button[aria-label='Open the breaker of up:m']")
    await announced(page, "The breaker of up:m is")
    assert (await running.ask(chat("up:m", "another"))).error["type"] == "circuit_open"
    await page.until("document.querySelector('#targets tbody td:nth-child(3)').innerText === 'open, held'")
    assert await page.run("document.activeElement.getAttribute('aria-label')") in (None, "Open the breaker of up:m")
    await press(page, "button[aria-label='Let go the breaker of up:m']")
    await page.until("document.querySelector('#targets tbody td:nth-child(3)').innerText === 'closed'")
    assert (await running.ask(chat("up:m", "another"))).status == 200
    assert page.complaints == []


async def test_the_cache_is_cleared_once_one_is_sure(running: InLoop, page: Page) -> None:
    await opened(page, running)
    assert [row[2] for row in await rows(page, "limits") if row[0] == "cache common"] == ["1 of 1,000"]
    await press(page, "#forget")
    await page.until("document.getElementById('sure').open")
    await press(page, "#no")
    await page.until("!document.getElementById('sure').open")
    assert (await get(running.ops, "/cache")).json["caches"]["common"]["entries"][0] == 1
    await press(page, "#forget")
    await press(page, "#yes")
    await announced(page, "Forgotten: 1.")
    assert (await get(running.ops, "/cache")).json["caches"]["common"]["entries"][0] == 0


async def test_it_drains_once_one_is_sure(running: InLoop, page: Page) -> None:
    await opened(page, running)
    await press(page, "#drain")
    await press(page, "#yes")
    await page.until("document.getElementById('ready').textContent === 'draining'")
    assert (await get(running.ops, "/readyz")).status == 503


async def test_a_reload_that_cannot_be_says_why(running: InLoop, page: Page) -> None:
    await opened(page, running)
    await press(page, "#reload")
    await announced(page, "Refused: there is no configuration file to read anew")
    await page.until("document.getElementById('faults').innerText.includes('no configuration file')")


async def test_the_configuration_is_shown_when_asked_for(running: InLoop, page: Page) -> None:
    await opened(page, running)
    assert await page.text("#fingerprint") == running.sidecar.current.fingerprint
    await page.run("document.querySelector('summary').click()")
    shown = await page.text("#config")
    assert '"base_url": "http://127.0.0.1' in shown
    assert "sk-canary-" not in shown


# ---- over a restart


@pytest.mark.parametrize("later", [False, True])
async def test_it_comes_back_after_a_restart(
    later: bool, provider: Provider, page: Page, tmp_path: Path, unused_tcp_port: int
) -> None:
    """`later`: the new one has run for longer than the old one had when it was last seen."""
    providers, ops = {"up": openai_like(provider.url)}, {"hosts": ["127.0.0.1"], "port": unused_tcp_port}
    async with sidecar(tmp_path, providers, ops=ops) as before:
        await before.ask(chat("nowhere/x"))
        await opened(page, before)
        await page.until("document.querySelector('#failures').innerText.includes('nowhere/x')")
        token = await page.run("setup.token")
    await page.until("document.getElementById('link').textContent === 'connection lost'")
    async with sidecar(tmp_path, providers, ops=ops) as after:
        if later:
            after.sidecar._began -= 3600
        await page.until(f"({LIVE}) && setup.token !== {token!r}")
        await announced(page, "The sidecar was restarted")
        await after.ask(chat("nowhere/else"))
        await after.ask(chat("up:m"))
        await page.until("document.querySelector('#failures').innerText.includes('nowhere/else')")
        assert "nowhere/x" in await page.text("#failures")
        await press(page, "button[aria-label='Open the breaker of up:m']")
        await until(lambda: any(each.breaker.forced for _, _, each in after.sidecar.standings.all()))
