"""Whole injectors in a test, against the fake API, and an API server's side of the webhook: it trusts `caBundle` alone."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from proxy.command_line import parser
from proxy.injector.certificates import Lifetimes
from proxy.injector.cluster import Access, Cluster
from proxy.injector.running import Injector, Pace, now
from proxy.injector.settings import Settings, settings_of
from tests.injector.fake_api import FakeApi
from tests.injector.reviews import pod, response, review

NAME = "outrider.llm.svc"
QUICK = Pace(0.02, 0.02, 0.02, 0.02, 0.05, 0.1, 1.0)
PACKAGED = Path(__file__).parents[2] / "proxy/injector/template.json"


def told(api: FakeApi, *options: str, template: Path = PACKAGED) -> Settings:
    names = ("--namespace", "llm", "--service", "outrider", "--secret", "outrider-tls", "--webhook", "outrider")
    where = ("--hosts", "127.0.0.1", "--port", "0", "--ops-port", "0", "--api", api.url, "--template", str(template))
    return settings_of(parser().parse_args(["injector", *names, *where, *options]), {"POD_NAME": "injector-1"})


@asynccontextmanager
async def running(
    settings: Settings,
    pace: Pace = QUICK,
    lifetimes: Lifetimes | None = None,
    clock: Callable[[], datetime] = now,
) -> AsyncIterator[Injector]:
    stop = asyncio.Event()
    async with Cluster(Access(settings.api), 1.0) as cluster:
        injector = Injector(settings, cluster, pace, lifetimes or Lifetimes(), clock)
        task = asyncio.create_task(injector.run(stop))
        try:
            yield injector
        finally:
            stop.set()
            await asyncio.wait_for(task, 10)


async def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while True:
        if true():
            return
        assert time.monotonic() < end, "it did not come true"
        await asyncio.sleep(0.005)


async def ready(injector: Injector) -> Injector:
    await until(lambda: injector.ports[0] and not injector.not_ready())
    return injector


async def admit(port: int, bundle: str, found: dict[str, Any] | None = None) -> dict[str, Any]:
    """One admission on a connection of its own, of a server that `bundle`, base64, vouches for."""
    context = ssl.create_default_context(cadata=base64.b64decode(bundle).decode())
    url = f"https://127.0.0.1:{port}/mutate?timeout=5s"
    body = review(pod() if found is None else found)
    async with aiohttp.request("POST", url, data=body, ssl=context, server_hostname=NAME) as answer:
        assert answer.status == 200
        return response(await answer.read())


async def asked(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.request("GET", f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()
