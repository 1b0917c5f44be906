"""Chromium without a window, told what to do by its DevTools protocol: https://chromedevtools.github.io/devtools-protocol/

One process serves a module of tests; each test has a page of its own. Whatever a page complains of on its console is kept.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE = 20.0
#: A name that is not of this machine, though it leads here.
ELSEWHERE = "pod.example"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
)


def chromium() -> str | None:
    return shutil.which("chromium")


@contextmanager
def browser(profile: Path) -> Iterator[int]:
    """Its port. `profile` is an empty folder. It ends with all its children."""
    command = [chromium() or "", *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    home = {"HOME": str(profile), "PATH": os.environ["PATH"]}
    with (profile / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=home, start_new_session=True)
    try:
        yield port_of(profile, process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


def port_of(profile: Path, process: subprocess.Popen[bytes]) -> int:
    """Chromium writes it down once it listens."""
    file, end = profile / "DevToolsActivePort", time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if file.exists() and (lines := file.read_text("ascii").split()):
            return int(lines[0])
        time.sleep(0.02)
    raise TimeoutError((profile / "log").read_text("utf-8", "replace"))


class Refused(Exception):
    """What the browser would not do, or what a script threw."""


class Page:
    """One page. `complaints`: errors and warnings of its console, and exceptions that nobody caught."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._asked = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())
        self._loaded = asyncio.Event()
        self.complaints: list[str] = []

    async def _read(self) -> None:
        async for message in self._socket:
            said = message.json()
            if (answer := self._answers.pop(said.get("id"), None)) is not None and not answer.done():
                answer.set_result(said)
            elif said.get("method") == "Page.loadEventFired":
                self._loaded.set()
            elif said.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(str(said["params"]["exceptionDetails"]))
            elif said.get("method") == "Log.entryAdded":
                self.complaints.append(said["params"]["entry"]["text"])

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Raises Refused, TimeoutError."""
        self._asked += 1
        answer = self._answers[self._asked] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._asked, "method": method, "params": params})
        async with asyncio.timeout(PATIENCE):
            said = await answer
        if "error" in said:
            raise Refused(said["error"])
        found: dict[str, Any] = said["result"]
        return found

    async def open(self, url: str) -> None:
        self._loaded.clear()
        await self.call("Page.navigate", url=url)
        async with asyncio.timeout(PATIENCE):
            await self._loaded.wait()

    async def run(self, script: str) -> Any:
        """What the expression comes to, a promise awaited."""
        said = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in said:
            raise Refused(said["exceptionDetails"])
        return said["result"].get("value")

    async def until(self, script: str, seconds: float = PATIENCE) -> Any:
        """Wait until the expression is true, and give what it comes to; TimeoutError when it does not become so."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := await self.run(script)):  # noqa: ASYNC110 - there is no event to wait for
                    await asyncio.sleep(0.05)
        except TimeoutError:
            text = await self.run("document.body.innerText")
            raise TimeoutError(f"{script}\n{text}\n{self.complaints}") from None
        return found

    async def text(self, selector: str) -> str:
        found: str = await self.run(f"document.querySelector({selector!r}).innerText")
        return found

    async def looks(self, width: int = 1200, height: int = 900, scheme: str = "light", mobile: bool = False) -> None:
        """The size of the window in CSS pixels, and what the person prefers."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.call("Emulation.setEmulatedMedia", features=features)

    async def picture(self) -> bytes:
        """A PNG of what is in the window."""
        return b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    async def close(self) -> None:
        await self._socket.close()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)


@asynccontextmanager
async def new_page(port: int, url: str | None = None) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session:
        async with session.put(f"http://127.0.0.1:{port}/json/new?about:blank") as answer:
            made = await answer.json(content_type=None)
        async with session.ws_connect(made["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            page = Page(socket)
            for domain in ("Page", "Runtime", "Log"):
                await page.call(f"{domain}.enable")
            try:
                if url is not None:
                    await page.open(url)
                yield page
            finally:
                await page.close()
        async with session.get(f"http://127.0.0.1:{port}/json/close/{made['id']}") as answer:
            await answer.read()
